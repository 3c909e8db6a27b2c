"""The scheduling core: pure, deterministic, folded from the log."""

from .decision import Decision
from .schedule import Schedule
from .tuning import Strategy, Tuning

__all__ = ["Decision", "Schedule", "Strategy", "Tuning"]
