"""Keys that verify the lines of notes, and how they are written down (c2sp.org/signed-note, vkeys)."""

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from events.signing import Provider

from ...errors import Invalid
from .encoding import MAX_SIZE, from_base64, to_base64
from .note import SignatureLine, is_name


class MalformedKey(Invalid):
    """{text!r} is no key of notes: {reason}."""


class SignatureType(IntEnum):
    """What a key's signature covers."""

    ED25519 = 0x01
    """The text: a log's signature."""
    COSIGNATURE = 0x04
    """The text and a time: a witness's (c2sp.org/tlog-cosignature, `cosignature/v1`)."""


def key_id(name: str, kind: SignatureType, public_key: bytes) -> bytes:
    """SHA-256(name || newline || type || public key), the first four bytes."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:4]


def cosigned_message(text: str, time_s: int) -> bytes:
    """What a witness signs about a checkpoint's *text* at *time_s* seconds since the epoch."""
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """An Ed25519 key under a name. As text it is its vkey: `name+hex(key id)+base64(type || public key)`."""

    name: str
    kind: SignatureType
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, self.kind, self.public_key)

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.kind]) + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read a vkey.

        Raises:
            MalformedKey: it is none, its id is not its key's, or its type is none that is verified here.
        """
        name, _, rest = text.partition("+")
        given, _, encoded = rest.partition("+")
        try:
            material = from_base64(encoded)
        except ValueError as error:
            raise MalformedKey(text=text, reason=error) from None
        if not is_name(name) or not material:
            raise MalformedKey(text=text, reason="it is name+id+key")
        if material[0] not in list(SignatureType):
            raise MalformedKey(text=text, reason=f"its type {material[0]:#04x} is not one that is known here")
        if len(material) != 33:
            raise MalformedKey(text=text, reason="the public key of Ed25519 has 32 bytes")
        key = cls(name, SignatureType(material[0]), material[1:])
        if given != key.key_id.hex():
            raise MalformedKey(text=text, reason=f"the id of that key is {key.key_id.hex()}")
        return key

    def made(self, line: SignatureLine) -> bool:
        """Whether *line* says that it is this key's."""
        return (line.name, line.key_id) == (self.name, self.key_id)

    def verify(self, text: str, signature: bytes, using: Provider) -> bool:
        """True when *signature* is this key's over *text*; malformed input is false."""
        if self.kind is SignatureType.ED25519:
            return using.verify(self.public_key, text.encode(), signature)
        time_s = int.from_bytes(signature[:8], "big")
        if len(signature) != 72 or time_s > MAX_SIZE:
            return False
        return using.verify(self.public_key, cosigned_message(text, time_s), signature[8:])
