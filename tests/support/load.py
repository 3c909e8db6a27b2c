"""Clients that command a runtime as fast as it answers, and ask again for what was not answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from app.adapters.command_bus import NatsCommandBus
from app.bootstrap.keys import Keys
from app.embedded.data_dir import DataDir
from app.errors import Unavailable
from app.services.verification import Item
from events.codec import Fact
from events.commands import (
    Answer,
    Command,
    QuarantineAgent,
    ReleaseAgent,
    SignedRequest,
    SpawnAgent,
    sign_request,
)
from events.signing import provider
from tests.support.in_process import CONFIG, logged_in

CLIENTS = 4
ANSWERED_WITHIN_S = 2.0


@dataclass
class Load:
    """Callers that each spawn an agent and then quarantine and release it again and again."""

    nats_url: str
    data_dir: Path
    callers: int
    commands_each: int
    answers: dict[str, tuple[SignedRequest, Answer]] = field(default_factory=dict)
    """What was answered, by command id."""
    asked_again: int = 0

    def __post_init__(self) -> None:
        data = DataDir.open(self.data_dir)
        self._key = Keys(data, provider()).existing("operator")
        self._data = data
        self._arrived = asyncio.Condition()

    @property
    def total(self) -> int:
        return self.callers * self.commands_each

    async def run(self) -> None:
        """Return when every command has its answer."""
        async with AsyncExitStack() as stack:
            buses = []
            for _ in range(CLIENTS):
                nc = await logged_in(self.nats_url, self._data, "operator")
                stack.push_async_callback(nc.close)
                buses.append(NatsCommandBus(nc))
            await asyncio.gather(*(self._call(n, buses[n % CLIENTS]) for n in range(self.callers)))

    async def reached(self, count: int) -> None:
        """Return when that many commands are answered."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.answers) >= count)

    async def _call(self, number: int, bus: NatsCommandBus) -> None:
        agent_id = f"agent-{number}"
        commands: list[Command] = [SpawnAgent(agent_id=agent_id, config=CONFIG)]
        while len(commands) < self.commands_each:
            turn = ReleaseAgent if len(commands) % 2 == 0 else QuarantineAgent
            commands.append(turn(agent_id=agent_id, reason="load"))
        for command in commands:
            signed = sign_request(
                command,
                self._key,
                principal="operator",
                command_id=str(uuid4()),
                now_ns=time.time_ns(),
            )
            answer = await self.ask(bus, signed)
            assert answer.command_id is not None
            self.answers[answer.command_id] = (signed, answer)
            async with self._arrived:
                self._arrived.notify_all()

    async def ask(self, bus: NatsCommandBus, signed: SignedRequest) -> Answer:
        """The answer to these very bytes, however often they must be sent."""
        while True:
            try:
                answer = await bus.send(signed, timeout=ANSWERED_WITHIN_S)
            except Unavailable:
                await asyncio.sleep(0.1)
            else:
                if answer.error is None or answer.error.family not in ("unavailable", "conflict"):
                    return answer
                await asyncio.sleep(0.02)
            self.asked_again += 1

    async def ask_all_again(self, nats_url: str, sample: Sequence[str]) -> None:
        """Whoever asks again gets what was answered first."""
        nc = await logged_in(nats_url, self._data, "operator")
        try:
            for command_id in sample:
                signed, answer = self.answers[command_id]
                assert await self.ask(NatsCommandBus(nc), signed) == answer
        finally:
            await nc.close()

    def check(self, items: Sequence[Item]) -> None:
        """Every command was carried out once, and its answer says where that is."""
        assert len(self.answers) == self.total
        facts = {item.seq: item for item in items if isinstance(item, Fact)}
        assert len(facts) == len(items), "something in the log is quarantined"
        recorded: Counter[str] = Counter()
        for fact in facts.values():
            if (proof := fact.envelope.command_proof) is not None:
                recorded[proof.id] += 1
        for command_id, (signed, answer) in self.answers.items():
            assert answer.accepted, answer
            assert recorded[command_id] == len(answer.events)
            for event in answer.events:
                envelope = facts[event.seq].envelope
                assert (envelope.id, envelope.type) == (event.id, event.type)
                assert envelope.command_proof is not None
                assert envelope.command_proof.digest == signed.digest
