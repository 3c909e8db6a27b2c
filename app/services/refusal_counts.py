"""Refused commands, recorded in aggregate: one reading per source and second, never one event each."""

from dataclasses import dataclass, field

from events import clock
from events.identifiers import TOKEN
from events.identity import AuthFailed

MAX_SOURCES = 1_000
"""Sources counted by name within one second; the rest are counted together."""

UNKNOWN_SOURCE = "unknown"
OTHER_SOURCES = "others"


@dataclass(slots=True)
class _Count:
    first_ns: int
    last_ns: int
    example: str
    refusals: dict[str, int] = field(default_factory=dict)


class RefusalCounts:
    """Counts refusals by source and reason until they are collected."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}

    def count(self, source: str, code: str, example: str, now_ns: int) -> None:
        """One refusal of *source*, the principal that the command's subject names."""
        if not TOKEN.fullmatch(source):
            source = UNKNOWN_SOURCE
        if source not in self._counts and len(self._counts) >= MAX_SOURCES:
            source = OTHER_SOURCES
        count = self._counts.setdefault(source, _Count(now_ns, now_ns, example[:500]))
        count.last_ns = now_ns
        count.refusals[code] = count.refusals.get(code, 0) + 1

    def collect(self) -> list[AuthFailed]:
        """The readings of everything counted since the last collection."""
        counts, self._counts = self._counts, {}
        return [
            AuthFailed(
                source=source,
                refusals=count.refusals,
                first_at=clock.to_wire(count.first_ns),
                last_at=clock.to_wire(count.last_ns),
                example=count.example,
            )
            for source, count in counts.items()
        ]
