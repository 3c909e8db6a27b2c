"""What a log asks of a witness: to cosign a checkpoint (c2sp.org/tlog-witness, `add-checkpoint`)."""

from dataclasses import dataclass

from ...errors import Invalid
from ..notes.encoding import decimal, hash_of, to_base64

MAX_PROOF = 63
MAX_BYTES = 256 * 1024
"""A request may have that many bytes: the proof, and a note with many signatures."""


class MalformedRequest(Invalid):
    """This asks a witness for nothing: {reason}."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A checkpoint, and the proof that its tree begins with the one that the witness cosigned last."""

    old: int
    """The size of that one; 0 where there is none."""
    proof: tuple[bytes, ...]
    note: bytes

    def to_bytes(self) -> bytes:
        """The body of the request."""
        lines = [f"old {self.old}", *map(to_base64, self.proof)]
        return "\n".join(lines).encode() + b"\n\n" + self.note

    @classmethod
    def parse(cls, body: bytes) -> "AddCheckpoint":
        """Read a body; its note is read by whoever believes it. Raises `MalformedRequest`."""
        head, blank, note = body.partition(b"\n\n")
        try:
            first, *rest = head.decode("ascii").split("\n")
            if not blank or not first.startswith("old "):
                raise ValueError("it does not begin with the old size, the proof and a blank line")
            if len(rest) > MAX_PROOF:
                raise ValueError(f"a proof has at most {MAX_PROOF} lines")
            return cls(decimal(first.removeprefix("old ")), tuple(map(hash_of, rest)), note)
        except ValueError as error:
            raise MalformedRequest(reason=error) from None
