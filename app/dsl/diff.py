"""What changed between two versions of a definition: in what it means, not in how it is written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from .definition import AgentDefinition, Definition
from .run.builtins.signature import type_text
from .settings.expression_text import statement_text, text_of
from .tree import Block, FunctionDef, Program, RecordType, Rule, TypeDef, WithBlock

Part = Literal[
    "agent",
    "inputs",
    "configuration",
    "capabilities",
    "policies",
    "schedules",
    "blocks",
    "types",
    "functions",
    "body",
]
"""What a change is about, in the order in which changes are told."""

_APART = ("inputs", "result", "capabilities", "policies", "schedules", "blocks")
"""What is compared in ways of its own, and not as configuration."""

_MOST_PAIRS = 1_000_000
"""Statements of two bodies that are compared each with each; larger bodies are only said to differ."""


@dataclass(frozen=True)
class Change:
    """One thing that is otherwise than before: None stands for what is not there."""

    part: Part
    name: str
    before: Any
    after: Any
    agent: str | None = None
    """Whose it is; None for what belongs to the file."""

    @property
    def kind(self) -> Literal["added", "removed", "changed"]:
        return "added" if self.before is None else "removed" if self.after is None else "changed"


def diff(before: Definition, after: Definition, agents: tuple[str, str] | None = None) -> list[Change]:
    """Every change from *before* to *after*; none where only layout and comments differ.

    *agents* names the one of each that are compared. Without it, the only one of each is, whatever it is
    called; or where there are several, those of the same name.
    """
    changes = [
        *_agents(before, after, agents),
        *_types(before.program, after.program),
        *_functions(_of(before.program), _of(after.program), None),
    ]
    return sorted(changes, key=lambda change: (change.agent is None, change.agent, _ORDER[change.part]))


_ORDER = {part: place for place, part in enumerate(Part.__args__)}  # type: ignore[attr-defined]


def _agents(before: Definition, after: Definition, names: tuple[str, str] | None) -> Iterator[Change]:
    pairs: Iterable[tuple[AgentDefinition | None, AgentDefinition | None]]
    if names is not None:
        pairs = [(before.agent(names[0]), after.agent(names[1]))]
    elif len(before.agents) == len(after.agents) == 1:
        pairs = [(before.agent(), after.agent())]
    else:
        pairs = [
            (before.agents.get(name), after.agents.get(name)) for name in {**before.agents, **after.agents}
        ]
    for one, other in pairs:
        if one is not None and other is not None:
            yield from _agent(one, other)
        else:
            yield Change("agent", "agent", one and one.name, other and other.name)


def _agent(before: AgentDefinition, after: AgentDefinition) -> Iterator[Change]:
    name = after.name
    if before.name != name:
        yield Change("agent", "name", before.name, name, name)
    old, new = before.config.model_dump(mode="json"), after.config.model_dump(mode="json")
    yield from _mapping("inputs", _inputs(old), _inputs(new), name)
    yield from _mapping("configuration", _flat(old), _flat(new), name)
    yield from _set("capabilities", old["capabilities"], new["capabilities"], name)
    yield from _set("policies", _rules(before), _rules(after), name)
    yield from _items("schedules", _schedules(old), _schedules(new), name)
    yield from _items("blocks", _blocks(old), _blocks(new), name)
    yield from _functions(_of(before.node), _of(after.node), name)
    yield from _statements("body", "body", _body(before), _body(after), name)


def _inputs(config: Mapping[str, Any]) -> dict[str, Any]:
    found = {each["name"]: each["type"] for each in config["inputs"]}
    return found if config["result"] is None else {**found, "result": config["result"]}


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings by dotted names, without what is compared elsewhere."""
    return dict(_dotted({name: value for name, value in config.items() if name not in _APART}))


def _dotted(of: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in of.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{above}{name}.")
        elif value not in (None, [], ""):
            yield f"{above}{name}", value


def _schedules(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: dict(_dotted({**each, "name": None})) for each in config["schedules"]}


def _blocks(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{each['kind']} {each['name']}": dict(_dotted(each["settings"])) for each in config["blocks"]}


def _rules(agent: AgentDefinition) -> list[str]:
    """Each rule as a text: the order of rules means nothing."""
    return [
        f"{policy.node.name}: {_rule(rule)}" for policy in agent.read.policies for rule in policy.node.rules
    ]


def _rule(rule: Rule) -> str:
    condition = "" if rule.condition is None else f" if {text_of(rule.condition)}"
    return f"{rule.kind}: {text_of(rule.subject)}{condition}"


def _body(agent: AgentDefinition) -> Block | None:
    return next((item.body for item in agent.node.items if isinstance(item, WithBlock)), None)


def _types(before: Program, after: Program) -> Iterator[Change]:
    yield from _mapping("types", _fields(before), _fields(after), None)


def _fields(program: Program) -> dict[str, Any]:
    """Fields by dotted names; an alias by its own."""
    found: dict[str, Any] = {}
    for item in program.items:
        if not isinstance(item, TypeDef):
            continue
        if isinstance(item.definition, RecordType):
            found.update(
                {f"{item.name}.{field.name}": type_text(field.type) for field in item.definition.fields}
            )
        else:
            found[item.name] = type_text(item.definition)
    return found


def _of(node: Any) -> dict[str, FunctionDef]:
    return {item.name: item for item in node.items if isinstance(item, FunctionDef)}


def _functions(
    before: Mapping[str, FunctionDef], after: Mapping[str, FunctionDef], agent: str | None
) -> Iterator[Change]:
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        yield from _mapping("functions", _signature(old), _signature(new), agent)
        if old is not None and new is not None:
            yield from _statements("functions", name, old.body, new.body, agent)


def _signature(function: FunctionDef | None) -> dict[str, Any]:
    if function is None:
        return {}
    params = ", ".join(f"{param.name}: {type_text(param.type)}" for param in function.params)
    returns = "" if function.returns is None else f" -> {type_text(function.returns)}"
    return {function.name: f"({params}){returns}"}


def _mapping(
    part: Part, before: Mapping[str, Any], after: Mapping[str, Any], agent: str | None
) -> Iterator[Change]:
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old != new or type(old) is not type(new):
            yield Change(part, name, old, new, agent)


def _items(
    part: Part, before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]], agent: str
) -> Iterator[Change]:
    """Items that came or went as a whole; of those that stayed, the settings."""
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            yield Change(part, name, old, new, agent)
        else:
            yield from _mapping(part, _under(name, old), _under(name, new), agent)


def _under(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}.{setting}": value for setting, value in settings.items()}


def _set(part: Part, before: Sequence[str], after: Sequence[str], agent: str) -> Iterator[Change]:
    yield from _mapping(part, {name: name for name in before}, {name: name for name in after}, agent)


def _statements(
    part: Part, name: str, before: Block | None, after: Block | None, agent: str | None
) -> Iterator[Change]:
    """What changed between two bodies, by the statements that they consist of."""
    if before == after:
        return
    old, new = _texts(before), _texts(after)
    if len(old) * len(new) > _MOST_PAIRS:
        yield Change(part, name, f"{len(old)} statements", f"{len(new)} statements", agent)
        return
    for tag, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        gone, come = old[first:last], new[start:end]
        for place in range(max(len(gone), len(come))):
            yield Change(
                part,
                name,
                gone[place] if place < len(gone) else None,
                come[place] if place < len(come) else None,
                agent,
            )


def _texts(block: Block | None) -> list[str]:
    if block is None:
        return []
    found = [statement_text(statement) for statement in block.statements]
    return found if block.result is None else [*found, text_of(block.result)]


__all__ = ["Change", "Part", "diff"]
