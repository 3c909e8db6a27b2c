"""Principals come and go by commands: what they may do, and with which keys, follows from the log at once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

import nats.errors
import nkeys  # type: ignore[import-untyped]
import pytest
import pytest_asyncio
from nats.aio.client import Client as NatsClient

from app.adapters.command_bus import NatsCommandBus
from app.adapters.jetstream.connection import LoginRefused
from app.adapters.jetstream.connection import connect as connect_nats
from app.embedded.nats_logins import new_seed
from app.errors import Unavailable
from events.commands import (
    Answer,
    Command,
    GrantRole,
    IssueKey,
    RegisterIdentity,
    RevokeKey,
    RevokeRole,
    RotateKey,
    SignedRequest,
    SpawnAgent,
    SubmitTask,
    SuspendAgent,
    TerminateAgent,
    TerminateIdentity,
    sign_request,
)
from events.identity import IdentityKind, KeyUse, RevocationReason, Role
from events.signing import SigningKey
from events.task import NoopWork
from tests.support.eventually import eventually
from tests.support.in_process import CONFIG, SOON_S, InProcess
from tests.support.keys import TestKey, key

pytest_plugins = ["tests.support.runtime"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Principal:
    """Somebody with a key and a login of their own."""

    name: str
    key: TestKey
    seed: str
    nc: NatsClient

    async def do(self, command: Command, *, by: SigningKey | None = None) -> Answer:
        """What becomes of *command* as theirs, signed with another key where one is given."""
        return await ask(self.nc, self.sign(command, by=by))

    def sign(self, command: Command, *, by: SigningKey | None = None) -> SignedRequest:
        return sign_request(
            command,
            by or self.key.signing,
            principal=self.name,
            command_id=str(uuid4()),
            now_ns=time.time_ns(),
        )


async def ask(nc: NatsClient, signed: SignedRequest) -> Answer:
    """The answer, asking again for one that was lost, as may be while the server takes up new logins."""
    async with asyncio.timeout(SOON_S):
        while True:
            try:
                return await NatsCommandBus(nc).send(signed, timeout=2.0)
            except Unavailable:
                await asyncio.sleep(0.05)


class People:
    """Makes principals of one runtime."""

    def __init__(self, runtime: InProcess) -> None:
        self.runtime = runtime
        self.made: list[Principal] = []

    async def do(self, command: Command) -> Answer:
        """What becomes of *command* as the operator's."""
        return await ask(self.runtime.nc, self.runtime.sign(command))

    async def principal(self, name: str, *roles: Role) -> Principal:
        """A service that is registered, has these roles and a key, and is logged in."""
        held, seed, before = key(name), new_seed().decode().strip(), self._reloads()
        register = RegisterIdentity(identity_id=name, kind=IdentityKind.SERVICE, roles=list(roles))
        for command in (register, issue(name, held), login_key(name, seed)):
            answer = await self.do(command)
            assert answer.accepted, answer
        # Whoever connects in the middle of a reload is cut off again, and nats-py does not come back.
        await eventually(lambda: self._reloads() > before)
        nc = await connect_nats(self.runtime.nats_url, name=name, seed=seed)
        self.made.append(Principal(name, held, seed, nc))
        return self.made[-1]

    def _reloads(self) -> int:
        """How often the server has taken up new logins."""
        return (self.runtime.data.logs / "nats.log").read_text().count("Reloaded server configuration")


@pytest_asyncio.fixture(loop_scope="module")
async def people(runtime: InProcess) -> AsyncIterator[People]:
    made = People(runtime)
    try:
        yield made
    finally:
        for principal in made.made:
            await principal.nc.close()


def issue(name: str, held: TestKey, use: KeyUse = KeyUse.COMMAND) -> IssueKey:
    proof = held.proof(name, use)
    return IssueKey(identity_id=name, public_key=held.public_key, use=use, possession=proof)


def login_key(name: str, seed: str) -> IssueKey:
    public: bytes = nkeys.from_seed(bytearray(seed.encode())).public_key
    return IssueKey(identity_id=name, public_key=public.decode(), use=KeyUse.LOGIN)


async def kept_out(nats_url: str, name: str, seed: str) -> None:
    """Return once the server knows the login no more."""
    async with asyncio.timeout(SOON_S):
        while True:
            try:
                nc = await connect_nats(nats_url, name=name, seed=seed)
            except (LoginRefused, Unavailable):
                return
            await nc.close()
            await asyncio.sleep(0.05)


def code(answer: Answer) -> str:
    return "accepted" if answer.error is None else answer.error.code


async def test_an_owner_commands_its_own_agents_and_no_others(people: People) -> None:
    owner = await people.principal("olivia", Role.AGENT_OWNER)
    theirs = await people.runtime.spawn()
    spawned = await owner.do(SpawnAgent(config=CONFIG))
    own = spawned.result["agent_id"]
    submitted = await owner.do(SubmitTask(agent_id=own, work=NoopWork()))
    assert code(submitted) == "accepted"
    fact = await people.runtime.until_named("task.completed", task_id=submitted.result["task_id"])
    assert fact.envelope.agent == own
    for command in (
        SubmitTask(agent_id=theirs, work=NoopWork()),
        TerminateAgent(agent_id=theirs),
        SuspendAgent(agent_id=theirs),
        RegisterIdentity(identity_id="friend", kind=IdentityKind.HUMAN),
        GrantRole(identity_id="olivia", role=Role.OPERATOR),
    ):
        answer = await owner.do(command)
        assert answer.error is not None
        assert (answer.error.family, answer.error.code) == ("denied", "NotPermitted")
    assert code(await owner.do(TerminateAgent(agent_id=own))) == "accepted"


@pytest.mark.parametrize("roles", [(), (Role.VIEWER,)], ids=["without a role", "as a viewer"])
async def test_what_no_role_allows_is_denied(people: People, roles: tuple[Role, ...]) -> None:
    principal = await people.principal(f"nobody-{len(roles)}", *roles)
    agent = await people.runtime.spawn()
    for command in (
        SpawnAgent(config=CONFIG),
        SubmitTask(agent_id=agent, work=NoopWork()),
        TerminateAgent(agent_id=agent),
        GrantRole(identity_id=principal.name, role=Role.OPERATOR),
    ):
        assert code(await principal.do(command)) == "NotPermitted"
    reads = await principal.nc.request("$JS.API.INFO", timeout=SOON_S) if roles else None
    assert (reads is not None) == bool(roles)


async def test_a_role_counts_from_its_grant_to_its_revocation(people: People) -> None:
    principal = await people.principal("gina")
    assert code(await principal.do(SpawnAgent(config=CONFIG))) == "NotPermitted"
    assert code(await people.do(GrantRole(identity_id="gina", role=Role.AGENT_OWNER))) == "accepted"
    assert code(await principal.do(SpawnAgent(config=CONFIG))) == "accepted"
    assert code(await people.do(RevokeRole(identity_id="gina", role=Role.AGENT_OWNER))) == "accepted"
    assert code(await principal.do(SpawnAgent(config=CONFIG))) == "NotPermitted"


async def test_a_key_counts_from_its_issue_to_its_revocation(people: People) -> None:
    principal = await people.principal("rita", Role.AGENT_OWNER)
    old, new = principal.key, key("rita-2")
    spawn = SpawnAgent(config=CONFIG)
    assert code(await principal.do(spawn, by=new.signing)) == "UnknownKey"
    rotate = RotateKey(
        identity_id="rita",
        old_key_id=old.key_id,
        public_key=new.public_key,
        use=KeyUse.COMMAND,
        possession=new.proof("rita", KeyUse.COMMAND),
    )
    assert code(await people.do(rotate)) == "accepted"
    # The old key drains: it stays valid until it is revoked.
    assert code(await principal.do(spawn, by=new.signing)) == "accepted"
    assert code(await principal.do(spawn, by=old.signing)) == "accepted"
    revoke = RevokeKey(identity_id="rita", key_id=old.key_id, reason=RevocationReason.SUPERSEDED)
    assert code(await people.do(revoke)) == "accepted"
    assert code(await principal.do(spawn, by=old.signing)) == "UnknownKey"
    assert code(await principal.do(spawn, by=new.signing)) == "accepted"
    assert code(await people.do(revoke)) == "KeyRevokedAlready"
    assert code(await people.do(issue("rita", old))) == "KeyKnownAlready"


async def test_a_key_of_which_nobody_proves_possession_is_not_issued(people: People) -> None:
    await people.principal("paul")
    stolen = key("stolen")
    without = IssueKey(identity_id="paul", public_key=stolen.public_key, use=KeyUse.COMMAND)
    assert code(await people.do(without)) == "PossessionUnproven"
    for_another = issue("rita", stolen).model_copy(update={"identity_id": "paul"})
    assert code(await people.do(for_another)) == "PossessionUnproven"
    for_another_use = issue("paul", stolen, KeyUse.EVENT).model_copy(update={"use": KeyUse.COMMAND})
    assert code(await people.do(for_another_use)) == "PossessionUnproven"


async def test_a_login_speaks_for_its_principal_alone(people: People) -> None:
    principal = await people.principal("lena", Role.AGENT_OWNER)
    before = await people.runtime.client.log.last_seq()
    command = people.runtime.sign(SpawnAgent(config=CONFIG))
    with pytest.raises(nats.errors.Error):
        await principal.nc.request(command.subject, command.payload, timeout=0.5, headers=command.headers)
    await principal.nc.publish("symbi.evt.a1.agent.a1.spawned", b"{}")
    await principal.nc.flush()
    assert [item for item in await people.runtime.items(before) if item.raw.subject.endswith("spawned")] == []


async def test_the_end_of_an_identity_ends_all_that_it_could(people: People) -> None:
    runtime = people.runtime
    principal = await people.principal("tina", Role.OPERATOR)
    assert code(await principal.do(SpawnAgent(config=CONFIG))) == "accepted"
    end = TerminateIdentity(identity_id="tina", reason="left")
    assert code(await people.do(end)) == "accepted"
    assert runtime.running.gateway is not None
    late = principal.sign(SpawnAgent(config=CONFIG))
    assert code(await runtime.running.gateway.answer(late)) == "UnknownKey"
    await eventually(lambda: not principal.nc.is_connected)
    with suppress(asyncio.CancelledError):  # of the client's own waiting, in the middle of reconnecting
        await principal.nc.close()
    await kept_out(runtime.nats_url, "tina", principal.seed)
    for command in (issue("tina", key("tina-2")), GrantRole(identity_id="tina", role=Role.VIEWER)):
        assert code(await people.do(command)) == "IdentityTerminatedAlready"
    again = RegisterIdentity(identity_id="tina", kind=IdentityKind.SERVICE)
    assert code(await people.do(again)) == "IdentityExists"


async def test_the_last_operator_cannot_be_locked_out(people: People) -> None:
    for command in (
        TerminateIdentity(identity_id="operator"),
        RevokeRole(identity_id="operator", role=Role.OPERATOR),
        RevokeKey(identity_id="operator", key_id=people.runtime.key("operator").key_id),
    ):
        assert code(await people.do(command)) == "LastOperator"
    assert await people.runtime.bad() == []
