"""The gateway: answers commands, each with what it caused or why not, and never with a stack trace."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from uuid import uuid4

import structlog

from events.commands import Answer, Request, SignedRequest
from events.identity import AuthFailed
from events.signing import SigningKey

from ..errors import Conflict, SymbiError, Unavailable
from ..ports.answers import AnswerStore, StoredAnswer
from ..ports.clock import Clock
from ..ports.event_log import EventLog
from .answers import AnswerWriter, Refusals, accepted, refused
from .authentication import Authentic, Authenticator, FromTheFuture, Stale, check_age
from .handle import CommandIdReused, CommandLoop
from .refusal_counts import RefusalCounts
from .stamping import Cause, Place, Stamp, Stamped
from .statements import Statements
from .world import Done

SCREENED_FROM = 8
"""Fewer commands are verified where they are; handing them to a thread costs more."""

_log = structlog.get_logger(__name__)


class InternalError(Unavailable):
    """Something unexpected went wrong ({kind}); the runtime's log has the details under {reference}."""


class Overloaded(Unavailable):
    """{waiting} commands are being decided already; send the same request again in a moment."""


class Gateway:
    """One place through which every command of a process passes."""

    def __init__(
        self,
        *,
        loop: CommandLoop,
        authenticator: Authenticator,
        store: AnswerStore,
        writer: AnswerWriter,
        log: EventLog,
        stamp: Stamp,
        key: SigningKey,
        clock: Clock,
        statements: Statements,
        max_skew_s: float,
        threads: Executor | None = None,
        max_waiting: int = 20_000,
    ) -> None:
        """Signatures are verified in *threads* when many commands arrive together."""
        self._threads = threads
        self._loop = loop
        self._authenticator = authenticator
        self._store = store
        self._writer = writer
        self._log = log
        self._stamp = stamp
        self._key = key
        self._clock = clock
        self._statements = statements
        self._max_skew_s = max_skew_s
        self._max_waiting = max_waiting
        # A command is stale `max_skew_s` after the time it carries, which may lie as far ahead.
        self._horizon_ns = int((2 * max_skew_s + 10) * 1e9)
        self.refusals = Refusals(self._horizon_ns)
        self._counts = RefusalCounts()
        self._unrecorded: list[Stamped] = []
        self._waiting = 0
        self._nobody_waits = asyncio.Event()
        self._nobody_waits.set()
        self._under_way: dict[str, asyncio.Event] = {}

    async def screen(self, batch: Sequence[SignedRequest]) -> list[bool]:
        """Which of *batch* are well signed, looked at beside the event loop where they are many.

        One that is not is merely not known to be: `answer` looks again, and says why.
        """
        if self._threads is None or len(batch) < SCREENED_FROM:
            return [False] * len(batch)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._authenticator.well_signed, batch)

    def turn_away(self, signed: SignedRequest) -> Answer:
        """The answer to a command that there is no room for now; it is not looked at."""
        return self._refuse(signed, None, Overloaded(waiting=self._waiting))

    async def answer(self, signed: SignedRequest, *, verified: bool = False) -> Answer:
        """The answer to a command; *verified* when this process has signed it, or `screen` found it good."""
        request: Request | None = None
        self._waiting += 1
        self._nobody_waits.clear()
        try:
            if self._waiting > self._max_waiting:
                raise Overloaded(waiting=self._max_waiting)
            authentic = self._authenticator.check(signed, verified=verified)
            request = authentic.request
            return await self._one_at_a_time(signed, authentic)
        except SymbiError as error:
            return self._refuse(signed, request, error)
        except Exception as error:
            reference = uuid4().hex[:12]
            _log.exception("a command failed unexpectedly", reference=reference, subject=signed.subject)
            return refused(
                request.id if request else None,
                InternalError(kind=type(error).__name__, reference=reference),
            )
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._nobody_waits.set()

    async def _one_at_a_time(self, signed: SignedRequest, authentic: Authentic) -> Answer:
        """Copies of a command wait until the first has its answer, which is then theirs."""
        command_id = authentic.request.id
        while (earlier := self._under_way.get(command_id)) is not None:
            await earlier.wait()
        answered = self._under_way[command_id] = asyncio.Event()
        try:
            return await self._first_answer(signed, authentic)
        finally:
            del self._under_way[command_id]
            answered.set()

    async def idle(self) -> None:
        """Return when no command waits for its answer."""
        await self._nobody_waits.wait()

    async def _first_answer(self, signed: SignedRequest, authentic: Authentic) -> Answer:
        request, digest = authentic.request, signed.digest
        if (known := await self._known(request, digest, authentic.made_ns)) is not None:
            return known
        self._writer.check_room()
        cause = Cause.of(
            request, self._loop.world.actor(request.principal), digest, signed.key, signed.signature
        )
        done = await self._loop.handle(request, authentic.command, cause, digest, signed.key)
        answer = accepted(request.id, done)
        self._keep(signed, request, answer, done)
        return answer

    async def _known(self, request: Request, digest: str, made_ns: int) -> Answer | None:
        """The first answer to this id, if it was seen before; a stale id that was not is refused."""
        if (done := self._loop.world.done.get(request.id)) is not None:
            _same_bytes(done.digest, digest, request.id)
            return accepted(request.id, done)
        if (was_refused := self.refusals.find(request.id)) is not None:
            _same_bytes(was_refused[0], digest, request.id)
            return was_refused[1]
        try:
            check_age(made_ns, self._clock.now_ns(), self._max_skew_s)
        except Stale:
            if (stored := await self._store.find(request.id)) is not None:
                _same_bytes(stored.digest, digest, request.id)
                return Answer.model_validate_json(stored.answer)
            raise
        return None

    def _refuse(self, signed: SignedRequest, request: Request | None, error: SymbiError) -> Answer:
        answer = refused(request.id if request else None, error)
        source = signed.subject.split(".")[2] if signed.subject.count(".") >= 2 else ""
        now = self._clock.now_ns()
        self._counts.count(source, error.code, error.message, now)
        # What says nothing about this command's own fate is not its first answer.
        passing = isinstance(error, Unavailable | Conflict | CommandIdReused | Stale | FromTheFuture)
        if request is not None and not passing:
            self.refusals.remember(request.id, signed.digest, now, answer)
            self._keep(signed, request, answer, None)
        return answer

    def _keep(self, signed: SignedRequest, request: Request, answer: Answer, done: Done | None) -> None:
        self._writer.write(
            StoredAnswer(
                command_id=request.id,
                digest=signed.digest,
                principal=request.principal,
                received_at_ns=self._clock.now_ns(),
                seq=done.events[-1].seq if done and done.events else None,
                answer=answer.to_bytes(),
                request=signed.payload,
            )
        )

    async def recall(self) -> None:
        """Take up what was answered shortly before this start."""
        now = self._clock.now_ns()
        for stored in await self._store.since(now - self._horizon_ns):
            if stored.seq is None:
                answer = Answer.model_validate_json(stored.answer)
                self.refusals.remember(stored.command_id, stored.digest, stored.received_at_ns, answer)
            elif stored.command_id not in self._loop.world.done:
                answer = Answer.model_validate_json(stored.answer)
                done = Done(stored.digest, tuple(answer.events), answer.result, stored.received_at_ns)
                self._loop.world.did(stored.command_id, done)

    async def record_refusals(self) -> None:
        """Append what was refused since the last call, one reading per source."""
        self._unrecorded += map(self._reading, self._counts.collect())
        while self._unrecorded:
            # The same bytes again where the word of the last attempt was lost: nothing is counted twice.
            draft = self._unrecorded[0].draft
            (seq,) = await self._log.append([draft])
            # The state is left to the feed, which brings the reading in its order among identity decisions.
            self._statements.acknowledged(draft, seq)
            del self._unrecorded[0]

    def _reading(self, event: AuthFailed) -> Stamped:
        event_id = str(uuid4())
        return self._stamp.stamp(
            event,
            Place("identity", event.source),
            Cause(actor="component/gateway", correlation_id=event_id),
            event_id=event_id,
            revision=None,
            time_ns=self._clock.now_ns(),
            key=self._key,
        )

    async def every_second(self, interval_s: float) -> None:
        """Record refusals and state acknowledgements, for ever."""
        while True:
            await asyncio.sleep(interval_s)
            try:
                await self.record_refusals()
                await self._statements.state()
                self._loop.world.forget(self._clock.now_ns() - self._horizon_ns)
            except Unavailable as error:
                _log.warning("the log does not take readings now", error=str(error))

    async def forget_answers(self, horizon_hours: float) -> None:
        """Drop stored answers that are past the horizon, now and every hour, for ever."""
        while True:
            try:
                await self._store.prune(self._clock.now_ns() - int(horizon_hours * 3600e9))
            except Unavailable as error:
                _log.warning("old answers are not dropped now", error=str(error))
            await asyncio.sleep(3600)


def _same_bytes(known: str, given: str, command_id: str) -> None:
    if known != given:
        raise CommandIdReused(command_id=command_id)
