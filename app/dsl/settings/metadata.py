"""Reads `metadata` blocks: who and what the agents of a file are."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from events.identifiers import TOKEN

from ..report import Report
from ..source import Span
from ..tree import Metadata, RecordLiteral, Setting
from .constants import Constant, described, plain
from .kinds import Kind, Text, Unfit
from .reading import free, once, value_of

MOST: Final = 64
"""Free keys, and labels."""

_NAME = Text(64, r"[A-Za-z][A-Za-z0-9_.-]*", 'a name as `"ledger-summary"`')

_VERSION = re.compile(r"(\d{1,9})(\.\d{1,9})?(\.\d{1,9})?([-+][0-9A-Za-z.-]{1,64})?", re.ASCII)


@dataclass(frozen=True)
class Version:
    """A version as `1.4.0`; what it lacks of three numbers is 0."""

    words = 'a version as `"1.4.0"`'

    def read(self, value: Constant) -> JsonValue:
        found = _VERSION.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise Unfit(f"expected {self.words}, found {described(value)}")
        return f"{found[1]}{found[2] or '.0'}{found[3] or '.0'}{found[4] or ''}"


KNOWN: Final[dict[str, Kind]] = {
    "name": _NAME,
    "version": Version(),
    "description": Text(2000),
}
"""The keys that mean something; `labels` does too, every other is free."""


@dataclass
class ReadMetadata:
    """What the metadata of a file says."""

    name: str | None = None
    name_span: Span | None = None
    fields: dict[str, JsonValue] = field(default_factory=dict)
    """`version` and `description`, where they are given."""
    labels: dict[str, JsonValue] = field(default_factory=dict)
    free: dict[str, JsonValue] = field(default_factory=dict)


def read_metadata(blocks: Iterable[Metadata], report: Report) -> ReadMetadata:
    """Everything that the metadata blocks of a file say together."""
    found = ReadMetadata()
    settings = [setting for block in blocks for setting in block.settings]
    for setting in once(settings, report, of="the metadata"):
        _read(setting, found, report)
    if len(found.free) > MOST:
        report.error(
            "too-many",
            f"the metadata has {len(found.free)} keys of its own",
            settings[0].name_span,
            help=f"it has room for {MOST}",
        )
    return found


def _read(setting: Setting, found: ReadMetadata, report: Report) -> None:
    if setting.name == "labels":
        found.labels = _labels(setting, report)
        return
    kind = KNOWN.get(setting.name)
    if kind is None:
        value = free(setting, report)
        if value is not None:
            found.free[setting.name] = plain(value)
        return
    read = value_of(setting.value, setting.name, kind, report)
    if read is None:
        return
    if setting.name == "name":
        found.name, found.name_span = str(read), setting.name_span
    else:
        found.fields[setting.name] = read


def _labels(setting: Setting, report: Report) -> dict[str, JsonValue]:
    if not isinstance(setting.value, RecordLiteral):
        report.error(
            "wrong-kind",
            "`labels`: expected a record of texts",
            setting.value.span,
            help='write `labels = { team: "finance" }`',
        )
        return {}
    labels: dict[str, JsonValue] = {}
    for each in once(
        (
            Setting(one.name, one.value, span=one.span, name_span=one.name_span)
            for one in setting.value.fields
        ),
        report,
        of="the labels",
    ):
        if not TOKEN.fullmatch(each.name):
            report.error(
                "bad-name",
                f"`{each.name}` cannot be the name of a label",
                each.name_span,
                help="letters, digits, `-` and `_`, at most 64",
            )
            continue
        value = value_of(each.value, each.name, Text(), report)
        if value is not None:
            labels[each.name] = value
    if len(labels) > MOST:
        report.error(
            "too-many", f"there are {len(labels)} labels", setting.name_span, help=f"there is room for {MOST}"
        )
    return labels
