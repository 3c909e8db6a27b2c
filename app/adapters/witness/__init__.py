"""Witnesses over HTTP, and what one keeps in files."""

from .client import HttpWitness
from .server import WitnessServer
from .state import FileWitnessState, WitnessRunning

__all__ = ["FileWitnessState", "HttpWitness", "WitnessRunning", "WitnessServer"]
