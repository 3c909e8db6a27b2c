"""More commands than there is memory for are turned away at once, and nothing is lost of the others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from app.adapters.command_bus import NatsCommandBus
from app.adapters.command_server import CommandServer
from app.adapters.jetstream.connection import connect
from app.adapters.nats_permissions import NatsUser, render_users
from app.embedded.data_dir import DataDir
from app.embedded.nats_logins import login
from app.embedded.nats_server import EmbeddedNats
from events.commands import Answer, Problem, SignedRequest
from tests.support.eventually import eventually

KIB = 1024


class SlowGateway:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.held = 0
        self.most_held = 0

    async def screen(self, batch: Sequence[SignedRequest]) -> list[bool]:
        return [False] * len(batch)

    async def answer(self, signed: SignedRequest, *, verified: bool = False) -> Answer:
        self.held += len(signed.payload)
        self.most_held = max(self.most_held, self.held)
        await self.may_answer.wait()
        self.held -= len(signed.payload)
        return Answer(command_id=signed.payload.decode().rstrip("."), accepted=True)

    def turn_away(self, signed: SignedRequest) -> Answer:
        error = Problem(family="unavailable", code="Overloaded", message="full", facts={})
        return Answer(command_id=None, accepted=False, error=error)


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[tuple[NatsCommandBus, SlowGateway]]:
    data = DataDir.open(tmp_path / "data")
    users = [
        NatsUser("gateway", login(data, "gateway").public_nkey, "gateway"),
        NatsUser("bob", login(data, "bob").public_nkey, "principal"),
    ]
    async with AsyncExitStack() as stack:
        stack.enter_context(data)
        nats = EmbeddedNats(data, render_users(users))
        await nats.start()
        stack.push_async_callback(nats.stop)
        gateway = SlowGateway()
        server_nc = await connect(nats.url, name="gateway", seed=login(data, "gateway").seed)
        stack.push_async_callback(server_nc.close)
        server = CommandServer(server_nc, gateway, held_bytes=100 * KIB)
        await server.start()
        stack.push_async_callback(server.stop)
        nc = await connect(nats.url, name="bob", seed=login(data, "bob").seed)
        stack.push_async_callback(nc.close)
        yield NatsCommandBus(nc), gateway


def request(number: int, size: int = 10 * KIB) -> SignedRequest:
    return SignedRequest("symbi.cmd.bob.agent.spawn", f"c{number}".encode().ljust(size, b"."), "", "")


async def test_commands_beyond_the_memory_for_them_are_turned_away(
    bus: tuple[NatsCommandBus, SlowGateway],
) -> None:
    commands, gateway = bus
    asked = [asyncio.create_task(commands.send(request(number))) for number in range(40)]
    await eventually(lambda: sum(task.done() for task in asked) >= 30)
    turned_away = [task.result() for task in asked if task.done()]
    assert {answer.error.code for answer in turned_away if answer.error} == {"Overloaded"}
    assert len(turned_away) == 30
    assert gateway.most_held <= 100 * KIB

    gateway.may_answer.set()
    answers = await asyncio.gather(*asked)
    assert sum(answer.accepted for answer in answers) == 10
    # There is room again, for one that fills it.
    again = await commands.send(request(99, 100 * KIB))
    assert (again.accepted, again.command_id) == (True, "c99")
