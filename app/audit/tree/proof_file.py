"""Evidence that one entry is in a log, in one file (c2sp.org/tlog-proof)."""

from dataclasses import dataclass

from ...errors import Invalid
from ..notes.encoding import decimal, from_base64, hash_of, to_base64

HEADER = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"


class MalformedProof(Invalid):
    """This is no tlog-proof: {reason}."""


@dataclass(frozen=True, slots=True)
class TlogProof:
    """The inclusion proof of one entry, and the checkpoint that it leads to; nothing of it is verified."""

    index: int
    """The entry's place, from 0."""
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    """The whole signed note."""
    extra: bytes | None = None
    """What the application adds; nothing authenticates it."""

    def to_bytes(self) -> bytes:
        """The file."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {to_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += map(to_base64, self.hashes)
        return "\n".join(lines).encode() + b"\n\n" + self.checkpoint

    @classmethod
    def parse(cls, raw: bytes) -> "TlogProof":
        """Read a file. Raises `MalformedProof`."""
        head, blank, checkpoint = raw.partition(b"\n\n")
        try:
            lines = head.decode("utf-8").split("\n")
            if not blank or lines.pop(0) != HEADER:
                raise ValueError(f"it does not begin with {HEADER}")
            extra = None
            if lines and lines[0].startswith("extra "):
                extra = from_base64(lines.pop(0).removeprefix("extra "))
            if not lines or not lines[0].startswith("index "):
                raise ValueError("no line says the index")
            index = decimal(lines.pop(0).removeprefix("index "))
            return cls(index, tuple(map(hash_of, lines)), checkpoint, extra)
        except ValueError as error:
            raise MalformedProof(reason=error) from None
