"""Ed25519 signatures over DSSE's pre-authentication encoding, by the provider that is configured."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

EVENT_TYPE = "application/vnd.symbi.event.v1+json"
COMMAND_TYPE = "application/vnd.symbi.command.v1+json"
POSSESSION_TYPE = "application/vnd.symbi.key-possession.v1+json"
SNAPSHOT_TYPE = "application/vnd.symbi.snapshot.v1"
ALERT_TYPE = "application/vnd.symbi.alert.v1+json"

SIGNATURE_HEADER = "Symbi-Signature"
KEY_HEADER = "Symbi-Key"


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's PAE: what is signed, so that a signature cannot be moved to another use (DSSE 1.0.2)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def key_id(public_key: bytes) -> str:
    """`ed25519:` and the first 32 hex digits of SHA-256(public key)."""
    return "ed25519:" + hashlib.sha256(public_key).hexdigest()[:32]


class Provider(Protocol):
    """An implementation of Ed25519 (RFC 8032). Every provider gives the same verdict on the same bytes."""

    name: str

    def public_key(self, seed: bytes) -> bytes:
        """The 32 bytes of the public key of a 32-byte *seed*."""
        ...

    def signer(self, seed: bytes) -> Callable[[bytes], bytes]:
        """What makes the 64 bytes of a signature."""
        ...

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """True when *signature* is good; never raises on malformed input.

        Points of small order are refused, as a key and inside a signature: with such a key, one signature
        is good for many messages.
        """
        ...


_P = 2**255 - 19
_ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER = frozenset(
    (y | sign << 255).to_bytes(32, "little")
    for y in (0, 1, _P - 1, _P, _P + 1, _ORDER_8, _P - _ORDER_8)
    for sign in (0, 1)
)
"""Every encoding of the eight points whose order divides 8, also those that are not canonical."""


class _Cryptography:
    name = "cryptography"

    def public_key(self, seed: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()

    def signer(self, seed: bytes) -> Callable[[bytes], bytes]:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(seed).sign

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        if len(public_key) != 32 or len(signature) != 64:
            return False
        # OpenSSL accepts these and libsodium does not; a log must not be read differently by the two.
        if public_key in _SMALL_ORDER or signature[:32] in _SMALL_ORDER:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class _Libsodium:
    """libsodium through pynacl: about twice as fast, and releases the interpreter lock."""

    name = "pynacl"

    def __init__(self) -> None:
        from nacl import bindings  # an ImportError here means that the provider is not installed

        self._sign_seed_keypair = bindings.crypto_sign_seed_keypair
        self._sign = bindings.crypto_sign
        self._open = bindings.crypto_sign_open

    def public_key(self, seed: bytes) -> bytes:
        public: bytes = self._sign_seed_keypair(seed)[0]
        return public

    def signer(self, seed: bytes) -> Callable[[bytes], bytes]:
        secret = self._sign_seed_keypair(seed)[1]
        sign = self._sign
        return lambda message: bytes(sign(message, secret)[:64])

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        from nacl.exceptions import CryptoError

        if len(public_key) != 32 or len(signature) != 64:
            return False
        try:
            self._open(signature + message, public_key)
        except (CryptoError, ValueError):
            return False
        return True


PROVIDERS: Mapping[str, Callable[[], Provider]] = {"cryptography": _Cryptography, "pynacl": _Libsodium}
"""Every Ed25519 provider by the name that the configuration uses."""

DEFAULT_PROVIDER = "cryptography"


def provider(name: str = DEFAULT_PROVIDER) -> Provider:
    """The provider called *name*.

    Raises:
        KeyError: there is no such provider.
        ImportError: its library is not installed.
    """
    return PROVIDERS[name]()


@dataclass(frozen=True)
class SigningKey:
    """A private Ed25519 key that signs one kind of thing for one component."""

    key_id: str
    public_key: bytes
    _sign: Callable[[bytes], bytes] = field(repr=False)

    @classmethod
    def from_seed(cls, seed: bytes, using: Provider | None = None) -> "SigningKey":
        """The key of a 32-byte *seed*; raises `ValueError` for another length."""
        if len(seed) != 32:
            raise ValueError("an Ed25519 seed is 32 bytes")
        using = using or provider()
        public = using.public_key(seed)
        return cls(key_id(public), public, using.signer(seed))

    def sign(self, payload_type: str, payload: bytes) -> str:
        """The base64 signature over PAE(*payload_type*, *payload*)."""
        return base64.b64encode(self._sign(pae(payload_type, payload))).decode()

    def sign_note(self, message: bytes) -> bytes:
        """The 64 bytes over *message* itself, as C2SP's signed notes want it.

        A key for notes signs nothing else. Raises `ValueError` for what begins like a PAE.
        """
        if message.startswith(b"DSSEv1 "):
            raise ValueError("this could be taken for the encoding of a payload")
        return self._sign(message)


def verify(using: Provider, public_key: bytes, payload_type: str, payload: bytes, signature: str) -> bool:
    """True when *signature* (base64) is *public_key*'s over PAE(*payload_type*, *payload*).

    Only the one spelling that base64 has for 64 bytes counts, because the hash chain covers the text.
    Malformed input is false, never an exception.
    """
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        return False
    if base64.b64encode(raw).decode() != signature:
        return False
    return using.verify(public_key, pae(payload_type, payload), raw)
