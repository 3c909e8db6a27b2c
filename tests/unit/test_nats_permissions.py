"""What each login to NATS may do, as far as it can be said without a server."""

import itertools

import pytest

from app.adapters.nats_permissions import (
    ROLES,
    LoginTaken,
    NatsUser,
    NoUsers,
    Role,
    UnusableLoginName,
    UnusableNkey,
    permissions,
    render_users,
)

RUNTIME: tuple[Role, ...] = tuple(role for role in ROLES if role != "admin")


def nkey(number: int) -> str:
    return "U" + "ABCDEFGHIJ"[number] * 55


def matches(pattern: str, subject: str) -> bool:
    """Whether a subject without wildcards is among those that a pattern names."""
    for wanted, found in itertools.zip_longest(pattern.split("."), subject.split(".")):
        if wanted == ">":
            return found is not None
        if found is None or wanted not in ("*", found):
            return False
    return True


def may_publish(role: Role, name: str, subject: str, reader: bool = False) -> bool:
    rule = permissions(role, name, reader)["publish"]
    allowed = any(matches(pattern, subject) for pattern in rule["allow"])
    return allowed and not any(matches(pattern, subject) for pattern in rule["deny"])


def may_hear(role: Role, name: str, subject: str) -> bool:
    return any(matches(pattern, subject) for pattern in permissions(role, name, True)["subscribe"]["allow"])


@pytest.mark.parametrize("role", ROLES)
def test_only_the_gateway_publishes_events(role: Role) -> None:
    assert may_publish(role, "n1", "symbi.evt.a1.agent.a1.spawned", reader=True) == (role == "gateway")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "PURGE", "MSG.DELETE", "RESTORE", "SNAPSHOT"])
def test_nobody_touches_what_the_log_holds(role: Role, verb: str) -> None:
    assert not may_publish(role, "n1", f"$JS.API.STREAM.{verb}.SYMBI_EVENTS", reader=True)


@pytest.mark.parametrize("role", RUNTIME)
@pytest.mark.parametrize("stream", ["SYMBI_ALERTS", "OBJ_SYMBI_BLOBS", "KV_ANY"])
def test_no_running_component_changes_any_stream(role: Role, stream: str) -> None:
    for verb in ("CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "RESTORE", "SNAPSHOT"):
        assert not may_publish(role, "n1", f"$JS.API.STREAM.{verb}.{stream}", reader=True)


def test_the_admin_makes_streams_and_nothing_else() -> None:
    assert may_publish("admin", "admin", "$JS.API.STREAM.CREATE.SYMBI_EVENTS")
    assert not may_publish("admin", "admin", "symbi.cmd.admin.agent.spawn")
    assert not may_publish("admin", "admin", "security.alerts")


@pytest.mark.parametrize("role", ["scheduler", "worker", "principal"])
def test_commands_go_out_under_ones_own_name_only(role: Role) -> None:
    assert may_publish(role, "n1", "symbi.cmd.n1.agent.spawn")
    assert not may_publish(role, "n1", "symbi.cmd.n2.agent.spawn")


@pytest.mark.parametrize("role", ROLES)
def test_answers_come_to_ones_own_inbox_only(role: Role) -> None:
    assert may_hear(role, "n1", "_INBOX.n1.x")
    assert not may_hear(role, "n1", "_INBOX.n2.x")


@pytest.mark.parametrize("role", ROLES)
def test_only_the_gateway_hears_commands(role: Role) -> None:
    assert may_hear(role, "n1", "symbi.cmd.n2.agent.spawn") == (role == "gateway")


@pytest.mark.parametrize("role", ROLES)
def test_events_are_heard_through_consumers_only(role: Role) -> None:
    assert not may_hear(role, "n1", "symbi.evt.a1.agent.a1.spawned")


def test_a_principal_reads_the_log_only_as_a_reader() -> None:
    create = "$JS.API.CONSUMER.CREATE.SYMBI_EVENTS.c1"
    assert may_publish("principal", "ann", create, reader=True)
    assert permissions("principal", "ann")["publish"]["allow"] == ["symbi.cmd.ann.>"]


def test_a_worker_speaks_for_its_own_node_only() -> None:
    assert may_publish("worker", "worker-1", "symbi.node.worker-1.heartbeat")
    assert not may_publish("worker", "worker-1", "symbi.node.worker-2.heartbeat")
    assert not may_hear("worker", "worker-1", "symbi.node.worker-2.stop")


def test_alerts_are_raised_by_gateway_and_projector() -> None:
    raising = {role for role in ROLES if may_publish(role, "n1", "security.alerts", reader=True)}
    assert raising == {"gateway", "projector"}


@pytest.mark.parametrize("role", ROLES)
def test_no_list_that_allows_is_empty(role: Role) -> None:
    """To NATS, an empty list allows everything."""
    granted = permissions(role, "n1")
    assert granted["publish"]["allow"]
    assert granted["subscribe"]["allow"]


@pytest.mark.parametrize("name", ["", "a.b", "a b", "*", ">", "a>", "ä", 'a"', "a\n"])
def test_a_name_that_is_no_single_token_is_refused(name: str) -> None:
    with pytest.raises(UnusableLoginName):
        permissions("principal", name)
    with pytest.raises(UnusableLoginName):
        NatsUser(name, nkey(0), "principal")


def test_a_seed_in_place_of_a_public_key_is_refused_and_not_repeated() -> None:
    seed = "SU" + "A" * 56
    with pytest.raises(UnusableNkey) as refused:
        NatsUser("ann", seed, "principal")
    assert seed not in str(refused.value)
    assert "ann" in str(refused.value)


def test_a_configuration_without_users_is_refused() -> None:
    with pytest.raises(NoUsers):
        render_users([])


@pytest.mark.parametrize(
    "second", [NatsUser("gateway", nkey(1), "principal"), NatsUser("ann", nkey(0), "principal")]
)
def test_two_logins_share_neither_name_nor_key(second: NatsUser) -> None:
    with pytest.raises(LoginTaken, match=second.name):
        render_users([NatsUser("gateway", nkey(0), "gateway"), second])


def test_the_order_of_users_does_not_matter() -> None:
    users = [NatsUser(f"n{number}", nkey(number), role) for number, role in enumerate(ROLES)]
    assert render_users(users) == render_users(reversed(users))


def test_those_who_decide_are_apart_from_everybody_else() -> None:
    users = [NatsUser(f"the-{role}", nkey(number), role) for number, role in enumerate(ROLES)]
    log, _, clients = render_users(users).partition("  CLIENTS {")
    assert {role for role in ROLES if f"the-{role}:" in log} == {"admin", "gateway"}
    assert {role for role in ROLES if f"the-{role}:" in clients} == set(ROLES) - {"admin", "gateway"}
