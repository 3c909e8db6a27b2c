"""`symbi doctor`: does the machine give a runtime what it needs?"""

import typer

from ..calls import Call, verb
from ..groups import group

doctor_verbs = group()


@verb(doctor_verbs, "doctor")
async def doctor(call: Call) -> None:
    """Check the data directory, disk, clock, keys, NATS, PostgreSQL and Docker. Exit 4 when one fails."""
    import asyncio
    from dataclasses import asdict

    from .. import logs
    from ..checks import CHECKS
    from ..condition import UNHEALTHY
    from ..output import Column
    from ..tables import state

    logs.warnings_only()
    settings = call.settings
    findings = await asyncio.gather(*(check(settings) for check in CHECKS))
    call.out.document({"checks": [asdict(finding) for finding in findings]})
    call.out.table(
        findings,
        [
            Column("Check", lambda finding: finding.name),
            Column("Result", lambda finding: state(finding.result)),
            Column("Detail", lambda finding: finding.detail),
        ],
        none="",
    )
    for finding in findings:
        if finding.advice:
            call.out.show("")
            call.out.item(f"{finding.name}: {finding.advice}", bullet="")
    if any(finding.result == "fail" for finding in findings):
        raise typer.Exit(UNHEALTHY)
