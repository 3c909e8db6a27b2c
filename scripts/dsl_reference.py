"""Writes the tables of docs/reference/dsl.md from the code that they describe; what stands around them stays.

`python -m scripts.dsl_reference` writes them; with `--check` it fails where they are not up to date. A table
stands between `<!-- table: name -->` and `<!-- end -->`.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from app.dsl.check.annotations import GENERIC, PLAIN
from app.dsl.check.codes import CODES
from app.dsl.run.builtins.signature import Builtin
from app.dsl.run.builtins.table import BUILTINS
from app.dsl.run.failures import KINDS
from app.dsl.settings import blocks, schedules
from app.dsl.settings.attributes import ATTRIBUTES
from app.dsl.settings.kinds import Kind
from app.dsl.settings.metadata import KNOWN
from app.dsl.settings.requirements import AUDIT_SETTINGS, PREFIXES, REQUIREMENTS, Named

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "dsl.md"

_TABLE = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


class UnknownTable(LookupError):
    """The page asks for a table that nobody makes."""


def page(text: str) -> str:
    """*text* with its tables as the code has them."""
    return _TABLE.sub(lambda found: f"{found[1]}\n{_table(found[2])}\n\n{found[3]}", text)


def _table(name: str) -> str:
    if name not in TABLES:
        raise UnknownTable(f"there is no table {name}; there are {', '.join(TABLES)}")
    return "\n".join(TABLES[name]())


def _rows(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    heads = list(heads)
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(_cell(each) for each in row)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _attributes() -> Iterator[str]:
    return _rows(
        ("attribute", "takes", "effect", "without it"),
        (
            (
                f"`{one.name}`",
                one.kind.words,
                f"{one.effect}{f' No effect before there are {one.awaits}.' if one.awaits else ''}",
                one.without,
            )
            for one in ATTRIBUTES
        ),
    )


def _named(heads: tuple[str, str, str], of: Iterable[Named], suffix: str = "") -> Iterator[str]:
    return _rows(heads, ((f"`{one.name}{suffix}`", one.kind.words, one.meaning) for one in of))


def _audits() -> Iterator[str]:
    yield from _named(("setting", "takes", "meaning"), AUDIT_SETTINGS)
    yield from list(_named(("", "", ""), PREFIXES, "…"))[2:]


def _settings(kinds: Mapping[str, Kind]) -> Iterator[str]:
    return _rows(("setting", "takes"), ((f"`{name}`", kind.words) for name, kind in kinds.items()))


def _schedules() -> Iterator[str]:
    return _rows(
        ("setting", "takes", "meaning"),
        ((f"`{name}`", kind.words, schedules.MEANINGS[name]) for name, kind in schedules.KINDS.items()),
    )


def _types() -> Iterator[str]:
    plain = (f"`{name}`" for name in PLAIN)
    generic = (f"`{name}<{', '.join(['…'] * number)}>`" for name, number in GENERIC.items())
    yield f"{', '.join(plain)}, {', '.join(generic)}, `Function<…>`."


def _codes() -> Iterator[str]:
    return _rows(
        ("code", "", "says"), ((f"`{code}`", severity, says) for code, (severity, says) in CODES.items())
    )


def _builtins() -> Iterator[str]:
    by_receiver: dict[str, list[Builtin]] = {}
    for one in BUILTINS:
        by_receiver.setdefault(one.receiver.name if one.receiver else "", []).append(one)
    for receiver, found in by_receiver.items():
        yield ""
        yield f"### {_TITLES[receiver]}"
        yield ""
        yield from _rows(("", ""), ((f"`{one.signature}`", one.doc) for one in found))


_TITLES = {
    "": "Functions",
    "any": "Methods of every value",
    "number": "Methods of numbers",
    "Duration": "Methods of durations",
    "String": "Methods of Strings",
    "List": "Methods of Lists",
    "Map": "Methods of Maps and records",
}


def _kinds() -> Iterator[str]:
    return _rows(("kind", "stands for"), ((f"`{name}`", meaning) for name, meaning in KINDS.items()))


TABLES: Mapping[str, Callable[[], Iterable[str]]] = {
    "attributes": _attributes,
    "metadata": lambda: _settings(KNOWN),
    "requirements": lambda: _named(("requirement", "takes", "meaning"), REQUIREMENTS),
    "audits": _audits,
    "schedules": _schedules,
    "memory": lambda: _settings(blocks.MEMORY),
    "search": lambda: _settings(blocks.SEARCH),
    "webhook": lambda: _settings(blocks.WEBHOOK),
    "filter": lambda: _settings(blocks.FILTER),
    "channel": lambda: _settings(blocks.CHANNEL),
    "types": _types,
    "codes": _codes,
    "builtins": _builtins,
    "errors": _kinds,
}
"""Each table by its name on the page."""


def main(arguments: list[str]) -> int:
    text = PAGE.read_text(encoding="utf-8")
    made = page(text)
    if arguments == ["--check"]:
        if made != text:
            print(f"{PAGE} is not up to date; run `make docs`.", file=sys.stderr)
        return int(made != text)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
