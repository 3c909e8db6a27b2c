"""How identities, their keys and their roles change. Few events: everything touched is written again."""

from collections.abc import Iterable

from events.codec import Fact
from events.identity import (
    IdentityKeyIssued,
    IdentityKeyRevoked,
    IdentityKeyRotated,
    IdentityRegistered,
    IdentityTerminated,
    RevocationReason,
    RoleGranted,
    RoleRevoked,
)

from ..errors import Contradiction
from .tables import IdentityRow, KeyRow, RoleRow


class Identities:
    """The identities that a batch touches, with all their keys and roles."""

    def __init__(
        self, identities: Iterable[IdentityRow], keys: Iterable[KeyRow], roles: Iterable[RoleRow]
    ) -> None:
        self.identities = {row.id: row for row in identities}
        self.keys = {row.id: row for row in keys}
        self.roles = {(row.identity, row.role): row for row in roles}

    def fold(self, fact: Fact) -> None:
        """Take one event in.

        Raises:
            Contradiction: it cannot follow from what came before.
        """
        event, at = fact.event, fact.envelope.time_ns
        if isinstance(event, IdentityRegistered):
            self._register(fact, event, at)
            return
        name = fact.envelope.aggregate_id
        if name not in self.identities:
            raise Contradiction(f"{event.name} of the identity {name}, which was never registered")
        match event:
            case IdentityKeyIssued():
                self._issue(fact.seq, event, at, replaces=None)
            case IdentityKeyRotated():
                self._issue(fact.seq, event, at, replaces=event.old_key_id)
            case IdentityKeyRevoked():
                self._revoke(fact.seq, event, at)
            case IdentityTerminated():
                self._terminate(fact.seq, event, at)
            case RoleGranted(role=role):
                actor = fact.envelope.actor
                self.roles[name, role] = RoleRow(name, role.value, fact.seq, at, actor, None, None, None)
            case RoleRevoked():
                self._take_role(fact, event, at)
        self.identities[name] = self.identities[name]._replace(last_seq=fact.seq)

    def _register(self, fact: Fact, event: IdentityRegistered, at: int) -> None:
        if event.identity_id in self.identities:
            raise Contradiction(f"the identity {event.identity_id} was registered twice")
        self.identities[event.identity_id] = IdentityRow(
            id=event.identity_id,
            kind=event.kind.value,
            state="active",
            reason="",
            tenant=fact.envelope.tenant,
            subject_ref=event.subject_ref,
            display_name=event.model_dump(mode="json")["display_name"],
            event_id=fact.envelope.id,
            registered_at=at,
            terminated_at=None,
            first_seq=fact.seq,
            last_seq=fact.seq,
        )

    def _issue(
        self, seq: int, event: IdentityKeyIssued | IdentityKeyRotated, at: int, replaces: str | None
    ) -> None:
        self.keys[event.key_id] = KeyRow(
            id=event.key_id,
            identity=event.identity_id,
            use=event.use.value,
            public_key=event.public_key,
            replaces=replaces,
            issued_seq=seq,
            issued_at=at,
            revoked_seq=None,
            revoked_at=None,
            revocation_reason=None,
            suspected_since=None,
        )

    def _revoke(self, seq: int, event: IdentityKeyRevoked, at: int) -> None:
        if event.key_id not in self.keys:
            raise Contradiction(f"the key {event.key_id} was revoked and never issued")
        self.keys[event.key_id] = self.keys[event.key_id]._replace(
            revoked_seq=seq,
            revoked_at=at,
            revocation_reason=event.reason.value,
            suspected_since=event.suspected_since,
        )

    def _terminate(self, seq: int, event: IdentityTerminated, at: int) -> None:
        name, ended = event.identity_id, RevocationReason.DECOMMISSIONED.value
        self.identities[name] = self.identities[name]._replace(
            state="terminated", reason=event.reason, terminated_at=at
        )
        for key in list(self.keys.values()):
            if key.identity == name and key.revoked_seq is None:
                self.keys[key.id] = key._replace(revoked_seq=seq, revoked_at=at, revocation_reason=ended)

    def _take_role(self, fact: Fact, event: RoleRevoked, at: int) -> None:
        held = self.roles.get((event.identity_id, event.role))
        if held is None:
            raise Contradiction(f"{event.identity_id} lost the role {event.role}, which it never had")
        taken = held._replace(revoked_seq=fact.seq, revoked_at=at, revoked_by=fact.envelope.actor)
        self.roles[event.identity_id, event.role] = taken
