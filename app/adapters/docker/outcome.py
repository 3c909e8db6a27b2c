"""What a run's end means, in the words of the port."""

import signal
from typing import NamedTuple

from events.agent_config import ResourceLimits
from events.task import Usage

from ...errors import SymbiError
from ...ports.executor import MEBIBYTE, Outcome, OutcomeKind
from .errors import REASONS
from .usage import Reading

NOT_EXECUTABLE, NOT_FOUND = 126, 127
SIGNALLED = 128


class Traces(NamedTuple):
    """What a run leaves behind."""

    limits: ResourceLimits
    output: bytes
    output_size: int
    reading: Reading
    wall_seconds: float


def refused(error: SymbiError) -> Outcome:
    """Nothing ran, because of *error*."""
    return Outcome(OutcomeKind.REFUSED, reason=REASONS[type(error)], detail=error.message)


def called_off() -> Outcome:
    """It was cancelled before anything ran."""
    return Outcome(OutcomeKind.CANCELLED, reason="cancelled", detail="It was cancelled before it started.")


def not_started(error: SymbiError) -> Outcome:
    """The engine could not start the program."""
    return Outcome(OutcomeKind.FAILED, reason="not_started", detail=error.message)


def lost(error: SymbiError, traces: Traces) -> Outcome:
    """Nobody knows how it ended."""
    detail = f"The Docker engine lost it while it ran: {error.facts.get('reason', error.message)}"
    return _outcome(OutcomeKind.FAILED, None, "lost", detail, traces)


def stopped(kind: OutcomeKind, exit_code: int | None, traces: Traces) -> Outcome:
    """We ended it: it is `timed_out` or `cancelled`."""
    if kind is OutcomeKind.TIMED_OUT:
        detail = f"It ran longer than the {traces.limits.execution_timeout:g} s that it may, and was stopped."
        return _outcome(kind, exit_code, "timeout", detail, traces)
    return _outcome(kind, exit_code, "cancelled", "It was stopped because it was cancelled.", traces)


def ended(exit_code: int, out_of_memory: bool, traces: Traces) -> Outcome:
    """It ended by itself. A program that coped with a limit, and says so by exit status 0, has completed."""
    limits = traces.limits
    if exit_code == 0:
        return _outcome(OutcomeKind.COMPLETED, 0, "", "", traces)
    if out_of_memory:
        detail = f"memory: it needed more than the {limits.memory_mb} MiB that it may have (memory_mb)"
        return _outcome(OutcomeKind.FAILED, exit_code, "limit", detail, traces)
    if refusals := traces.reading.refused_processes:
        detail = (
            f"processes: {refusals} times it asked for more than the {limits.max_pids} it may have (max_pids)"
        )
        return _outcome(OutcomeKind.FAILED, exit_code, "limit", detail, traces)
    return _outcome(OutcomeKind.FAILED, exit_code, "exit", _in_words(exit_code), traces)


def _outcome(kind: OutcomeKind, exit_code: int | None, reason: str, detail: str, traces: Traces) -> Outcome:
    usage = Usage(
        wall_seconds=round(traces.wall_seconds, 6),
        cpu_seconds=round(traces.reading.cpu_seconds, 6),
        memory_peak_mb=round(traces.reading.memory_peak_bytes / MEBIBYTE, 3),
    )
    return Outcome(kind, exit_code, reason, detail, traces.output, traces.output_size, usage)


def _in_words(exit_code: int) -> str:
    if exit_code in (NOT_EXECUTABLE, NOT_FOUND):
        found = "no such program" if exit_code == NOT_FOUND else "a program that cannot be executed"
        return f"exit status {exit_code}, which mostly means {found}; see the output"
    try:
        return f"exit status {exit_code} ({signal.Signals(exit_code - SIGNALLED).name})"
    except ValueError:
        return f"exit status {exit_code}"
