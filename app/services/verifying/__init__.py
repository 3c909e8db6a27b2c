"""Verifies what is kept of a log: a bundle, with nothing else at hand."""

from .bundle import Options, verify_bundle

__all__ = ["Options", "verify_bundle"]
