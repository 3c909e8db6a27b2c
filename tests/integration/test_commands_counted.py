"""Refused commands are recorded in aggregate: who sent how many that were refused why, not one event each."""

import asyncio
from collections import Counter
from pathlib import Path

from events.commands import SignedRequest, SpawnAgent, TerminateAgent
from events.identity import AuthFailed
from tests.support.in_process import CONFIG, SOON_S, InProcess, runtime_in_process

BAD = 500


async def test_five_hundred_refused_commands_make_a_few_events(tmp_path: Path) -> None:
    async with runtime_in_process(tmp_path / "symbi", log__statement_interval_s=0.5) as runtime:
        good = runtime.sign(SpawnAgent(config=CONFIG))
        unsigned = SignedRequest(good.subject, good.payload, "", "")
        unknown = [runtime.sign(TerminateAgent(agent_id="nobody")) for _ in range(BAD // 2)]
        before = await runtime.client.log.last_seq()
        answers = await asyncio.gather(
            *(runtime.ask(command) for command in [*[unsigned] * (BAD // 2), *unknown])
        )
        assert not any(answer.accepted for answer in answers)
        counted, readings = await counts(runtime, before)
    assert counted == {("operator", "Unsigned"): BAD // 2, ("operator", "AgentUnknown"): BAD // 2}
    assert readings <= 10


async def counts(runtime: InProcess, after: int) -> tuple[Counter[tuple[str, str]], int]:
    """Refusals by source and code once all are recorded, and in how many events."""
    counted: Counter[tuple[str, str]] = Counter()
    readings = 0
    async with asyncio.timeout(SOON_S):
        async for item in runtime.client.follow_events(after):
            event = getattr(item, "event", None)
            if isinstance(event, AuthFailed):
                readings += 1
                assert event.example
                assert event.first_at <= event.last_at
                counted.update({(event.source, code): many for code, many in event.refusals.items()})
            if counted.total() == BAD:
                break
    return counted, readings
