"""C2SP signed notes: a text, and lines that sign it (c2sp.org/signed-note)."""

from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import Invalid
from .encoding import from_base64, to_base64

MAX_BYTES = 1024 * 1024
MAX_SIGNATURES = 100

_DASH = "— "


class MalformedNote(Invalid):
    """This is no signed note: {reason}."""


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """What one key adds to a note: `— name base64(key id || signature)`."""

    name: str
    key_id: bytes
    """Four bytes, which together with the name say which key it was."""
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> "SignatureLine":
        """Read a line without its newline. Raises `MalformedNote`."""
        parts = line.removeprefix(_DASH).split(" ")
        if not line.startswith(_DASH) or len(parts) != 2 or not is_name(parts[0]):
            raise MalformedNote(reason=f"{line!r:.80} is not a signature line")
        try:
            raw = from_base64(parts[1])
        except ValueError as error:
            raise MalformedNote(reason=str(error)) from None
        if len(raw) < 5:
            raise MalformedNote(reason=f"the signature of {parts[0]!r:.80} is too short")
        return cls(parts[0], raw[:4], raw[4:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and its signature lines; nothing about it is verified yet."""

    text: str
    signatures: tuple[SignatureLine, ...]

    @classmethod
    def parse(cls, raw: bytes) -> "Note":
        """Read a whole note.

        Raises:
            MalformedNote: it is none, or larger than `MAX_BYTES` or `MAX_SIGNATURES`.
        """
        if len(raw) > MAX_BYTES:
            raise MalformedNote(reason=f"it has {len(raw)} bytes, and {MAX_BYTES} are accepted")
        try:
            whole = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedNote(reason="it is not UTF-8") from None
        if any(character < " " and character != "\n" for character in whole):
            raise MalformedNote(reason="there is a control character in it")
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise MalformedNote(reason="no signature lines follow a blank line")
        return cls(text + "\n", parse_lines(lines))

    def to_bytes(self) -> bytes:
        """The note as it is stored and sent."""
        return f"{self.text}\n{''.join(map(str, self.signatures))}".encode()

    def with_lines(self, more: Iterable[SignatureLine]) -> "Note":
        """The same text with more lines, each line once."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *more))))


def parse_lines(lines: str) -> tuple[SignatureLine, ...]:
    """Read signature lines, each with its newline. Raises `MalformedNote`; also where there is none."""
    each = lines.removesuffix("\n").split("\n")
    if len(each) > MAX_SIGNATURES:
        raise MalformedNote(reason=f"it has {len(each)} signatures, and {MAX_SIGNATURES} are accepted")
    return tuple(SignatureLine.parse(line) for line in each)


def is_name(name: str) -> bool:
    """Whether a key may be called that: UTF-8, not empty, no spaces of any kind, no `+`."""
    return bool(name) and not any(
        character == "+" or character.isspace() or "\ud800" <= character <= "\udfff" for character in name
    )
