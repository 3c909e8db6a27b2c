"""Cedar text of policies that were written in something else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..request import EntityType
from ..schema.actions import GROUPS

WITH_MEMBERS = frozenset(
    {
        EntityType.ROLE,
        EntityType.TENANT,
        EntityType.TOOL_SERVER,
        EntityType.TOPIC,
        EntityType.KNOWLEDGE,
        EntityType.DATA_CLASS,
    }
)
"""Entities that others are in: naming one means it and all of them."""

Effect = Literal["permit", "forbid"]

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


@dataclass(frozen=True, slots=True)
class Draft:
    """One policy, in parts."""

    id: str
    effect: Effect
    principals: Sequence[str] | None = None
    """Entity types and entities, `Tool::"mail"`, any of which; none is anybody."""
    actions: Sequence[str] | None = None
    """Actions and groups."""
    resources: Sequence[str] | None = None
    when: Sequence[str] = ()
    """Cedar expressions, all of which."""
    unless: Sequence[str] = ()
    reason: str = ""
    conditions: str = ""
    suspends: bool = False

    def to_cedar(self) -> str:
        """The policy as Cedar text."""
        annotations = [("id", self.id), ("reason", self.reason), ("condition", self.conditions)]
        lines = [f"@{name}({quote(value)})" for name, value in annotations if value]
        if self.suspends:
            lines.append('@on_deny("suspend")')
        principal, principal_test = _scoped("principal", self.principals)
        resource, resource_test = _scoped("resource", self.resources)
        lines.append(f"{self.effect}({principal}, {_action(self.actions)}, {resource})")
        lines += [f"when {{ {test} }}" for test in (principal_test, resource_test, *self.when) if test]
        lines += [f"unless {{ {test} }}" for test in self.unless]
        return "\n".join(lines) + ";"


def quote(text: str) -> str:
    """*text* as a Cedar string."""
    return (
        '"' + "".join(_ESCAPES.get(one) or (one if one.isprintable() else _code(one)) for one in text) + '"'
    )


def any_of(tests: Iterable[str]) -> str:
    """A test that holds when one of *tests* does."""
    found = list(tests)
    return found[0] if len(found) == 1 else " || ".join(f"({test})" for test in found)


def test_of(variable: str, entity: str) -> str:
    """A Cedar expression: *variable* is what *entity* names."""
    name, _, rest = entity.partition("::")
    if not rest:
        return f"{variable} is {name}"
    return f"{variable} {'in' if name in WITH_MEMBERS else '=='} {entity}"


def _scoped(variable: str, entities: Sequence[str] | None) -> tuple[str, str]:
    """What goes into the scope, and what has to be a condition."""
    if not entities:
        return variable, ""
    if len(entities) == 1:
        return test_of(variable, entities[0]), ""
    return variable, any_of(test_of(variable, entity) for entity in entities)


def _action(actions: Sequence[str] | None) -> str:
    if not actions:
        return "action"
    names = [f"Action::{quote(action)}" for action in actions]
    if len(names) == 1:
        return f"action {'in' if actions[0] in GROUPS else '=='} {names[0]}"
    return f"action in [{', '.join(names)}]"


def _code(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"
