"""What is true of all identities together, whatever is asked of them and in whatever order."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from app.domain.decider import Context
from app.domain.identity import IDENTITY, Identity
from app.domain.rejections import KeyKnownAlready, KeyRevokedAlready, LastOperator
from app.errors import Invalid, Rejected, SymbiError
from events.commands import (
    GrantRole,
    IdentityCommand,
    IssueKey,
    RegisterIdentity,
    RevokeKey,
    RevokeRole,
    RotateKey,
    TerminateIdentity,
)
from events.identity import (
    IdentityEvent,
    IdentityKeyIssued,
    IdentityKeyRevoked,
    IdentityKeyRotated,
    IdentityKind,
    IdentityTerminated,
    KeyUse,
    Role,
)
from tests.support import hypothesis_profiles as hypothesis_profiles
from tests.support.arbitrary import any_of
from tests.support.keys import TestKey, key

NAMES = ["alice", "bob"]
KEYS = [key(str(number)) for number in range(4)]


@dataclass
class Everybody:
    """Every identity, decided one after the other with what the others are."""

    identities: dict[str, Identity] = field(default_factory=dict)
    events: list[IdentityEvent] = field(default_factory=list)
    refusals: set[type[SymbiError]] = field(default_factory=set)
    ever_operated: bool = False

    def ask(self, command: IdentityCommand) -> None:
        name = command.identity_id
        events = IDENTITY.decide(self.identities.get(name, IDENTITY.initial), command, self._context(name))
        for event in events:
            self.identities[name] = IDENTITY.evolve(self.identities.get(name, IDENTITY.initial), event)
            self.events.append(event)
        self.ever_operated = self.ever_operated or self.operators > 0

    @property
    def operators(self) -> int:
        return sum(identity.can_operate for identity in self.identities.values())

    def _context(self, name: str) -> Context:
        others = [identity for other, identity in self.identities.items() if other != name]
        return Context(
            command_id=f"c{len(self.events)}",
            actor="human/alice",
            known_keys={key_id for one in self.identities.values() for key_id in {*one.keys, *one.revoked}},
            other_operators=sum(identity.can_operate for identity in others),
        )


def ask_all(commands: list[IdentityCommand]) -> Everybody:
    """What everybody is after *commands*; refusals change nothing."""
    everybody = Everybody()
    for command in commands:
        try:
            everybody.ask(command)
        except (Rejected, Invalid) as refusal:
            everybody.refusals.add(type(refusal))
    return everybody


Build = Callable[[str, KeyUse, Role, TestKey, TestKey], IdentityCommand]


def _proven(name: str, use: KeyUse, new: TestKey) -> dict[str, Any]:
    proof = new.proof(name, use)
    return {"identity_id": name, "public_key": new.public_key, "use": use, "possession": proof}


BUILDS: list[Build] = [
    lambda name, use, role, new, old: IssueKey(**_proven(name, use, new)),
    lambda name, use, role, new, old: GrantRole(identity_id=name, role=role),
    lambda name, use, role, new, old: RevokeKey(identity_id=name, key_id=old.key_id),
    lambda name, use, role, new, old: RevokeRole(identity_id=name, role=role),
    lambda name, use, role, new, old: RotateKey(**_proven(name, use, new), old_key_id=old.key_id),
    lambda name, use, role, new, old: TerminateIdentity(identity_id=name),
]
CHOICES: list[list[Any]] = [
    NAMES,
    [KeyUse.COMMAND, KeyUse.EVENT],
    [Role.OPERATOR, Role.VIEWER],
    KEYS,
    KEYS,
]
COMMANDS = st.builds(
    lambda build, *choices: build(*choices),
    st.sampled_from(BUILDS),
    *(st.sampled_from(choices) for choices in CHOICES),
)
REGISTERED: list[IdentityCommand] = [
    RegisterIdentity(identity_id=name, kind=IdentityKind.HUMAN, roles=[Role.OPERATOR]) for name in NAMES
]
ALL = st.lists(COMMANDS, min_size=10, max_size=30).map(lambda more: ask_all([*REGISTERED, *more]))


@given(everybody=ALL)
def test_once_there_was_an_operator_there_always_is_one(everybody: Everybody) -> None:
    assert everybody.operators > 0 or not everybody.ever_operated


@given(everybody=ALL)
def test_a_key_speaks_for_one_identity_and_never_again_once_it_is_revoked(everybody: Everybody) -> None:
    holder: dict[str, str] = {}
    revoked: set[str] = set()
    for event in everybody.events:
        if isinstance(event, IdentityKeyIssued | IdentityKeyRotated):
            assert event.key_id not in holder
            holder[event.key_id] = event.identity_id
        elif isinstance(event, IdentityKeyRevoked):
            assert holder[event.key_id] == event.identity_id
            revoked.add(event.key_id)
    valid = {key_id: name for name, one in everybody.identities.items() for key_id in one.keys}
    assert valid == {key_id: name for key_id, name in holder.items() if key_id not in revoked}


@given(everybody=ALL)
def test_a_terminated_identity_has_no_valid_key(everybody: Everybody) -> None:
    for identity in everybody.identities.values():
        assert not (identity.terminated and identity.keys)


@given(everybody=ALL)
def test_replaying_what_was_recorded_gives_the_same_identities(everybody: Everybody) -> None:
    for name, identity in everybody.identities.items():
        own = [event for event in everybody.events if getattr(event, "identity_id", None) == name]
        wired = [type(event).model_validate_json(event.model_dump_json()) for event in own]
        assert reduce(IDENTITY.evolve, wired, IDENTITY.initial) == identity


def test_random_commands_meet_what_these_tests_are_about() -> None:
    rng = random.Random(7)
    met: set[type[object]] = set()
    for _ in range(40):
        drawn = [rng.choice(BUILDS)(*(rng.choice(choices) for choices in CHOICES)) for _ in range(30)]
        everybody = ask_all([*REGISTERED, *drawn])
        met.update(everybody.refusals, map(type, everybody.events))
    assert {LastOperator, KeyKnownAlready, KeyRevokedAlready, IdentityTerminated, IdentityKeyRotated} <= met


@given(
    history=st.lists(any_of(get_args(IdentityEvent)), max_size=8),
    command=any_of(get_args(IdentityCommand)),
)
def test_in_any_state_a_decision_is_events_or_a_refusal(
    history: list[IdentityEvent], command: IdentityCommand
) -> None:
    identity = reduce(IDENTITY.evolve, history, IDENTITY.initial)
    try:
        events = IDENTITY.decide(identity, command, Context(command_id="c1", actor="human/alice"))
    except (Rejected, Invalid):
        return
    assert events
