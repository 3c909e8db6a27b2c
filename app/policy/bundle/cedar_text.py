"""Policies written in Cedar."""

import re
from collections.abc import Iterator
from itertools import pairwise

from ...dsl.source import Source
from ..condition_text import BadCondition, nearest, parse_all
from .cedar_tokens import MAX_NESTING, Token, statements, too_deep
from .policy import ANNOTATIONS, POLICY_ID, SUSPEND, Policy, from_cedar
from .problems import Place, Problem, place_at

MAX_POLICIES = 10_000

_QUOTED = re.compile(r"`([^`]+)`")
_ENDS_EARLY = "unexpected end of input"


def read(source: Source) -> tuple[list[Policy], list[Problem]]:
    """The policies in a file of Cedar, and everything that is wrong with it."""
    policies, problems = [], []
    found = list(statements(source.text))
    if len(found) > MAX_POLICIES:
        return [], [too_many(len(found), Place(source.name))]
    for tokens in found:
        text = source.text[tokens[0].start : tokens[-1].end]
        place = place_at(source, tokens[0].start)
        if (deep := too_deep(tokens)) is not None:
            why = f"nested more than {MAX_NESTING} deep"
            problems.append(Problem(place_at(source, deep.start), why))
            continue
        try:
            policy = from_cedar(text, place)
        except ValueError as error:
            offset = _offset(source.text, tokens, str(error))
            problems.append(Problem(place_at(source, offset), f"{error}, in the policy of line {place.line}"))
            continue
        wrong = list(_annotation_problems(policy, source, tokens))
        problems += wrong
        if "id" in policy.annotations:
            policies.append(policy)
    return policies, problems


def too_many(count: int, place: Place) -> Problem:
    """What is said of more policies than are taken."""
    return Problem(place, f"{count} policies; at most {MAX_POLICIES} are taken")


def locate(source: Source, place: Place, message: str) -> Place:
    """Where in the policy at *place* the first thing stands that *message* quotes; else *place*."""
    for tokens in statements(source.text):
        if place_at(source, tokens[0].start) == place:
            return place_at(source, _named(tokens, message) or tokens[0].start)
    return place


def _offset(text: str, tokens: list[Token], message: str) -> int:
    """Where the parser's *message* points; it does not say so itself."""
    if message.startswith(_ENDS_EARLY):
        return tokens[-1].start
    if not message.startswith(("unexpected", "invalid token")):
        return _named(tokens, message) or tokens[0].start
    # A text that ends before the wrong token is only incomplete, so the first that is more is wrong.
    low, high = 0, len(tokens) - 1
    while low < high:
        middle = (low + high) // 2
        if _incomplete(text[tokens[0].start : tokens[middle].end]):
            low = middle + 1
        else:
            high = middle
    return tokens[low].start


def _incomplete(text: str) -> bool:
    try:
        from_cedar(text, Place(""))
    except ValueError as error:
        return str(error).startswith(_ENDS_EARLY)
    return False


def _named(tokens: list[Token], message: str) -> int | None:
    """Where the tokens first have what *message* names: in quotes, or as its last word."""
    names = [*_QUOTED.findall(message), message.rpartition(" ")[2]]
    for name in names:
        last = name.rpartition("::")[2].rpartition(".")[2].strip('"')
        for token in tokens:
            if token.text.strip('"') == last:
                return token.start
    return None


def _annotation_problems(policy: Policy, source: Source, tokens: list[Token]) -> Iterator[Problem]:
    for name, value in policy.annotations.items():
        place = place_at(source, _annotation(tokens, name))
        if name not in ANNOTATIONS:
            yield Problem(place, f"@{name} is no annotation of policies{nearest(name, ANNOTATIONS)}")
        elif name == "condition":
            try:
                parse_all(value)
            except BadCondition as error:
                yield Problem(place, str(error))
        elif name == "on_deny":
            if value != SUSPEND:
                yield Problem(place, f'@on_deny("{value}") is unknown; there is @on_deny("{SUSPEND}")')
            elif not policy.forbids or "condition" in policy.annotations:
                yield Problem(place, "@on_deny needs a forbid without conditions: no other policy denies")
        elif name == "id" and not POLICY_ID.fullmatch(value):
            yield Problem(place, f"the @id {value!r} is not letters, digits, `_`, `-` and `.`, at most 128")
    if "id" not in policy.annotations:
        yield Problem(policy.place, "the policy has no @id, by which decisions name it")


def _annotation(tokens: list[Token], name: str) -> int:
    for mark, word in pairwise(tokens):
        if mark.text == "@" and word.text == name:
            return mark.start
    return tokens[0].start
