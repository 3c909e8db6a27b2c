"""The scheduling core: pure, deterministic, folded from the log."""

from .decision import Decision
from .schedule import Schedule
from .tuning import Strategy, Tuning
from .why import Waiting

__all__ = ["Decision", "Schedule", "Strategy", "Tuning", "Waiting"]
