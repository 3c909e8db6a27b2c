"""Bundles: what an auditor is given, file by file."""

from .manifest import MalformedManifest, Manifest
from .record import MalformedRecord, from_line, to_line
from .scope import Scope

__all__ = ["MalformedManifest", "MalformedRecord", "Manifest", "Scope", "from_line", "to_line"]
