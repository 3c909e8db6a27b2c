"""Makes the calls of one run, each announced before and told after; what the log holds is not made again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from app.dsl.run.failures import Failure
from app.dsl.run.json_text import NotAValue, from_json, to_json
from app.dsl.run.steps import Called
from app.dsl.run.values import Secret
from events import strict_json
from events.commands import Command, CompleteToolCall, DenyToolCall, FailToolCall, RequestToolCall
from events.content import ContentRef

from ...domain.rejections import ToolCallClosed
from ...domain.tool import call_id
from ...ports.blobs import Blobs
from ...ports.enforcement import Enforcement
from ...ports.tools import Call, Json, Tool, ToolFailed, Tools
from ..reporting import Reports, RunAbandoned
from .asking import DENIED, refusal, request_of
from .hold import Cancelled, Hold, OutOfTime
from .recorded import Outcome, RecordedCall
from .replies import MAX_RESULT, WORDS, Answered, Failed, Reply, told

JSON = "application/json"

_log = structlog.get_logger(__name__)


class Diverged(Exception):
    """The run asks for something else than what the log says that it asked for."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Policy said no."""

    why: str


@dataclass(frozen=True, slots=True)
class FailedAs:
    """It came to nothing, or nobody knows; the *error* may be what `WORDS` say of the reason."""

    reason: str
    error: Failed | None = None


Made: TypeAlias = Answered | Refused | FailedAs
"""What a call came to, before it is recorded."""


@dataclass(frozen=True, slots=True)
class World:
    """What calls reach."""

    tools: Tools
    enforcement: Enforcement
    blobs: Blobs


class CallMaker:
    """The calls of one run under one assignment, one after the other."""

    def __init__(
        self,
        world: World,
        reports: Reports,
        hold: Hold,
        *,
        tenant: str,
        capabilities: Sequence[str],
        run: int,
        recorded: Sequence[RecordedCall],
        look_up: Callable[[int], Awaitable[Outcome]],
    ) -> None:
        """*recorded* are the calls that the run made before it was interrupted.

        *look_up* reads what came of a call that is closed, by its index, from the log as it is now.
        """
        self._world = world
        self._reports = reports
        self._hold = hold
        self._tenant = tenant
        self._capabilities = frozenset(capabilities)
        self._run = run
        self._recorded = recorded
        self._look_up = look_up
        self._scope = f"task/{reports.assigned.task_id}"

    async def reply(self, called: Called) -> Reply:
        """What the body is told.

        Raises:
            Diverged: this is not the call that is recorded.
            Cancelled, OutOfTime: the run was cut off; the call is closed, unless another run goes on with it.
            RunLeaving: the run makes room; a call that did not end in time is left to the run that goes on.
            RunAbandoned: somebody else has the task.
        """
        tool = self._world.tools.find(called.capability)
        arguments = await self._store(called.request)
        known = self._known(called, arguments)
        if known is not None and known.outcome is not None:
            return await told(known.outcome, self._world.blobs)
        try:
            if known is not None and (tool is None or not tool.idempotent):
                return await self._close(called, FailedAs("unknown"))
            await self._hold.go_on()
            await self._request(called, arguments, again=known is not None)
            # From here on a crash leaves an intent without an outcome: it may have been carried out.
            return await self._carry_out(called, tool)
        except RunAbandoned as error:
            if error.code != ToolCallClosed.__name__:
                raise
            # Whoever had the task before has told meanwhile what came of the call.
            return await told(await self._look_up(called.index), self._world.blobs)

    def _known(self, called: Called, arguments: ContentRef) -> RecordedCall | None:
        """What is recorded of this very call, if anything."""
        if called.index >= len(self._recorded):
            return None
        known = self._recorded[called.index]
        if (known.request.tool, known.request.arguments.digest) != (called.capability, arguments.digest):
            raise Diverged(f"call {called.index} is another {called.capability} than was recorded")
        return known

    async def _request(self, called: Called, arguments: ContentRef, *, again: bool) -> None:
        request = RequestToolCall(
            **self._reports.names,
            index=called.index,
            tool=called.capability,
            arguments=arguments,
            again=again,
        )
        await self._reports.once_running(request, f"call/{called.index}/request")

    async def _carry_out(self, called: Called, tool: Tool | None) -> Reply:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            outcome = await self._hold.during(self._outcome(called, tool))
        except Cancelled:
            if (
                not self._reports.run.elsewhere
            ):  # else the run that goes on with it closes it, or makes it again
                await self._close(called, FailedAs("cancelled"), loop.time() - began)
            raise
        except OutOfTime:
            await self._close(called, FailedAs("timeout"), loop.time() - began)
            raise
        return await self._close(called, outcome, loop.time() - began)

    async def _outcome(self, called: Called, tool: Tool | None) -> Made:
        secrets: list[Secret] = []
        try:
            args = [to_json(value, reveal=secrets.append) for value in called.positional]
            named = {name: to_json(value, reveal=secrets.append) for name, value in called.named.items()}
        except Failure as error:
            return FailedAs("error", Failed(error.kind, error.message))
        question = request_of(
            self._reports.assigned.agent_id,
            self._reports.assigned.task_id,
            self._tenant,
            called.capability,
            tool,
            args,
            named,
            size=len(called.request),
            declared=called.capability in self._capabilities,
        )
        if (why := refusal(await self._world.enforcement.decide(question))) is not None:
            return Refused(why)
        if tool is None:
            missing = f"this runtime has no tool {called.capability}"
            return FailedAs("missing", Failed("ToolMissing", missing))
        if secrets:
            return FailedAs("error", Failed("SecretUnavailable", "this runtime has no vault to take it from"))
        names = self._reports.assigned
        of = call_id(names.task_id, self._run, called.index)
        try:
            result = await tool.call(Call(of, names.agent_id, names.task_id, called.capability, args, named))
        except ToolFailed as error:
            return FailedAs("error", Failed(error.kind, error.message))
        except Exception as error:  # a tool's mistake must not end the worker
            _log.exception("a tool failed unexpectedly", tool=called.capability, call=of)
            return FailedAs("error", Failed("ToolError", f"{called.capability} failed: {error!r:.200}"))
        return _checked(called.capability, result)

    async def _close(self, called: Called, outcome: Made, seconds: float = 0.0) -> Reply:
        """Record what came of the call, and say what the body is told."""
        names = self._reports.names
        of = call_id(names["task_id"], self._run, called.index)
        command: Command
        reply: Reply
        match outcome:
            case Answered(content=content):
                result = await self._store(content)
                command = CompleteToolCall(**names, call_id=of, result=result, duration_seconds=seconds)
                reply = outcome
            case Refused(why=why):
                command = DenyToolCall(**names, call_id=of, reason=why[:4000])
                reply = Failed(DENIED, command.reason)
            case FailedAs(reason=reason, error=error):
                told_as = await self._store(error.to_bytes()) if error is not None else None
                command = FailToolCall(
                    **names, call_id=of, reason=reason, error=told_as, duration_seconds=seconds
                )
                reply = error or WORDS[reason]
        problem = await self._reports.say(command, f"call/{called.index}/outcome")
        if problem is not None:
            raise RunAbandoned(problem.message, problem.code)
        return reply

    async def _store(self, content: bytes) -> ContentRef:
        return await self._world.blobs.put(content, scope=self._scope, media_type=JSON)


def _checked(tool: str, result: Json) -> Answered | FailedAs:
    """The result as it is recorded and told, if it is anything that a body can hold."""
    try:
        from_json(result)
        content = strict_json.dumps(result)
    except (NotAValue, strict_json.NotStrict) as error:
        return FailedAs("error", Failed("ToolError", f"{tool} answered with what is no value: {error}"))
    if len(content) > MAX_RESULT:
        most = f"{len(content)} bytes; at most {MAX_RESULT} are taken"
        return FailedAs("too_large", Failed("TooLarge", f"{tool} answered with {most}"))
    return Answered(content)
