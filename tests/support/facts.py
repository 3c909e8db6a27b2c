"""Histories made by hand: facts as a verifier would hand them on, in the order of the log."""

import uuid
from collections import Counter
from collections.abc import Sequence

from events import clock, identifiers
from events.agent import AgentReadied, AgentRegistered, AgentSpawned
from events.agent_config import AgentConfig, ResourceLimits
from events.base import OF_AGENTS, OF_EITHER, Event
from events.codec import Fact, Raw
from events.envelope import Envelope
from events.task import CommandWork, TaskAssigned, TaskCompleted, TaskStarted, TaskSubmitted

BEGAN = 1_790_000_000_000_000_000
"""Nanoseconds since the epoch; each event comes a millisecond after the one before."""
KEY = "ed25519:" + "0" * 32
DIGEST = "sha256:" + "1" * 64
_IDS = uuid.UUID("11111111-2222-4333-8444-555555555555")


class History:
    """Facts in the making: numbered, timed and put into envelopes as they are added."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self._revisions: Counter[str] = Counter()

    @property
    def head(self) -> int:
        """The position of the newest fact."""
        return len(self.facts)

    def add(
        self,
        *events: Event,
        agent: str | None = None,
        tenant: str = "default",
        actor: str = "human/alice",
        correlation_id: str = "c1",
    ) -> Fact:
        """Append *events*; returns the fact of the last. Events of tasks need their *agent*."""
        for event in events:
            self.facts.append(self._fact(event, agent, tenant, actor, correlation_id))
        return self.facts[-1]

    def spawn(self, agent: str, **config: object) -> Fact:
        """An agent is registered, spawned and readied."""
        settings = AgentConfig.model_validate({"name": agent, **config})
        return self.add(
            AgentRegistered(agent_id=agent, title=agent, definition_digest=DIGEST, owner="human/alice"),
            AgentSpawned(agent_id=agent, definition_digest=DIGEST),
            AgentReadied(agent_id=agent, config=settings),
        )

    def submit(self, agent: str, task: str, **details: object) -> Fact:
        """A task is queued."""
        work = CommandWork(argv=["true"], image="busybox")
        given = {"work": work, "limits": ResourceLimits(), **details}
        return self.add(
            TaskSubmitted.model_validate({"task_id": task, "agent_id": agent, **given}), agent=agent
        )

    def assign(self, agent: str, task: str, node: str = "n1", number: int = 1, attempt: int = 1) -> Fact:
        """A task is given to a node."""
        return self.add(
            TaskAssigned(task_id=task, agent_id=agent, node_id=node, assignment=number, attempt=attempt),
            agent=agent,
        )

    def start(self, agent: str, task: str, node: str = "n1", number: int = 1) -> Fact:
        """A task is given to a node, which begins to run it."""
        self.assign(agent, task, node, number)
        return self.add(TaskStarted(task_id=task, node_id=node, assignment=number), agent=agent)

    def run(self, agent: str, task: str, node: str = "n1") -> Fact:
        """A task goes from its submission to its good end."""
        self.submit(agent, task)
        self.start(agent, task, node)
        return self.add(TaskCompleted(task_id=task, assignment=1, exit_code=0), agent=agent)

    def _fact(self, event: Event, agent: str | None, tenant: str, actor: str, correlation_id: str) -> Fact:
        about = event.about()
        assert about is not None, f"{event.name} names no aggregate"
        if event.aggregate in OF_AGENTS:
            agent = agent or getattr(event, "agent_id", None)
            assert agent is not None, f"{event.name} belongs to an agent"
        else:
            agent = event.__dict__.get("agent_id") if event.aggregate in OF_EITHER else None
        seq = self.head + 1
        of = identifiers.boundary(agent, event.aggregate, about)
        if not event.asserts_nothing:
            self._revisions[of] += 1
        envelope = Envelope(
            id=str(uuid.uuid5(_IDS, str(seq))),
            source="symbi/test/facts",
            type=event.wire_type(),
            subject=f"{event.aggregate}/{about}",
            time=clock.to_wire(BEGAN + seq * 1_000_000),
            tenant=tenant,
            agent=agent,
            revision=None if event.asserts_nothing else self._revisions[of],
            actor=actor,
            actorkey=KEY,
            correlationid=correlation_id,
            nonce="A" * 22 + "==",
            data=event.model_dump(mode="json", exclude_none=True),
        )
        stored_at = BEGAN + seq * 1_000_000 + 500_000
        subject = envelope.nats_subject(event)
        raw = Raw(seq, stored_at, subject, envelope.to_bytes(), "c2lnbmF0dXJl", KEY)
        return Fact(seq, stored_at, envelope, event, raw)


def batches(facts: Sequence[Fact], size: int) -> list[Sequence[Fact]]:
    """*facts* cut into batches of *size*."""
    return [facts[i : i + size] for i in range(0, len(facts), size)]
