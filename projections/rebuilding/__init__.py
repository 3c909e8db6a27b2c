"""Throws a projection's rows away and makes them again from the log, or shows that this changes nothing."""

from .rebuild import Rebuilt, rebuild
from .verify import Difference, TableCheck, Verification, verify

__all__ = ["Difference", "Rebuilt", "TableCheck", "Verification", "rebuild", "verify"]
