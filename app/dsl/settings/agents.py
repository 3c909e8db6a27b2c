"""Reads what an agent says besides code: its attributes and capabilities."""

import re
from collections.abc import Iterable

from events.agent_config import SandboxTier, SecurityLevel

from ..diagnostics import Note
from ..report import Report
from ..source import Span
from ..tree import AgentDef, Capabilities, Identifier, Setting, StringLiteral, WithBlock
from .attributes import ATTRIBUTES, BY_NAME
from .reading import Read, duplicate, unknown, value_of

MOST_CAPABILITIES = 256

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


def read_attributes(agent: AgentDef, report: Report) -> dict[str, Read]:
    """The attributes, by the field of an `AgentConfig` that each sets."""
    settings = [item for item in agent.items if isinstance(item, Setting)]
    for item in agent.items:
        if isinstance(item, WithBlock):
            settings += item.settings
    found: dict[str, Read] = {}
    said: dict[str, Setting] = {}
    for setting in settings:
        attribute = BY_NAME.get(setting.name)
        if attribute is None:
            unknown(setting, [one.name for one in ATTRIBUTES], report, of="an agent")
            continue
        if (first := said.get(attribute.field)) is not None:
            _again(setting, first, report)
            continue
        said[attribute.field] = setting
        value = value_of(setting.value, setting.name, attribute.kind, report)
        if value is not None:
            found[attribute.field] = Read(setting.name, value, setting.value.span, setting.name_span)
    _agree(found, report)
    return found


def _again(setting: Setting, first: Setting, report: Report) -> None:
    if setting.name == first.name:
        duplicate(setting.name, setting.name_span, first.name_span, report, of="an agent")
        return
    report.error(
        "duplicate-name",
        f"`{setting.name}` says the same as `{first.name}`",
        setting.name_span,
        notes=[Note(f"`{first.name}` is here", first.name_span)],
        help="leave out one of them",
    )


def _agree(found: dict[str, Read], report: Report) -> None:
    """Report attributes that contradict one another."""
    security, tier = found.get("security"), found.get("tier")
    if security is None or tier is None or security.value != SecurityLevel.MAXIMUM:
        return
    if tier.value != SandboxTier.GVISOR:
        report.error(
            "contradiction",
            f"`{security.name}` demands the strictest sandbox, and `sandbox` a looser one",
            tier.span,
            notes=[Note(f"`{security.name}` is here", security.name_span)],
            help='write `sandbox = "gvisor"`, or leave it out',
        )


def read_capabilities(agent: AgentDef, report: Report) -> dict[str, Span]:
    """What the agent may call: each dotted name, and where it is declared."""
    blocks = [item for item in agent.items if isinstance(item, Capabilities)]
    for again in blocks[1:]:
        duplicate("capabilities", _head(again), _head(blocks[0]), report, of="an agent")
    found: dict[str, Span] = {}
    for item in blocks[0].value.items if blocks else ():
        match item:
            case StringLiteral(value=name) | Identifier(name=name) if _NAME.fullmatch(name):
                if name in found:
                    _twice(name, item.span, found[name], report)
                else:
                    found[name] = item.span
            case _:
                report.error(
                    "bad-capability",
                    "this is no name of a capability",
                    item.span,
                    help='write a dotted name of at most 64 characters: `"read_rows"`, `"http.get"`',
                )
    if len(found) > MOST_CAPABILITIES:
        report.error(
            "too-many",
            f"the agent has {len(found)} capabilities",
            _head(blocks[0]),
            help=f"an agent has at most {MOST_CAPABILITIES}; split it",
        )
    return found


def _twice(name: str, again: Span, first: Span, report: Report) -> None:
    report.error(
        "duplicate-name",
        f"the capability `{name}` is declared twice",
        again,
        "the second time",
        notes=[Note("the first time", first)],
        help="leave out one of them",
    )


def _head(block: Capabilities) -> Span:
    return Span(block.span.start, block.span.start + len("capabilities"))


def bodies(agent: AgentDef, report: Report) -> Iterable[WithBlock]:
    """The one `with` block of an agent, in a list; any more are reported."""
    found = [item for item in agent.items if isinstance(item, WithBlock)]
    for again in found[1:]:
        first, second = found[0].span.start, again.span.start
        duplicate("with", Span(second, second + 4), Span(first, first + 4), report, of="an agent")
    if not found:
        report.warning(
            "no-body",
            f"the agent `{agent.name}` has no body",
            agent.name_span,
            help="add `with { … }`; without it there is nothing that its tasks could run",
        )
    return found[:1]
