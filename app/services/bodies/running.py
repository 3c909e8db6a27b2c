"""Runs bodies: thousands at once in one event loop, and each as the log can tell it again."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import thread_time
from typing import Any, TypeAlias

from app.dsl.run import (
    Called,
    Failure,
    Finished,
    Limits,
    Step,
    Stopped,
    WrongInputs,
    Yielded,
    from_json,
    to_json,
)
from app.dsl.run import Run as Interpreted
from app.dsl.run.failures import LimitReached
from events import strict_json
from events.agent_config import ResourceLimits
from events.commands import CompleteTask, FailTask, TimeOutTask, YieldTask
from events.task import BodyWork, TaskAssigned, TaskSubmitted, Usage

from ...errors import SymbiError
from ...ports.blobs import Blobs
from ...ports.event_log import EventLog
from ..definitions import Body, Definitions
from ..reporting import Reports, Run, RunAbandoned, RunLeaving
from ..verification import Verifier
from .calling import JSON, CallMaker, Diverged, World
from .hold import Cancelled, Hold, OutOfTime
from .recorded import Outcome, recorded_task
from .replies import Answered, Reply
from .turns import Turns

SLICE = 2_000
"""Steps that a body takes before others have their turn: some milliseconds."""

LARGE = 64 * 1024
"""Bytes of JSON that are worth a thread of their own to read."""

MEBIBYTE = 1024 * 1024
SANDBOX = "interpreter"
"""What `task.started` says of a body: it has no authority that a sandbox could take away."""

End: TypeAlias = Finished | Stopped


class Bodies:
    """Carries out the tasks of one worker whose work is a body."""

    def __init__(
        self,
        *,
        definitions: Definitions,
        world: World,
        log: EventLog,
        verifier: Verifier,
        memory_mb: int,
    ) -> None:
        """*memory_mb* is the most that one body may use, whatever its agent is allowed."""
        self._definitions = definitions
        self._world = world
        self._log = log
        self._verifier = verifier
        self._memory_mb = memory_mb
        self._turns = Turns()

    async def carry_out(
        self, submitted: TaskSubmitted, assigned: TaskAssigned, seq: int, run: Run, reports: Reports
    ) -> None:
        """Run the body from its beginning, or on from where an interrupted worker left it.

        *seq* is the position of the assignment.

        Raises:
            RunAbandoned: somebody else has the task, or nobody wants it any more.
            RunLeaving: it was to make room before it had begun.
            SymbiError: what it needs cannot be had.
        """
        work = submitted.work
        assert isinstance(work, BodyWork)
        body = await self._definitions.body(work)
        inputs = await inputs_of(work, self._world.blobs)
        recorded = None
        if assigned.assignment > 1:
            recorded = await recorded_task(
                self._log, self._verifier, assigned.agent_id, assigned.task_id, upto=seq
            )
        await reports.start(SANDBOX)
        hold = Hold(run, submitted.limits.execution_timeout)
        calls = CallMaker(
            self._world,
            reports,
            hold,
            tenant=submitted.tenant,
            capabilities=body.config.capabilities,
            run=recorded.task.run if recorded else 1,
            recorded=recorded.calls if recorded else (),
            look_up=partial(self._outcome, assigned),
        )
        await self._to_its_end(body, inputs, submitted, calls, hold, reports)

    async def _outcome(self, assigned: TaskAssigned, index: int) -> Outcome:
        """What came of a call of the task's newest run, as the log has it now."""
        upto = await self._log.last_seq()
        recorded = await recorded_task(
            self._log, self._verifier, assigned.agent_id, assigned.task_id, upto=upto
        )
        outcome = recorded.calls[index].outcome if recorded and index < len(recorded.calls) else None
        if outcome is None:
            raise RunAbandoned(f"call {index} is of another run by now")
        return outcome

    async def _to_its_end(
        self,
        body: Body,
        inputs: dict[str, Any],
        submitted: TaskSubmitted,
        calls: CallMaker,
        hold: Hold,
        reports: Reports,
    ) -> None:
        spent = [0.0]
        limits = limits_of(submitted.limits, self._memory_mb)

        async def go(interpreted: Interpreted) -> Step:
            await hold.go_on()
            return await self._turns.take(partial(_timed, partial(interpreted.go, SLICE), spent))

        def used() -> Usage:
            return Usage(wall_seconds=hold.used, cpu_seconds=spent[0])

        names = reports.names
        try:
            end = await interpret(body, inputs, limits, go, calls.reply)
        except Cancelled:
            return  # the event that took the task away has closed it
        except RunLeaving:
            await reports.end(YieldTask(**names, usage=used()))
            return
        except OutOfTime:
            await reports.end(TimeOutTask(**names, after_seconds=hold.used, usage=used()))
            return
        except Diverged as error:
            await reports.end(FailTask(**names, reason="diverged", detail=str(error), usage=used()))
            return
        except SymbiError as error:  # content that is gone, or a neighbour that is down
            detail = error.message[:4000]
            await reports.end(FailTask(**names, reason="interrupted", detail=detail, usage=used()))
            return
        outcome = result_of(body, end)
        if isinstance(outcome, bytes):
            scope = f"task/{submitted.task_id}"
            output = await self._world.blobs.put(outcome, scope=scope, media_type=JSON)
            await reports.end(CompleteTask(**names, output=output, usage=used()))
        else:
            reason, detail = outcome
            await reports.end(FailTask(**names, reason=reason, detail=detail[:4000], usage=used()))


async def interpret(
    body: Body,
    inputs: dict[str, Any],
    limits: Limits,
    go: Callable[[Interpreted], Any],
    reply: Callable[[Called], Any],
) -> End:
    """Run *body* to its end: *go* lets it go on for a turn, *reply* says what it is told about a call."""
    try:
        interpreted = Interpreted(body.compiled, inputs, limits)
        while True:
            step: Step = await go(interpreted)
            match step:
                case Finished() | Stopped():
                    return step
                case Called():
                    await _tell(interpreted, await reply(step))
                case Yielded():
                    pass
    except WrongInputs as error:
        return Stopped("error", "WrongInputs", str(error), body.compiled.body.span)
    except LimitReached as error:  # by what came from outside
        return Stopped("limit", error.resource, error.message, body.compiled.body.span)


async def _tell(interpreted: Interpreted, reply: Reply) -> None:
    if isinstance(reply, Answered):
        read = partial(_value_of, reply.content)
        interpreted.answer(await asyncio.to_thread(read) if len(reply.content) > LARGE else read())
    else:
        interpreted.fail(reply.kind, reply.message)


def _value_of(content: bytes) -> Any:
    return from_json(strict_json.loads(content, max_bytes=len(content)))


def _timed(compute: Callable[[], Step], spent: list[float]) -> Step:
    began = thread_time()
    try:
        return compute()
    finally:
        spent[0] += thread_time() - began


async def inputs_of(work: BodyWork, blobs: Blobs) -> dict[str, Any]:
    """What a body is given, as parsed JSON by the name of the input.

    Raises:
        BlobMissing, BlobErased, BlobCorrupt: it is gone.
    """
    inputs = dict(work.given)
    if work.inputs is not None:
        content = await blobs.get(work.inputs)
        given = strict_json.loads(content, max_bytes=len(content))
        with suppress(TypeError, ValueError):  # what is no object was refused when it was submitted
            inputs |= given
    return inputs


def limits_of(limits: ResourceLimits, most_mb: int) -> Limits:
    """The interpreter's limits: less memory than its own only where the task or the worker has less."""
    return Limits(memory=min(limits.memory_mb, most_mb) * MEBIBYTE)


def result_of(body: Body, end: End) -> bytes | tuple[str, str]:
    """The output of a run that ended well; else why it failed: a short code, and a text with the place."""
    if isinstance(end, Stopped):
        return end.code, f"{end.kind}: {end.message}\n{body.place(end.span)}"
    try:
        return strict_json.dumps(to_json(end.value))
    except (Failure, strict_json.NotStrict) as error:
        return "error", f"the result cannot be told: {error}\n{body.place(body.compiled.body.span)}"
