"""Consoles as pages show them: `$ command`, and below it what it prints, with `…` for what may differ."""

import re
import shlex
from typing import NamedTuple


class Typed(NamedTuple):
    """One command of a console, and what is shown below it."""

    words: list[str]
    """Without the dollar sign; comments are left out."""
    shown: str

    def shows(self, output: str) -> bool:
        """Whether *output* is what is shown; a line that is `…` stands for any lines, or for none."""
        return re.fullmatch(_pattern(self.shown), _trimmed(output), re.DOTALL) is not None


def typed(console: str) -> list[Typed]:
    """The commands of a console, in order."""
    first, *rest = re.split(r"^\$ ", console, flags=re.MULTILINE)
    assert not first.strip(), f"this is above the first command: {first}"
    found = []
    for each in rest:
        command, _, shown = each.partition("\n")
        found.append(Typed(shlex.split(command, comments=True), shown))
    return found


def _trimmed(text: str) -> str:
    """Without spaces at the ends of lines, and empty lines at the end."""
    return "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())


def _pattern(shown: str) -> str:
    lines = [
        r"(?:[^\n]*\n)*" if line == "…" else r"[^\n]*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in _trimmed(shown).splitlines()
    ]
    return "".join(lines)
