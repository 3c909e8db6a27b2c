"""What a bundle says that it is; whoever verifies it believes nothing of it that is not proven."""

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from events import strict_json
from events.signing import Provider, SigningKey, verify

from ...errors import Corrupt
from ..notes.encoding import MAX_SIZE

FORMAT = "symbi-bundle/v1"
MANIFEST_TYPE = "application/vnd.symbi.bundle.v1+json"
"""The payload type of the signature over a manifest."""
MAX_BYTES = 16 * 1024 * 1024


class MalformedManifest(Corrupt):
    """The manifest of the bundle cannot be read: {reason}."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The claims of a bundle."""

    origin: str
    """Of the log."""
    first: int
    last: int
    """The positions that the bundle is about, both included."""
    size: int
    """Of the tree, at the newest checkpoint in the bundle: *last* or more."""
    log_size: int
    """Where the log ended when the bundle was made: *size* or more."""
    root_key: str
    """The public key of the root registrar, in base64."""
    chain_before: str
    """The chain hash before the first entry of the bundle's first file of entries, in hex."""
    made_at: str
    """RFC 3339 in UTC."""
    made_by: str
    """The actor who exported it."""
    agent: str | None = None
    """Whose events alone are in it; all where it is absent."""
    files: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of each file that the tree does not cover, in hex, by its name."""
    format: str = FORMAT

    def to_bytes(self) -> bytes:
        """The file: JSON for people, keys sorted."""
        options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
        return orjson.dumps(asdict(self), option=options)

    @classmethod
    def parse(cls, raw: bytes) -> "Manifest":
        """Read the file. Raises `MalformedManifest`."""
        try:
            document = strict_json.loads(raw, max_bytes=MAX_BYTES)
            if document.get("format") != FORMAT:
                raise ValueError(f"it is not in the format {FORMAT}")
            manifest = cls(**document)
            manifest._check()
        except (ValueError, TypeError, AttributeError) as error:
            raise MalformedManifest(reason=error) from None
        return manifest

    def _check(self) -> None:
        numbers = (self.first, self.last, self.size, self.log_size)
        texts = (self.origin, self.root_key, self.chain_before, self.made_at, self.made_by)
        if any(type(number) is not int for number in numbers) or any(type(text) is not str for text in texts):
            raise ValueError("a number or a text is something else")
        if not 1 <= self.first <= self.last <= self.size <= self.log_size <= MAX_SIZE:
            raise ValueError("the range does not lie in the tree, or the tree not in the log")
        if not (self.agent is None or type(self.agent) is str) or len(bytes.fromhex(self.chain_before)) != 32:
            raise ValueError("the agent or the chain hash is something else")
        items: list[Any] = [*self.files, *self.files.values()]
        if any(type(item) is not str for item in items):
            raise ValueError("the digests of the files are something else")


def sign_manifest(raw: bytes, key: SigningKey) -> bytes:
    """The signature file of the manifest *raw*, by the exporter's key for events."""
    document = {"payloadType": MANIFEST_TYPE, "keyid": key.key_id, "sig": key.sign(MANIFEST_TYPE, raw)}
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def signer_of(signature: bytes) -> tuple[str, str]:
    """The key id and the signature in a signature file. Raises `MalformedManifest`."""
    try:
        document = strict_json.loads(signature)
        kind, key, text = document["payloadType"], document["keyid"], document["sig"]
        again = {"payloadType": MANIFEST_TYPE, "keyid": key, "sig": text}
        if kind != MANIFEST_TYPE or orjson.dumps(again, option=orjson.OPT_APPEND_NEWLINE) != signature:
            raise ValueError("the signature file is written otherwise than it would be here")
    except (ValueError, LookupError, TypeError) as error:
        raise MalformedManifest(reason=error) from None
    return key, text


def is_signed(raw: bytes, public_key: bytes, signature: str, using: Provider) -> bool:
    """Whether *signature* is that key's over the manifest *raw*."""
    return verify(using, public_key, MANIFEST_TYPE, raw, signature)
