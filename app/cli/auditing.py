"""What the verbs for auditors read, and how a verification is shown."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from events.signing import key_id

from ..audit.notes import TrustPolicy
from ..audit.verify.problems import Problem
from ..audit.verify.report import Report, Verdict
from ..audit.verify.trust import Trust
from ..errors import Invalid
from .output import Column, Output, printable
from .witnessing import read_policy

if TYPE_CHECKING:
    from ..services.verifying.bundle import Progress


class EvidenceUnreadable(Invalid):
    """{path} cannot be read: {reason}."""


class NotAKey(Invalid):
    """{text!r} is no key: it is ed25519: and 32 hex digits, or a public key in base64."""


def trust_of(
    root: str | None,
    policy: Path | None,
    checkpoints: list[Path],
    statements: Path | None,
    tsa_roots: list[Path],
) -> Trust:
    """What the auditor brings along. Raises `Invalid` where it cannot be read."""
    pinned: TrustPolicy | None = read_policy(policy) if policy is not None else None
    files = sorted(statements.glob("*.jsonl")) if statements is not None else []
    return Trust(
        root=_key(root) if root is not None else None,
        policy=pinned,
        checkpoints={str(path): read(path) for path in checkpoints},
        statements={path.name: read(path) for path in files},
        tsa_roots=[read(path) for path in tsa_roots],
    )


def read(path: Path) -> bytes:
    """What a file of the auditor's holds. Raises `EvidenceUnreadable`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvidenceUnreadable(path=path, reason=error.strerror) from None


def _key(text: str) -> str:
    head, _, digits = text.partition(":")
    if head == "ed25519" and len(digits) == 32 and set(digits) <= set("0123456789abcdef"):
        return text
    try:
        public = base64.b64decode(text, validate=True)
    except ValueError:
        public = b""
    if len(public) != 32:
        raise NotAKey(text=text)
    return key_id(public)


PROBLEMS = (
    Column("position", lambda problem: _where(problem), right=True),
    Column("code", lambda problem: problem.code.value),
    Column("what is wrong", lambda problem: printable(problem.detail)),
)

_SHOWN = 50
_STYLE = {Verdict.VALID: "green", Verdict.BROKEN: "red", Verdict.INCOMPLETE: "yellow"}


def show(report: Report, out: Output) -> None:
    """Tell what a verification found."""
    out.document(report.document())
    subject = report.subject
    whose = f" of agent {subject['agent']}" if subject.get("agent") else ""
    verdict = report.verdict
    out.say(
        f"[bold {_STYLE[verdict]}]{verdict.value}[/]: events {subject['first']:,} to {subject['last']:,}"
        f"{whose}, log {printable(str(subject['origin']))}, {report.took_s:.1f} s"
    )
    out.facts({f"{name} checked": f"{count:,}" for name, count in report.checked.items() if count})
    pinned = [f"{kind}: {whose}" for kind, whose in report.trust.items()]
    out.facts({"keys taken from": ", ".join(pinned)})
    for one in report.unchecked:
        out.item(f"not checked{'' if one.needed else ' (not needed)'}: {one.check}, {one.why}")
    for doubt in report.doubts:
        out.item(
            f"to be looked at: {doubt.count:,} events from {doubt.first} to {doubt.last} under "
            f"{doubt.key_id}, which somebody else may have had"
        )
    for tail in report.tails:
        out.item(f"tail_unproven: {tail.count:,} events under {tail.key_id} from {tail.first} on; no error")
    shown = list(report.problems.in_order())
    if shown:
        out.table(shown[:_SHOWN], PROBLEMS, none="")
        counts = ", ".join(
            f"{code.value} {count:,}" for code, count in sorted(report.problems.counts.items())
        )
        out.say(f"[red]In all: {counts}.[/]")


def _where(problem: Problem) -> str:
    if not problem.seq:
        return "–"
    return f"{problem.seq:,}" if problem.last in (None, problem.seq) else f"{problem.seq:,}–{problem.last:,}"


@contextmanager
def progress(out: Output) -> "Iterator[Progress | None]":
    """A bar on stderr with the rate and the time that is left, where people look; None elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if out.json or not console.is_terminal:
        yield None
        return
    columns: list[Any] = [BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}")]
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("verify", total=None, rate="")
        began = time.perf_counter()

        def tell(done: int, total: int) -> None:
            rate = f"{done / max(time.perf_counter() - began, 1e-9):,.0f} events/s"
            bar.update(task, completed=done, total=total, rate=rate)

        yield tell
