"""Parsing and checking: how much source a second."""

import re
import time
from pathlib import Path

from app.dsl.check import examine
from app.dsl.source import Source
from app.dsl.syntax import parse
from app.dsl.tree import AgentDef, FunctionDef, PolicyDef, ScheduleDef, TypeDef

from ..harness import Row, median, row

EXAMPLES = Path("docs/examples")
BYTES = 200_000
ROUNDS = 5
FLOOR = 100
"""KB of source a second."""


def measure() -> list[Row]:
    """One file of that size, made of the examples again and again under other names."""
    source = Source("large.symbi", large_file(BYTES))
    assert not _errors(source), _errors(source)[:3]
    parsing, both = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        parsed = parse(source)
        parsing.append(time.perf_counter() - began)
        examine(parsed.program, source)
        both.append(time.perf_counter() - began)
    size = len(source.text.encode()) / 1000
    return [
        row("parse and check", size / median(both), "KB/s", floor=FLOOR),
        row("parse alone", size / median(parsing), "KB/s"),
    ]


def large_file(size: int) -> str:
    """A definition of about *size* bytes without errors."""
    examples = [path.read_text() for path in sorted(EXAMPLES.glob("*.symbi")) if path.stem != "overreach"]
    made: list[str] = []
    while sum(map(len, made)) < size:
        made += [_renamed(text, len(made) + place) for place, text in enumerate(examples)]
    return "\n".join(made)


def _renamed(text: str, number: int) -> str:
    """An example whose names no other copy has."""
    named = (AgentDef, FunctionDef, PolicyDef, ScheduleDef, TypeDef)
    items = parse(Source("", text)).program.items
    names = {item.name for item in items if isinstance(item, named) and item.name is not None}
    text = re.sub(rf"\b({'|'.join(names)})\b(?!\")", rf"\1_{number}", text)
    text = re.sub(r'agent: "(\w+)"', rf'agent: "\1_{number}"', text)
    return re.sub(r"metadata \{.*?\n\}\n", "", text, flags=re.DOTALL)


def _errors(source: Source) -> list[str]:
    """What is wrong, which must be nothing."""
    parsed = parse(source)
    told = [*parsed.diagnostics, *examine(parsed.program, source).diagnostics]
    return [f"{source.position(one.span.start)}: {one.message}" for one in told if one.is_error]
