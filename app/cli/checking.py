"""What is told about definition files: to people with the line and a caret, to programs as JSON."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Invalid
from .definitions import SUFFIXES
from .output import printable
from .requests import read_file

if TYPE_CHECKING:
    from rich.text import Text

    from app.dsl.definition import Reading
    from app.dsl.diagnostics import Diagnostic
    from app.dsl.source import Source

STDIN = Path("-")

_COLOURS = {"error": "1;31", "warning": "1;33", "note": "1;36", "place": "34", "code": "", "": "1"}
"""Of the styles of `app.dsl.rendering`, as ANSI codes; a terminal without colours is shown none."""


class NoDefinitions(Invalid):
    """There is no definition in {folder}: no file there ends in .symbi or .dsl."""


def files(given: Iterable[Path]) -> list[Path]:
    """The files, each once; a directory stands for the definitions below it.

    Raises:
        NoDefinitions: there are none below a directory.
    """
    found: list[Path] = []
    for path in given:
        if path != STDIN and path.is_dir():
            below = sorted(one for one in path.rglob("*") if one.suffix.lower() in SUFFIXES and one.is_file())
            if not below:
                raise NoDefinitions(folder=path)
            found += below
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def content(path: Path) -> tuple[bytes, str]:
    """The bytes of a file, and what messages call it. Raises `Invalid` where it cannot be read."""
    if path == STDIN:
        return sys.stdin.buffer.read(), "stdin"
    return read_file(path), str(path)


def read(path: Path, *, syntax_only: bool = False) -> "tuple[Source, Sequence[Diagnostic], Reading | None]":
    """What is told of a file, and what it says; with *syntax_only* it is parsed and no more."""
    from app.dsl.definition import read_definition
    from app.dsl.syntax import load

    data, name = content(path)
    if syntax_only:
        parsed = load(data, name)
        return parsed.source, parsed.diagnostics, None
    reading = read_definition(data, name)
    return reading.source, reading.diagnostics, reading


@dataclass(frozen=True)
class LaidOut:
    """A file as it should be laid out."""

    text: str
    changes: bool
    """Whether it is not so yet."""
    before: str

    def diff(self, name: str) -> str:
        """What would change, as a unified diff that can do nothing to a terminal."""
        before, after = self.before.splitlines(), self.text.splitlines()
        lines = unified_diff(before, after, name, name, lineterm="")
        return "".join(f"{printable(line)}\n" for line in lines)

    def write(self, path: Path) -> None:
        """Put the text in place of what *path* holds, whole or not at all; its mode stays."""
        from app.adapters import durable_files

        path = path.resolve()
        mode = path.stat().st_mode
        durable_files.replace(path, self.text.encode())
        path.chmod(mode)


@dataclass(frozen=True)
class NotLaidOut:
    """A file that cannot be laid out, because of its errors."""

    source: "Source"
    diagnostics: "Sequence[Diagnostic]"


def lay_out(path: Path) -> LaidOut | NotLaidOut:
    """How the file should be laid out. Raises `Invalid` where it cannot be read."""
    from app.dsl.formatting import formatted
    from app.dsl.syntax import load

    data, name = content(path)
    parsed = load(data, name)
    if not parsed.ok:
        return NotLaidOut(parsed.source, parsed.diagnostics)
    text = formatted(parsed)
    return LaidOut(text, text.encode() != data, parsed.source.text)


def rendered(source: "Source", diagnostics: "Sequence[Diagnostic]") -> "Text":
    """Each with its line and a caret, in colours."""
    from rich.text import Text

    from app.dsl.rendering import render

    return Text.from_ansi(render(source, diagnostics, _painted))


def _painted(style: str, text: str) -> str:
    code = _COLOURS[style]
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


def as_document(
    source: "Source", diagnostics: "Sequence[Diagnostic]", reading: "Reading | None"
) -> dict[str, Any]:
    """One file as a JSON object; ranges are those of the Language Server Protocol."""
    from app.dsl.rendering import as_json

    document: dict[str, Any] = {
        "file": source.name,
        "ok": not any(one.is_error for one in diagnostics),
        "diagnostics": as_json(source, diagnostics),
    }
    if reading is not None:
        document["digest"] = reading.digest
        document["agents"] = list(reading.definition.agents) if reading.definition else []
    return document
