"""The one loop through which commands become events."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from events import identifiers
from events.base import Event
from events.commands import (
    AgentCommand,
    ApprovalCommand,
    NodeCommand,
    RecordedEvent,
    RecordViolation,
    RegisterPolicy,
    Request,
    SpawnAgent,
)
from events.commands.policy import ToBundles
from events.commands.task import TaskCommand
from events.commands.tool import ToolCommand
from events.identifiers import boundary
from events.signing import SigningKey

from ..domain.agent import AGENT, Agent
from ..domain.approval import APPROVAL
from ..domain.decider import Context
from ..domain.definition import Checked
from ..domain.identity import IDENTITY, Identity
from ..domain.node import NODE, Node
from ..domain.policy import POLICY
from ..domain.task import TASK
from ..domain.tool import TOOL
from ..domain.violation import violate
from ..errors import Conflict, Denied, Rejected, Unavailable
from ..policy.bundle.admitting import admit
from ..policy.roles import Asked, authorize
from ..ports.clock import Clock
from ..ports.event_log import Draft, EventLog, Expectation, WrongRevision
from .authentication import UnknownKey
from .preparing import Prepares, takes_time
from .stamping import Cause, Place, Stamp
from .verification import Verifier
from .world import AnyCommand, Done, World, place_of, place_of_event, result_of

MAX_RACES = 32
"""How often a decision is made again because another writer was first."""


class CommandIdReused(Rejected):
    """The command id {command_id} was used before, for another command; a new command needs a new id."""


class OwnKeyRevoked(Unavailable):
    """This gateway's own event key {key} was revoked: give it its new key and start it again."""


class LostEveryRace(Conflict):
    """{tries} other writers in a row changed {boundary} first; send the same request again."""


class Acknowledged(Protocol):
    """Is told what the broker acknowledged to which key."""

    def acknowledged(self, draft: Draft, seq: int) -> None: ...


@dataclass(slots=True)
class _Lock:
    lock: asyncio.Lock
    waiting: int = 0


class CommandLoop:
    """Fold, ask, decide, append at the expected position, and again when someone else wrote first."""

    def __init__(
        self,
        *,
        log: EventLog,
        world: World,
        verifier: Verifier,
        stamp: Stamp,
        key: SigningKey,
        clock: Clock,
        statements: Acknowledged,
        max_agents: int,
        task_image: str = "",
        prepares: Prepares | None = None,
    ) -> None:
        """*task_image* is the container image of programs that name none.

        Without *prepares*, no definition is taken.
        """
        self._log = log
        self.world = world
        self._verifier = verifier
        self._stamp = stamp
        self._key = key
        self._clock = clock
        self._statements = statements
        self._max_agents = max_agents
        self._task_image = task_image
        self._prepares = prepares
        self._locks: dict[str, _Lock] = {}
        self._uncertain: set[str] = set()
        self._spawning: set[str] = set()
        """Commands whose agents are being recorded and do not count as alive yet."""

    async def handle(
        self, request: Request, command: AnyCommand, cause: Cause, digest: str, key: str
    ) -> Done:
        """Carry out *command*, or return what it did when it was carried out before.

        Raises:
            Rejected, Invalid: the command is not allowed in the current state.
            Denied: the principal's roles do not allow it.
            Conflict: others were faster, again and again; nothing was recorded.
            Unavailable: the log does not answer; whether the command was carried out is unknown.
        """
        place = place_of(command, request.id)
        of = boundary(place.agent, place.aggregate, place.aggregate_id)
        async with self._alone(of):
            if of in self._uncertain:
                await self._refresh(of)
                self._uncertain.discard(of)
            for _ in range(MAX_RACES):
                if (done := self.world.done.get(request.id)) is not None:
                    return _same(done, digest, request.id)
                try:
                    definition = await self._prepare(request, command, place, key)
                    events = self._decide(request, command, place, key, definition)
                except (Rejected, Denied):
                    if not await self._is_behind(of, request.principal):
                        raise
                    continue
                try:
                    with self._reserved(request.id, command):
                        told = {"remarks": [*definition.remarks]} if definition and definition.remarks else {}
                        return await self._append(events, place, of, request, cause, digest, told)
                except WrongRevision:
                    await self._refresh(of)
                except Unavailable:
                    # Perhaps stored, perhaps not: look before the next decision in this boundary.
                    self._uncertain.add(of)
                    raise
            raise LostEveryRace(tries=MAX_RACES, boundary=of)

    def _permit(self, request: Request, command: AnyCommand, place: Place, key: str) -> None:
        world = self.world
        if world.keyring.valid_now(key) is None:  # revoked while the command waited for its turn
            raise UnknownKey(key=key, principal=request.principal)
        if world.keyring.valid_now(self._key.key_id) is None:
            raise OwnKeyRevoked(key=self._key.key_id)
        agent = world.agents.get(place.agent) if place.agent else None
        actor = world.actor(request.principal)
        authorize(
            world.roles(request.principal),
            Asked(request.principal, command, agent.owner if agent else None, actor),
        )

    async def _prepare(self, request: Request, command: AnyCommand, place: Place, key: str) -> Checked | None:
        """What takes time to find out; nobody else decides about the agent meanwhile."""
        if isinstance(command, RegisterPolicy):
            self._permit(request, command, place, key)
            await asyncio.to_thread(admit, command.bundle, command.digest)
            return None
        if self._prepares is None or not takes_time(command):
            return None
        self._permit(request, command, place, key)  # nothing is read for who may not ask
        return await self._prepares.prepare(command, self.world.agents.get(place.agent or ""))

    def _decide(
        self, request: Request, command: AnyCommand, place: Place, key: str, definition: Checked | None
    ) -> Sequence[Event]:
        self._permit(request, command, place, key)
        world = self.world
        agent = world.agents.get(place.agent) if place.agent else None
        context = Context(
            command_id=request.id,
            actor=world.actor(request.principal),
            tenant=request.tenant,
            now_ns=self._clock.now_ns(),
            max_agents=self._max_agents,
            live_agents=world.live_agents + len(self._spawning - {request.id}),
            known_keys=world.keyring,
            definition=definition,
            task_image=self._task_image,
            deciding_keys=frozenset({self._key.key_id}),
            other_operators=world.other_operators(place.aggregate_id) if place.aggregate == "identity" else 0,
        )
        if isinstance(command, AgentCommand):
            return AGENT.decide(agent or Agent(), command, context)
        if isinstance(command, TaskCommand):
            task_id = place.aggregate_id
            return TASK.decide(world.placed(command.agent_id, task_id), command, context)
        if isinstance(command, ToolCommand):
            return TOOL.decide(world.calling(command.agent_id, command.task_id), command, context)
        if isinstance(command, NodeCommand):
            return NODE.decide(world.nodes.get(command.node_id) or Node(), command, context)
        if isinstance(command, ToBundles):
            return POLICY.decide(world.governing.policy_set(command.policy_id), command, context)
        if isinstance(command, RecordViolation):
            return violate(agent or Agent(), command)
        if isinstance(command, ApprovalCommand):
            approval = world.governing.approval(place.aggregate_id)
            return APPROVAL.decide(approval, command, context)
        return IDENTITY.decide(world.identities.get(command.identity_id) or Identity(), command, context)

    async def _append(
        self,
        events: Sequence[Event],
        place: Place,
        of: str,
        request: Request,
        cause: Cause,
        digest: str,
        told: Mapping[str, Any],
    ) -> Done:
        cursor = self.world.cursor(of)
        now = self._clock.now_ns()
        revision = cursor.revision
        stamped = [
            self._stamp.stamp(
                event,
                place_of_event(event, place),
                cause,
                event_id=identifiers.event_id(request.id, index),
                revision=revision + index + 1,
                time_ns=now,
                key=self._key,
            )
            for index, event in enumerate(events)
        ]
        drafts = [one.draft for one in stamped]
        for one in stamped:  # before the append: the log may bring it back sooner than the acknowledgement
            self._verifier.expect(one)
        # From here on a crash leaves either nothing or every event of the decision; a retry of the
        # command finds out which, because event ids derive from the command's.
        seqs = await self._log.append(drafts, Expectation(of, cursor.last_seq)) if drafts else []
        result: dict[str, Any] = {**told}
        recorded = []
        for index, (event, one, seq) in enumerate(zip(events, stamped, seqs, strict=True)):
            self.world.wrote(of, seq, place.agent, event, revision + index + 1)
            self._statements.acknowledged(one.draft, seq)
            recorded.append(
                RecordedEvent.model_construct(id=one.draft.event_id, type=event.wire_type(), seq=seq)
            )
            result |= result_of(event)
        done = Done(digest, tuple(recorded), result, now)
        self.world.did(request.id, done)
        return done

    async def _is_behind(self, of: str, principal: str) -> bool:
        """Whether a refusal rested on less than the log holds: nothing guards it as an expectation would."""
        boundaries = (of, boundary(None, "identity", principal))
        known = {each: self.world.cursor(each).last_seq for each in boundaries}
        for each in known:
            await self._refresh(each)
        return any(self.world.cursor(each).last_seq > seq for each, seq in known.items())

    async def _refresh(self, of: str) -> None:
        """Fold what others wrote inside a boundary since this process last looked."""
        known = self.world.cursor(of)
        verifier = self._verifier.fresh({of: known.revision})
        batch = [raw async for raw in self._log.read(of, after=known.last_seq)]
        for item in await verifier.check(batch):
            self.world.fold(item)

    @contextmanager
    def _reserved(self, command_id: str, command: AnyCommand) -> Iterator[None]:
        """Count an agent that is being spawned: concurrent spawns must not exceed the limit together."""
        if isinstance(command, SpawnAgent):
            self._spawning.add(command_id)
        try:
            yield
        finally:
            self._spawning.discard(command_id)

    @asynccontextmanager
    async def _alone(self, of: str) -> AsyncIterator[None]:
        """One decision at a time inside a boundary; other boundaries go on."""
        held = self._locks.get(of)
        if held is None:
            held = self._locks[of] = _Lock(asyncio.Lock())
        held.waiting += 1
        try:
            async with held.lock:
                yield
        finally:
            held.waiting -= 1
            if held.waiting == 0:
                del self._locks[of]


def _same(done: Done, digest: str, command_id: str) -> Done:
    if done.digest != digest:
        raise CommandIdReused(command_id=command_id)
    return done
