"""Which key spoke for whom, at every position of the log."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from events.base import Event
from events.identity import (
    IdentityKeyIssued,
    IdentityKeyRevoked,
    IdentityKeyRotated,
    KeyUse,
)
from events.signing import key_id as key_id_of

KEY_EVENTS = "symbi.evt._.identity.*.key.>"
"""The subject filter of everything that a keyring is folded from."""

REGISTRAR = "registrar"
"""The identity of the root key, which is pinned in the configuration and registered by nobody."""


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """One key and the range of positions in which it is valid: `issued < seq < revoked`."""

    key_id: str
    identity_id: str
    use: KeyUse
    public_key: bytes
    issued: int
    revoked: int | None = None
    suspected_since: int | None = None

    def valid_at(self, seq: int) -> bool:
        return self.issued < seq and (self.revoked is None or seq < self.revoked)


class Keyring:
    """Every key that the log registers, and the root."""

    def __init__(self, root_public_key: bytes) -> None:
        self.root = RegisteredKey(
            key_id_of(root_public_key), REGISTRAR, KeyUse.EVENT, root_public_key, issued=0
        )
        self._keys: dict[str, RegisteredKey] = {self.root.key_id: self.root}

    def __contains__(self, key_id: object) -> bool:
        return key_id in self._keys

    def __iter__(self) -> Iterator[RegisteredKey]:
        return iter(self._keys.values())

    def copy(self) -> "Keyring":
        """The same keys, which stay as they are now."""
        copied = Keyring(self.root.public_key)
        copied.extend(self)
        return copied

    def get(self, key_id: str) -> RegisteredKey | None:
        return self._keys.get(key_id)

    def valid_now(self, key_id: str) -> RegisteredKey | None:
        """The key, unless it is unknown or revoked at the end of the log."""
        key = self._keys.get(key_id)
        return key if key is not None and key.revoked is None else None

    def apply(self, seq: int, event: Event) -> None:
        """Fold a verified event at position *seq*; folding it again changes nothing."""
        match event:
            case IdentityKeyIssued() | IdentityKeyRotated():
                if event.key_id not in self._keys:
                    self._keys[event.key_id] = RegisteredKey(
                        event.key_id,
                        event.identity_id,
                        event.use,
                        raw_public_key(event),
                        issued=seq,
                    )
            case IdentityKeyRevoked(key_id=key_id, suspected_since=since):
                key = self._keys.get(key_id)
                if key is not None and key.revoked is None:
                    self._keys[key_id] = replace(key, revoked=seq, suspected_since=since)
            case _:
                pass  # every other event says nothing about keys

    def extend(self, keys: Iterable[RegisteredKey]) -> None:
        """Take over keys that were folded earlier."""
        self._keys.update({key.key_id: key for key in keys})


def raw_public_key(event: IdentityKeyIssued | IdentityKeyRotated) -> bytes:
    """The 32 bytes of an Ed25519 key; empty for a login key, which verifies nothing of ours."""
    return b"" if event.use is KeyUse.LOGIN else base64.b64decode(event.public_key)
