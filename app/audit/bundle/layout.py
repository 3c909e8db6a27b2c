"""What lies where in a bundle.

    README.md                  for the auditor
    manifest.json              what the bundle is, and the digests of the files that no tree covers
    manifest.signature.json    the exporter's signature over the manifest
    policy                     the logs and witnesses, as the exporter names them (c2sp.org/tlog-policy)
    checkpoint                 the newest checkpoint (c2sp.org/tlog-tiles)
    checkpoints/<size>         checkpoints with their cosignatures, each of them a signed note
    tile/<level>/<number>      the tree (c2sp.org/tlog-tiles)
    tile/entries/<number>      the entries of the range
    events/<first>.jsonl       the messages, a line each, in files of 16,384 positions
    identities.jsonl           every event about identities, keys and roles, from the log's first on
    identities/<seq>.tlog-proof  that those outside the range are in the log (c2sp.org/tlog-proof)
    statements/<key>.jsonl     what each key stated to be acknowledged, from the copies outside the broker
    timestamps/<size>.<authority>.tsr  RFC 3161, over the checkpoint with the log's signature alone
    timestamps/roots.pem       the roots of the authorities, as the exporter knows them

Sizes and positions in names have twenty digits, so that names are in the order of the numbers.
"""

from collections.abc import Iterator

from ..tree import ENTRIES, WIDTH, Tile, tile_of
from ..tree.tiles import HEIGHT

README = "README.md"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.signature.json"
POLICY = "policy"
CHECKPOINT = "checkpoint"
CHECKPOINTS = "checkpoints/"
TILES = "tile/"
EVENTS = "events/"
IDENTITIES = "identities.jsonl"
IDENTITY_PROOFS = "identities/"
STATEMENTS = "statements/"
TIMESTAMPS = "timestamps/"
TSA_ROOTS = "timestamps/roots.pem"

SEGMENT = 64 * WIDTH
"""Positions in one file of events: so many are verified at once."""

COVERED = (TILES, EVENTS)
"""What the tree covers byte by byte; the manifest has the digests of all the rest."""


def checkpoint_name(size: int) -> str:
    return f"{CHECKPOINTS}{size:020}"


def proof_name(seq: int) -> str:
    return f"{IDENTITY_PROOFS}{seq:020}.tlog-proof"


def timestamp_name(size: int, authority: str) -> str:
    return f"{TIMESTAMPS}{size:020}.{authority}.tsr"


def statements_name(key_id: str) -> str:
    return f"{STATEMENTS}{key_id.replace(':', '-')}.jsonl"


def segments(first: int, last: int) -> Iterator[tuple[int, int]]:
    """The first and last position in each file of events of that range."""
    start = (first - 1) // SEGMENT * SEGMENT + 1
    while start <= last:
        yield max(start, first), min(start + SEGMENT - 1, last)
        start += SEGMENT


def events_name(seq: int) -> str:
    """The file that holds the event at *seq*."""
    return f"{EVENTS}{(seq - 1) // SEGMENT * SEGMENT + 1:020}.jsonl"


def tiles(first: int, last: int, size: int) -> Iterator[Tile]:
    """The tiles of the tree of *size* entries that a bundle of that range has.

    All above the lowest level, and of the lowest those of the range and at the right edge; the bundles of
    entries of the range.
    """
    low, high = (first - 1) // WIDTH, (last - 1) // WIDTH
    for index in range(low, high + 1):
        yield tile_of(ENTRIES, index, size)
        yield tile_of(0, index, size)
    if size % WIDTH and (size - 1) // WIDTH > high:
        yield tile_of(0, (size - 1) // WIDTH, size)
    level = 1
    while count := size >> HEIGHT * level:
        for index in range((count + WIDTH - 1) // WIDTH):
            yield tile_of(level, index, size)
        level += 1
