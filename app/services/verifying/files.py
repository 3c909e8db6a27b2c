"""The files of a bundle, as its layout says; what is missing or is not as the manifest says is told."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from ...audit.bundle import layout
from ...audit.bundle.manifest import MAX_BYTES, Manifest
from ...audit.bundle.record import MAX_LINE
from ...audit.tree import ENTRIES, Plan, Tile, tile_of
from ...audit.tree.tiles import HASH, MAX_ENTRY, WIDTH
from ...audit.verify.problems import Code
from ...audit.verify.report import Report
from ...ports.bundles import BundleFileMissing, BundleReader, NotABundle

MAX_SMALL = 1024 * 1024
"""The most bytes of a note, a proof, a policy, a token."""


class BundleFiles:
    """One bundle, and the report that says what it lacks."""

    def __init__(self, bundle: BundleReader, report: Report) -> None:
        """Raises `NotABundle`, `MalformedManifest` where nothing can be said at all."""
        self.bundle = bundle
        self._report = report
        try:
            self.raw_manifest = bundle.read(layout.MANIFEST, limit=MAX_BYTES)
        except BundleFileMissing:
            raise NotABundle(place="this", reason=f"there is no {layout.MANIFEST}") from None
        self.manifest = Manifest.parse(self.raw_manifest)

    def small(self, name: str) -> bytes | None:
        """A small file; None where it is missing, which is told."""
        try:
            return self.bundle.read(name, limit=MAX_SMALL)
        except BundleFileMissing:
            self._report.leave_out("files", f"{name} is missing")
            return None

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a file; none where it is missing, which is told."""
        try:
            yield from self.bundle.lines(name, limit=MAX_LINE)
        except BundleFileMissing:
            self._report.leave_out("files", f"{name} is missing")

    def tiles(self, plan: Plan) -> Mapping[Tile, bytes] | None:
        """What *plan* needs, cut from the tiles of the bundle's tree; None where one is missing."""
        found = {}
        for tile in plan.tiles():
            content = tile_in(self.bundle, tile_of(tile.level, tile.index, self.manifest.size))
            if content is None or len(content) < tile.width * HASH:
                return None
            found[tile] = content[: tile.width * HASH]
        return found

    def check_digests(self) -> None:
        """Hold every file that the tree does not cover to the manifest."""
        expected = dict(self.manifest.files)
        for name in self.bundle.names():
            if name.startswith(layout.COVERED):
                self._check_place(name)
            elif name not in (layout.MANIFEST, layout.SIGNATURE):
                self._report.checked["files"] += 1
                if expected.pop(name, None) != self._digest(name):
                    self._malformed(f"{name} is not the file that the manifest names")
        for name in expected:
            self._report.leave_out("files", f"{name} is missing")

    def _check_place(self, name: str) -> None:
        """A file that the tree covers has a name that the bundle's range gives it."""
        manifest = self.manifest
        try:
            if name.startswith(layout.EVENTS):
                start = int(name.removeprefix(layout.EVENTS).removesuffix(".jsonl"))
                good = name == layout.events_name(start) and start <= manifest.last
                good = good and start + layout.SEGMENT > manifest.first
            else:
                tile = Tile.parse(name)
                good = tile in _wanted(tile, manifest)
        except ValueError:
            good = False
        if not good:
            self._malformed(f"{name} does not belong into this bundle")

    def _digest(self, name: str) -> str:
        digest = hashlib.sha256()
        for line in self.bundle.lines(name, limit=MAX_LINE):
            digest.update(line)
        return digest.hexdigest()

    def _malformed(self, detail: str) -> None:
        self._report.problems.add(Code.MALFORMED, 0, detail)


def tile_in(bundle: BundleReader, tile: Tile) -> bytes | None:
    """What the bundle holds under the name of *tile*; None where there is no such file."""
    limit = WIDTH * (MAX_ENTRY + 2) if tile.level == ENTRIES else WIDTH * HASH
    try:
        return bundle.read(tile.path, limit=limit)
    except BundleFileMissing:
        return None


def _wanted(tile: Tile, manifest: Manifest) -> Iterable[Tile]:
    """That tile, where the bundle has it."""
    low, high = (manifest.first - 1) // WIDTH, (manifest.last - 1) // WIDTH
    at_edge = tile.level == 0 and tile.index == (manifest.size - 1) // WIDTH
    if tile.level > 0 or low <= tile.index <= high or at_edge:
        yield tile_of(tile.level, tile.index, manifest.size)
