"""Ed25519 keys of test principals, the same in every run, with proofs that they are held."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache

from events.commands import possession_payload
from events.identity import KeyUse
from events.signing import POSSESSION_TYPE, SigningKey


@dataclass(frozen=True)
class TestKey:
    """A key pair with what the commands about it want to know."""

    __test__ = False

    signing: SigningKey
    public_key: str

    @property
    def key_id(self) -> str:
        return self.signing.key_id

    def proof(self, identity_id: str, use: KeyUse) -> str:
        """The key's own signature over who it is for."""
        return _proof(self.signing, possession_payload(identity_id, use, self.public_key))


@cache
def key(name: str) -> TestKey:
    """The key that *name* always gets."""
    signing = SigningKey.from_seed(hashlib.sha256(name.encode()).digest())
    return TestKey(signing, base64.b64encode(signing.public_key).decode())


@cache
def _proof(signing: SigningKey, payload: bytes) -> str:
    return signing.sign(POSSESSION_TYPE, payload)
