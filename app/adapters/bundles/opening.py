"""Which sort of bundle lies, or is to lie, under a path."""

from pathlib import Path

from ...ports.bundles import BundleReader, BundleWriter, NotABundle
from .directory import DirectoryBundle, DirectoryBundleWriter
from .tar import TarBundle, TarBundleWriter


def open_bundle(place: Path) -> BundleReader:
    """The bundle at *place*.

    Raises:
        NotABundle: there is none.
        BundleUnavailable: it cannot be read.
    """
    place = place.resolve()
    if place.is_dir():
        return DirectoryBundle(place)
    if not place.exists():
        raise NotABundle(place=place, reason="there is nothing of that name")
    return TarBundle(place)


def create_bundle(place: Path) -> BundleWriter:
    """A new bundle at *place*: an archive where that ends in `.tar`, else a directory.

    Raises:
        BundleExists: something lies there already.
    """
    place = place.absolute()
    return TarBundleWriter(place) if place.suffix == ".tar" else DirectoryBundleWriter(place)
