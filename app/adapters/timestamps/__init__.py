"""Trusted time over RFC 3161."""

from .authority import HttpAuthority
from .tokens import read_tokens

__all__ = ["HttpAuthority", "read_tokens"]
