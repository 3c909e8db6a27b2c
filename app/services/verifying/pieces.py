"""Looks at the files of events of a bundle, on as many cores as there are, and gives them back in order."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from events.signing import provider

from ...audit.bundle import layout
from ...audit.bundle.manifest import Manifest
from ...audit.bundle.record import MAX_LINE
from ...audit.bundle.scope import Scope
from ...audit.verify.examined import Examined
from ...audit.verify.examiner import Rules
from ...audit.verify.keys import KeyRecord
from ...audit.verify.segment import Segment, examine
from ...ports.bundles import BundleReader
from .files import tile_in

AHEAD = 2
"""Pieces for each process that are looked at, or wait to be taken; more would only fill the memory."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a process has to know to look at a bundle."""

    bundle: BundleReader
    keys: tuple[KeyRecord, ...]
    root: str
    crypto: str
    """The name of the provider."""
    skew_ns: int
    signatures: bool

    def rules(self) -> Rules:
        keys = {key.key_id: key for key in self.keys}
        return Rules(keys, self.root, provider(self.crypto), self.skew_ns, self.signatures)


def segments_of(manifest: Manifest) -> Iterator[Segment]:
    """The pieces of a bundle, in order."""
    scope = Scope(manifest.agent)
    for first, last in layout.segments(manifest.first, manifest.last):
        yield Segment(first, last, manifest.size, scope)


def pieces(job: Job, manifest: Manifest, processes: int) -> Iterator[Examined]:
    """Every piece of the bundle, in order."""
    segments = list(segments_of(manifest))
    if processes < 2 or len(segments) < 2:
        rules = job.rules()
        yield from (_look(job.bundle, rules, segment) for segment in segments)
        return
    context = get_context("forkserver")
    with ProcessPoolExecutor(min(processes, len(segments)), context, _begin, (job,)) as pool:
        waiting: deque[Future[Examined]] = deque()
        for segment in segments:
            waiting.append(pool.submit(_in_process, segment))
            if len(waiting) >= AHEAD * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _look(bundle: BundleReader, rules: Rules, segment: Segment) -> Examined:
    tile = partial(tile_in, bundle)
    name = layout.events_name(segment.first)
    if next(bundle.names(name), None) != name:
        piece = examine(segment, None, tile, rules)
        piece.missing.append(name)
        return piece
    return examine(segment, bundle.lines(name, limit=MAX_LINE), tile, rules)


_job: tuple[BundleReader, Rules] | None = None
"""What this process works on, where it is one of the pool's."""


def _begin(job: Job) -> None:
    global _job
    _job = job.bundle, job.rules()


def _in_process(segment: Segment) -> Examined:
    assert _job is not None
    return _look(*_job, segment)
