"""Reads `memory`, `webhook` and `channel` blocks."""

from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import JsonValue

from events.agent_config import Block

from ..report import Report
from ..source import Source, Span
from ..tree import (
    ChannelDef,
    DataClassification,
    FilterBlock,
    MemoryDef,
    PolicyDef,
    SearchBlock,
    Setting,
    WebhookDef,
)
from .kinds import Anything, Choice, Flag, Kind, Lasting, Share, Text, Texts, Whole
from .policies import ReadPolicy, read_policy
from .reading import Read, duplicate, read_settings

_AGENT = Text(64, like='the name of an agent as `"reporter"`')
_SECRET = Text(
    512, r"vault://[A-Za-z0-9_-]+([./]+[A-Za-z0-9_-]+)*", 'where a secret is kept as `"vault://hooks/key"`'
)

MEMORY: Final[Mapping[str, Kind]] = {
    "store": Text(64),
    "path": Text(1024),
    "retention": Lasting(100 * 31_536_000, "100 years"),
    "max_entries": Whole(1, 2**53 - 1),
}
SEARCH: Final[Mapping[str, Kind]] = {
    "vector_weight": Share(),
    "keyword_weight": Share(),
    "limit": Whole(1, 10_000),
    "min_score": Share(),
}
WEBHOOK: Final[Mapping[str, Kind]] = {
    "path": Text(512, r"/[^\s?#]*", 'a path as `"/hooks/orders"`'),
    "provider": Text(64),
    "secret": _SECRET,
    "agent": _AGENT,
}
FILTER: Final[Mapping[str, Kind]] = {
    "json_path": Text(512, r"\$.*", 'a JSONPath as `"$.type"`'),
    "equals": Anything(),
    "contains": Text(1024),
}
CHANNEL: Final[Mapping[str, Kind]] = {
    "platform": Text(64),
    "workspace": Text(),
    "channels": Texts(),
    "default_agent": _AGENT,
    "dlp_profile": Text(),
    "audit_level": Choice.of("none", "decision", "metadata", "full"),
    "default_deny": Flag(),
}
DATA_HANDLING = Choice.of("allow", "redact", "block")
"""What a channel does with data of a class, in `data_classification`."""


def read_memory(node: MemoryDef, report: Report) -> Block:
    """The block; what it says wrongly is reported and left out."""
    settings = _plain(read_settings(_settings(node.items), dict(MEMORY), report, of="a memory"))
    for search in _only(node.items, SearchBlock, "search", report):
        settings["search"] = _object(
            read_settings(search.settings, dict(SEARCH), report, of="`search` of a memory")
        )
    return Block(kind="memory", name=node.name, settings=settings)


def read_webhook(node: WebhookDef, report: Report) -> tuple[Block, Read | None]:
    """The block, and the agent that it names."""
    read = read_settings(_settings(node.items), dict(WEBHOOK), report, of="a webhook")
    settings = _plain(read)
    if not any(isinstance(item, Setting) and item.name == "path" for item in node.items):
        report.error(
            "missing-setting",
            f"the webhook `{node.name}` has no `path`",
            node.name_span,
            help='add `path "/hooks/…"`',
        )
    for filter in _only(node.items, FilterBlock, "filter", report):
        settings["filter"] = _object(
            read_settings(filter.settings, dict(FILTER), report, of="`filter` of a webhook")
        )
    return Block(kind="webhook", name=node.name, settings=settings), read.get("agent")


def read_channel(
    node: ChannelDef, source: Source, report: Report
) -> tuple[Block, Read | None, list[ReadPolicy]]:
    """The block, the agent that it names, and its policies, which are in the block too."""
    read = read_settings(_settings(node.items), dict(CHANNEL), report, of="a channel")
    settings = _plain(read)
    policies = [read_policy(item, source, report) for item in node.items if isinstance(item, PolicyDef)]
    if policies:
        settings["policies"] = [each.stated.model_dump(mode="json", exclude_none=True) for each in policies]
    for classes in _only(node.items, DataClassification, "data_classification", report):
        kinds: dict[str, Kind] = {setting.name: DATA_HANDLING for setting in classes.settings}
        settings["data_classification"] = _object(
            read_settings(classes.settings, kinds, report, of="`data_classification`")
        )
    return Block(kind="channel", name=node.name, settings=settings), read.get("default_agent"), policies


def _settings(items: Iterable[object]) -> list[Setting]:
    return [item for item in items if isinstance(item, Setting)]


def _only(
    items: Iterable[object],
    kind: type[SearchBlock | FilterBlock | DataClassification],
    name: str,
    report: Report,
) -> list[SearchBlock | FilterBlock | DataClassification]:
    """The one block of that kind, in a list; any more are reported."""
    found = [item for item in items if isinstance(item, kind)]
    for again in found[1:]:
        first, second = found[0].span, again.span
        duplicate(name, _head(second, name), _head(first, name), report, of="its block")
    return found[:1]


def _head(span: Span, name: str) -> Span:
    return Span(span.start, min(span.end, span.start + len(name)))


def _plain(read: Mapping[str, Read]) -> dict[str, JsonValue]:
    return {name: each.value for name, each in read.items()}


def _object(read: Mapping[str, Read]) -> JsonValue:
    made: dict[str, JsonValue] = _plain(read)
    return made
