"""What must be commanded about tasks beside placing them: at once, or when its time has come."""

import heapq
from itertools import islice
from typing import TypeAlias

from events.commands import (
    CancelTask,
    DeadLetterTask,
    ExpireTask,
    HaltAgent,
    QuarantineAgent,
    RefuseTask,
    RequeueTask,
    RetryTask,
    SuspendAgent,
    TerminateAgent,
)

Duty: TypeAlias = (
    CancelTask
    | DeadLetterTask
    | ExpireTask
    | RefuseTask
    | RequeueTask
    | RetryTask
    | SuspendAgent
    | QuarantineAgent
    | HaltAgent
    | TerminateAgent
)


class Duties:
    """At most one about each task or agent; a newer one replaces an older."""

    def __init__(self) -> None:
        self._now: dict[str, Duty] = {}
        self._later: dict[str, tuple[int, Duty]] = {}
        self._heap: list[tuple[int, str]] = []

    def owe(self, about: str, duty: Duty, at_ns: int = 0) -> None:
        """It must be commanded, not before *at_ns*."""
        self.forget(about)
        if at_ns:
            self._later[about] = (at_ns, duty)
            heapq.heappush(self._heap, (at_ns, about))
        else:
            self._now[about] = duty

    def forget(self, about: str) -> None:
        """Nothing must be commanded about it any more."""
        self._now.pop(about, None)
        self._later.pop(about, None)

    def take(self, most: int, now_ns: int) -> list[Duty]:
        """What must be commanded now, at most *most*."""
        while (at := self.next_at()) is not None and at <= now_ns:
            about = heapq.heappop(self._heap)[1]
            self._now[about] = self._later.pop(about)[1]
        return [self._now.pop(about) for about in list(islice(self._now, most))]

    def next_at(self) -> int | None:
        """When the next falls due that is not due yet; none where there is none."""
        while self._heap:
            at, about = self._heap[0]
            if about in self._later and self._later[about][0] == at:
                return at
            heapq.heappop(self._heap)
        return None

    def about(self, about: str) -> tuple[int, Duty] | None:
        """What is owed about it, and from when on: 0 for at once."""
        now = self._now.get(about)
        return (0, now) if now is not None else self._later.get(about)
