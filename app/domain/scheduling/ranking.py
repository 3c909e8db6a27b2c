"""Who goes first: one order per tenant and tier that never changes while tasks wait.

A task is due ten minutes after its submission, or at its deadline if that is sooner, and its priority moves
that forward or back by what it is worth: a minute for each of the first ten points, ten seconds for each of
the next ninety, one second for each of the rest. Whoever is due first goes first. So ageing needs no clock:
of two tasks, the same one goes first at any time, and no task is overtaken by one that is submitted more
than an hour and a half after it. Real-time tasks go before batch tasks; a batch task that is two hours
overdue goes with them.
"""

from typing import Final

from ..task import Task

PATIENCE_MS: Final = 600_000
"""How long after its submission a task without a deadline is due."""

PROMOTED_AFTER_MS: Final = 7_200_000
"""How long overdue a batch task goes with the real-time tasks."""

_STEPS: Final = ((10, 60_000), (90, 10_000), (900, 1_000))
"""How many points of priority are worth how many milliseconds each, from 0 outwards."""

_ORDER_BITS: Final = 40


def worth_ms(priority: int) -> int:
    """By how much a priority moves a task forward, or back where it is negative."""
    left, worth = abs(priority), 0
    for points, each in _STEPS:
        counted = min(left, points)
        worth += counted * each
        left -= counted
    return worth if priority >= 0 else -worth


def due_ms(task: Task) -> int:
    """When the task is due, in milliseconds since the epoch."""
    due = task.submitted // 1_000_000 + PATIENCE_MS
    if task.deadline:
        due = min(due, task.deadline // 1_000_000)
    return due - worth_ms(task.priority)


def key(due: int, order: int) -> int:
    """What tasks of one tenant and tier are sorted by: when they are due, then their *order* in the log."""
    return (due << _ORDER_BITS) + order


def is_due(key: int, now_ms: int) -> bool:
    """Whether the task with this key is due."""
    return key >> _ORDER_BITS <= now_ms
