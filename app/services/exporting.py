"""Writes a bundle: a range of the log with everything that it takes to check it."""

import base64
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from events import clock
from events.chain import entry
from events.codec import Raw
from events.signing import SigningKey, key_id

from ..audit.bundle import layout
from ..audit.bundle.manifest import Manifest, sign_manifest
from ..audit.bundle.readme import readme
from ..audit.bundle.record import to_line
from ..audit.bundle.scope import Scope, is_of_identities
from ..audit.sealing import Sealed
from ..audit.tree import Tile, TlogProof, inclusion
from ..errors import Rejected
from ..ports.bundles import BundleWriter
from ..ports.tiles import TileStore

AT_ONCE = 64
"""Tiles that are read together."""


class NotSealedYet(Rejected):
    """The log is sealed up to {size}, and position {last} is not; wait for the next checkpoint."""


class EventMissing(Rejected):
    """The log gave {found} where position {seq} was to be exported."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a bundle is made of, beside the tree and the events."""

    origin: str
    first: int
    last: int
    log_size: int
    """Where the log ended. Read it after the statements: they must not speak of what came later."""
    chain_before: bytes
    """The chain hash at the size that `chain_start` gives."""
    root_key: bytes
    made_ns: int
    made_by: str
    policy: str
    """The log and its witnesses, as a trust policy."""
    newest: Sealed
    """The newest cosigned checkpoint; it covers *last*, and where the exporter's key is registered."""
    checkpoints: Sequence[Sealed] = ()
    """More of them; those that were timestamped are among them."""
    statements: Mapping[str, Iterable[bytes]] = field(default_factory=dict)
    """Lines of the statements' copies, by the id of the key."""
    timestamps: Mapping[tuple[int, str], bytes] = field(default_factory=dict)
    """Tokens by the size of their checkpoint and the name of their authority."""
    tsa_roots: bytes = b""
    agent: str | None = None


def chain_start(first: int) -> int:
    """The size of the log at which a bundle's chain begins; 0 where it begins at nothing."""
    return (first - 1) // 256 * 256


async def export(
    to: BundleWriter,
    contents: Contents,
    events: AsyncIterator[Sequence[Raw]],
    identities: AsyncIterator[Raw],
    tiles: TileStore,
    key: SigningKey,
) -> str:
    """Write the bundle, and return the digest of its manifest, `sha256:…`, which names everything in it.

    *events* are those of the range in order, whatever their agent; *identities* every event about identities
    in the tree of the newest checkpoint, in order. *key* is the exporter's, for events.

    Raises:
        NotSealedYet: the newest checkpoint does not cover the range.
        EventMissing: *events* are not those of the range.
        Unavailable: a store does not answer; nothing is left of the bundle.
    """
    if contents.newest.size < contents.last:
        raise NotSealedYet(size=contents.newest.size, last=contents.last)
    try:
        digest = await _Export(to, contents, tiles, key).write(events, identities)
        to.finish()
    except BaseException:
        to.discard()
        raise
    return digest


class _Export:
    def __init__(self, to: BundleWriter, contents: Contents, tiles: TileStore, key: SigningKey) -> None:
        self._to = to
        self._of = contents
        self._tiles = tiles
        self._key = key
        self._scope = Scope(contents.agent)
        self._digests: dict[str, str] = {}

    async def write(self, events: AsyncIterator[Sequence[Raw]], identities: AsyncIterator[Raw]) -> str:
        await self._write_tiles()
        await self._write_events(events)
        await self._write_identities(identities)
        of = self._of
        for sealed in {one.size: one for one in (*of.checkpoints, of.newest)}.values():
            self._put(layout.checkpoint_name(sealed.size), sealed.note)
        self._put(layout.CHECKPOINT, of.newest.note)
        self._put(layout.POLICY, of.policy.encode())
        for key_of, lines in of.statements.items():
            self._put_lines(layout.statements_name(key_of), lines)
        for (size, authority), token in of.timestamps.items():
            self._put(layout.timestamp_name(size, authority), token)
        if of.tsa_roots:
            self._put(layout.TSA_ROOTS, of.tsa_roots)
        return self._write_manifest()

    def _write_manifest(self) -> str:
        of = self._of
        root = base64.b64encode(of.root_key).decode()
        manifest = Manifest(
            origin=of.origin,
            first=of.first,
            last=of.last,
            size=of.newest.size,
            log_size=of.log_size,
            root_key=root,
            chain_before=of.chain_before.hex(),
            made_at=clock.to_wire(of.made_ns),
            made_by=of.made_by,
            agent=of.agent,
            files=self._digests,
        )
        self._put(layout.README, readme(manifest, key_id(of.root_key)))
        raw = manifest.to_bytes()
        self._to.put(layout.MANIFEST, raw)
        self._to.put(layout.SIGNATURE, sign_manifest(raw, self._key))
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"

    async def _write_tiles(self) -> None:
        waiting: list[Tile] = []
        for tile in layout.tiles(self._of.first, self._of.last, self._of.newest.size):
            waiting.append(tile)
            if len(waiting) == AT_ONCE:
                await self._copy(waiting)
                waiting.clear()
        await self._copy(waiting)

    async def _copy(self, tiles: Sequence[Tile]) -> None:
        for tile, content in (await self._tiles.read(tiles)).items():
            self._to.put(tile.path, content)

    async def _write_events(self, events: AsyncIterator[Sequence[Raw]]) -> None:
        segments = layout.segments(self._of.first, self._of.last)
        lines, expected = list[bytes](), self._of.first
        _, end = next(segments)
        async for batch in events:
            for raw in batch:
                if raw.seq != expected:
                    raise EventMissing(seq=expected, found=raw.seq)
                expected += 1
                if self._scope.holds(raw.subject):
                    lines.append(to_line(raw))
                if raw.seq == end:
                    self._to.put_lines(layout.events_name(end), lines)
                    lines.clear()
                    _, end = next(segments, (0, 0))
        if expected != self._of.last + 1:
            raise EventMissing(seq=expected, found="nothing more")

    async def _write_identities(self, identities: AsyncIterator[Raw]) -> None:
        size = self._of.newest.size
        lines: list[bytes] = []
        async for raw in identities:
            if raw.seq > size or not is_of_identities(raw.subject):
                continue
            lines.append(to_line(raw))
            if not self._of.first <= raw.seq <= self._of.last:
                plan = inclusion(raw.seq - 1, size)
                proof = plan.make(await self._tiles.read(plan.tiles()))
                made = entry(raw.seq, raw.stored_at, raw.subject, raw.payload, raw.signature)
                file = TlogProof(raw.seq - 1, tuple(proof), self._of.newest.note, made)
                self._put(layout.proof_name(raw.seq), file.to_bytes())
        self._put_lines(layout.IDENTITIES, lines)

    def _put(self, name: str, content: bytes) -> None:
        self._put_lines(name, (content,))

    def _put_lines(self, name: str, lines: Iterable[bytes]) -> None:
        """Add a file that the manifest names."""
        digest = hashlib.sha256()

        def counted() -> Iterable[bytes]:
            for line in lines:
                digest.update(line)
                yield line

        self._to.put_lines(name, counted())
        self._digests[name] = digest.hexdigest()
