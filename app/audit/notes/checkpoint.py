"""Checkpoints: how large a log is, and what the root of its tree is (c2sp.org/tlog-checkpoint)."""

from dataclasses import dataclass

from .encoding import decimal, hash_of, to_base64
from .note import MalformedNote


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One state of one log."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Further lines, which mean nothing here; ours have none."""

    @property
    def text(self) -> str:
        """What is signed."""
        return "\n".join((self.origin, str(self.size), to_base64(self.root), *self.extensions)) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a note. Raises `MalformedNote` where it is no checkpoint."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):
            raise MalformedNote(reason="a checkpoint has at least three lines, and none is empty")
        origin, size, root, *extensions = lines
        try:
            return cls(origin, decimal(size), hash_of(root), tuple(extensions))
        except ValueError as error:
            raise MalformedNote(reason=str(error)) from None
