"""However a definition is made, checking it takes time and depth in proportion to its size."""

import inspect
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from app.dsl.check import examine
from app.dsl.source import Source
from app.dsl.syntax import parse

BYTES = 40_000
SECONDS = 10
"""Far above what any of them takes; one that grows with the square of its size, or worse, takes longer."""

FRAMES = 800
"""Calls inside one another that the checker may use of the interpreter's thousand."""


def many(make: Callable[[int], str], size: int = BYTES) -> str:
    def parts() -> Iterator[str]:
        length = number = 0
        while length < size:
            part = make(number)
            yield part
            length, number = length + len(part), number + 1

    return "".join(parts())


def agent(statements: str, inputs: str = "") -> str:
    return f"agent a({inputs}) {{ capabilities = [r] with {{ {statements} }} }}"


SMALL = 20_000
CALLS = agent(many(lambda n: "f();", SMALL))
RECORDS = agent(many(lambda n: "r(T { });", SMALL))
DOUBLED = "".join(f"let a{n + 1} = {{ l: a{n}, r: a{n} }};" for n in range(900))
ALIASES = "".join(f"type A{n} = Map<String, Function<A{n + 1}, A{n + 1}>>\n" for n in range(800))
CIRCLE = "".join(f"type A{n} = A{n + 1}\n" for n in range(1500))
AGENTS = many(lambda n: f"agent a{n}() {{ }}")
CALLERS = many(lambda n: f"agent a{n}() {{ with {{ f0(); }} }}")

HOSTILE = {
    "unknown names": agent(many(lambda n: f"r(x{n});")),
    "unknown capabilities": agent(many(lambda n: f"f{n}();")),
    "unknown types": many(lambda n: f"function f{n}(a: T{n}) {{ }}"),
    "parameters": f"function f({many(lambda n: f'a{n}: int,', SMALL)}) {{ }}{CALLS}",
    "fields": f"type T = {{ {many(lambda n: f'a{n}: int,', SMALL)} }}{RECORDS}",
    "types that double": agent(f"let a0 = [1]; {DOUBLED} r(a900 == a899);"),
    "aliases that double": f"{ALIASES}type A800 = int",
    "aliases in a circle": f"{CIRCLE}type A1500 = A0",
    "rules": f"policy p {{ {many(lambda n: f'deny: a({n}) allow: a({n}, x) ')} }}{AGENTS}",
    "functions that call on": many(lambda n: f"function f{n}() {{ f{n + 1}(); q{n}(); }}") + CALLERS,
    "schedules": many(lambda n: f'schedule {{ cron: "@daily", timezone: "Europe/Vienna{n}" }}'),
    "arms": agent(f"match 3 {{ {many(lambda n: f'{n} => 1,')} }}"),
    "variables": agent(many(lambda n: f"let x{n} = {{ a: 1 }}; x{n}.a = 2;")),
    "blocks": many(lambda n: f"memory m{n} {{ }}") + AGENTS,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_checking_takes_time_in_proportion_to_the_text(text: str) -> None:
    parsed = parse(Source("hostile.symbi", text))
    assert parsed.ok, parsed.diagnostics[0].message
    began = time.process_time()
    examine(parsed.program, parsed.source)
    assert time.process_time() - began < SECONDS


def nested(before: str, inner: str, after: str) -> str:
    """As deep as the parser reads it."""
    levels, found = 8, inner
    while parse(Source("", agent(text := before * levels + inner + after * levels))).ok and levels < 256:
        found, levels = text, levels + 8
    return agent(found)


DEEP = {
    "if": nested("if true { ", "", " }"),
    "for": nested("for x in [1] { ", "", " }"),
    "try": nested("try { ", "", " } catch (e) { }"),
    "match": nested("match 1 { _ => { ", "", " } }"),
    "call": nested("r(", "1", ")"),
    "list": nested("[", "1", "]"),
    "record": nested("{ a: ", "1", " }"),
    "lambda": nested("x => ", "1", ""),
    "method": nested("[1].map(x => ", "1", ")"),
    "operator": nested("1 - (", "1", ")"),
    "not": nested("!", "true", ""),
    "value": nested("if true { ", "1", " } else { 2 }"),
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_the_deepest_text_that_is_read_can_be_checked(text: str) -> None:
    parsed = parse(Source("deep.symbi", text))
    assert parsed.ok
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + FRAMES)
    try:
        examine(parsed.program, parsed.source)
    finally:
        sys.setrecursionlimit(before)
