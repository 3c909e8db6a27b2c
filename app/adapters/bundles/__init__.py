"""Bundles for auditors on the disk: directories and .tar archives."""

from .directory import DirectoryBundle, DirectoryBundleWriter
from .opening import create_bundle, open_bundle
from .tar import TarBundle, TarBundleWriter

__all__ = [
    "DirectoryBundle",
    "DirectoryBundleWriter",
    "TarBundle",
    "TarBundleWriter",
    "create_bundle",
    "open_bundle",
]
