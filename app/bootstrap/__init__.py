"""Wires the app together: a whole runtime, or a client of one that runs."""

from .client import Client, connect
from .runtime import ROLES, Running, run, running

__all__ = ["ROLES", "Client", "Running", "connect", "run", "running"]
