"""When things can have happened: not before what the log held already, not after an outsider saw them."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from .problems import Code, Problems


class Times:
    """Bounds on the times of events, in the order of the log."""

    def __init__(self, seen: Iterable[tuple[int, int]], skew_ns: int, problems: Problems) -> None:
        """*seen*: sizes, and when an outsider had seen so much. Clocks may be *skew_ns* apart."""
        self._skew = skew_ns
        self._problems = problems
        self._sizes, self._latest = _upper(seen)
        self._floor = 0
        """No event that follows is older: what lies before it was signed at that time."""
        self._newest = 0
        """The broker's latest time so far."""

    @property
    def bounded(self) -> int:
        """Up to this position an outsider says when everything had happened."""
        return self._sizes[-1] if self._sizes else 0

    def over(self, time_ns: int) -> None:
        """The log holds what was made at that time: what follows is not older."""
        self._floor = max(self._floor, time_ns)

    def stored(self, first: int, times: Sequence[int]) -> None:
        """The broker's times of consecutive positions, from *first* on; 0 is one that is not known."""
        start = 0
        while start < len(times):
            bound = bisect_left(self._sizes, first + start)
            upto, latest = len(times), None
            if bound < len(self._sizes):
                upto, latest = min(upto, self._sizes[bound] - first + 1), self._latest[bound]
            self._between(first + start, times[start:upto], latest)
            start = upto

    def claimed(self, seq: int, time_ns: int) -> None:
        """A decision says to have been made at that time, long before it was stored."""
        if time_ns < self._floor - self._skew:
            self._tell(seq, "the event says to be older than what lies before it in the log")

    def _between(self, first: int, times: Sequence[int], latest: int | None) -> None:
        oldest = max(self._floor, self._newest) - self._skew
        newest = None if latest is None else latest + self._skew
        for at, time_ns in enumerate(times):
            if newest is not None and time_ns > newest:
                self._tell(first + at, "the broker's time is after an outsider had seen the event")
                continue
            if 0 < time_ns < oldest:
                self._tell(first + at, "the broker's time is before that of what lies before it in the log")
            if time_ns > self._newest:
                self._newest = time_ns
                oldest = max(oldest, time_ns - self._skew)

    def _tell(self, seq: int, detail: str) -> None:
        self._problems.add(Code.TIME_OUT_OF_BOUNDS, seq, detail)


def _upper(seen: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Sizes, and for each the earliest time at which an outsider had seen at least so much."""
    sizes: list[int] = []
    latest: list[int] = []
    for size, time_ns in sorted(seen, reverse=True):
        if not latest or time_ns < latest[-1]:
            sizes.append(size)
            latest.append(time_ns)
    return sizes[::-1], latest[::-1]
