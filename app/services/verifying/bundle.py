"""Verifies a bundle, with nothing but the bundle and what the auditor brings along."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from events import clock
from events.chain import genesis
from events.identity import KeyUse
from events.signing import DEFAULT_PROVIDER, provider

from ...audit.bundle import layout
from ...audit.bundle.manifest import MalformedManifest, is_signed, signer_of
from ...audit.tree import consistency, edge_of, tree, verify_consistency
from ...audit.verify import copies
from ...audit.verify.course import Course
from ...audit.verify.evidence import Witnessed
from ...audit.verify.examined import Examined, Statement
from ...audit.verify.problems import Code
from ...audit.verify.producers import Producers
from ...audit.verify.report import Doubt, Report, Tail
from ...audit.verify.times import Times
from ...audit.verify.trunk import Start
from ...audit.verify.trust import Trust
from ...ports.bundles import BundleReader
from ...ports.timestamps import TokenReader
from .checkpoints import Checkpoints
from .files import BundleFiles
from .identities import Identities
from .pieces import Job, pieces, segments_of
from .tiles import TileLinks

Progress = Callable[[int, int], None]
"""Told how many positions are verified, and how many there are."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a bundle is verified."""

    crypto: str = DEFAULT_PROVIDER
    processes: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    skew_s: float = 120.0
    """How far clocks may be apart."""
    signatures: bool = True
    """False verifies chain and tree alone."""


def verify_bundle(
    bundle: BundleReader,
    trust: Trust,
    tokens: TokenReader,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check everything in *bundle* that can be checked.

    Memory is for the pieces under way, for the boundaries of agents, and for the names in an archive.

    Raises:
        NotABundle, MalformedManifest: nothing can be said about it.
        BundleUnavailable: it cannot be read.
    """
    began = time.perf_counter()
    report = Report({})
    _Verification(bundle, trust, tokens, options or Options(), report).run(progress)
    report.took_s = time.perf_counter() - began
    return report


class _Verification:
    def __init__(
        self, bundle: BundleReader, trust: Trust, tokens: TokenReader, options: Options, report: Report
    ) -> None:
        self._bundle = bundle
        self._trust = trust
        self._options = options
        self._report = report
        self._using = provider(options.crypto)
        self._files = BundleFiles(bundle, report)
        self._manifest = manifest = self._files.manifest
        report.subject = {
            "origin": manifest.origin,
            "first": manifest.first,
            "last": manifest.last,
            "size": manifest.size,
            "log_size": manifest.log_size,
            "agent": manifest.agent,
            "made_at": manifest.made_at,
        }
        self._files.check_digests()
        self._identities = Identities(self._files, trust, self._using, report)
        keys = self._identities.keys
        self._checkpoints = Checkpoints(self._files, trust, keys, self._using, tokens, report)
        self._links = TileLinks(bundle, manifest.size, report)

    def run(self, progress: Progress | None) -> None:
        """Check all of it, piece by piece."""
        self._check_manifest()
        course, producers, times = self._course()
        unbroken = course is not None
        for segment, piece in zip(segments_of(self._manifest), self._pieces(), strict=True):
            for name in piece.missing:
                self._report.leave_out("files", f"{name} is missing")
            unbroken = unbroken and piece.size == segment.high - segment.low + 1
            if unbroken and course is not None:
                self._links.check(piece)
                course.take(piece)
            else:
                self._take_alone(piece)
            if progress is not None:
                progress(segment.last, self._manifest.last)
        if unbroken and course is not None:
            self._conclude(course, producers, times)
        else:
            self._report.leave_out("tree", "hashes or entries are missing: nothing behind them is proven")
        self._checkpoints.conclude()

    def _course(self) -> tuple[Course | None, Producers | None, Times]:
        """Where the reading begins; None where the tree before that is not in the bundle."""
        manifest, report = self._manifest, self._report
        low = next(segments_of(manifest)).low
        times = Times(self._checkpoints.seen(), int(self._options.skew_s * 1e9), report.problems)
        producers = None
        if manifest.agent is None and self._options.signatures:
            producers = Producers(manifest.first, report.problems, self._copies())
        tiles = self._files.tiles(edge_of(low - 1))
        if tiles is None:
            return None, producers, times
        chain = genesis(manifest.origin) if low == 1 else bytes.fromhex(manifest.chain_before)
        if low == 1 and chain.hex() != manifest.chain_before:
            report.problems.add(Code.MALFORMED, 0, "the manifest names another beginning of the chain")
        start = Start(low - 1, edge_of(low - 1).make(tiles), chain)
        stamped = self._checkpoints.stamped or (lambda token, content: None)
        evidence = self._checkpoints.evidence
        course = Course(manifest.first, start, evidence, producers, times, report.problems, stamped)
        return course, producers, times

    def _pieces(self) -> Iterator[Examined]:
        keys = self._identities.keys
        job = Job(
            self._bundle,
            tuple(keys),
            keys.root.key_id,
            self._options.crypto,
            int(self._options.skew_s * 1e9),
            self._options.signatures,
        )
        return pieces(job, self._manifest, self._options.processes)

    def _copies(self) -> dict[str, Iterator[Statement]]:
        """The statements outside the log, by key: the auditor's own, else the bundle's."""
        found: dict[str, Iterator[Statement]] = {}
        for key in self._identities.keys:
            name = layout.statements_name(key.key_id)
            own = self._trust.statements.get(name.removeprefix(layout.STATEMENTS))
            if own is not None:
                lines: Iterator[bytes] = iter(own.splitlines(keepends=True))
            elif next(self._bundle.names(name), None) == name:
                lines = self._files.lines(name)
            else:
                continue
            found[key.key_id] = copies.read(lines, self._identities.keys, self._using, self._report.problems)
        return found

    def _take_alone(self, piece: Examined) -> None:
        self._report.problems.take(piece.problems)
        self._report.checked["events"] += piece.events
        self._report.checked["signatures"] += piece.signatures

    def _conclude(self, course: Course, producers: Producers | None, times: Times) -> None:
        report, manifest = self._report, self._manifest
        self._identities.check_inside(course.identities)
        self._compare_later(course)
        newest = self._checkpoints.newest()
        if newest is not None:
            self._identities.check_outside(newest.size, newest.root)
        self._links.check_above()
        self._check_edge(course)
        checked = {
            "events": course.counts.events,
            "signatures": course.counts.signatures,
            "chain": course.counts.leaves,
            "tree": course.counts.leaves,
            "checkpoints": course.counts.checkpoints,
            "cosignatures": course.counts.cosignatures,
            "sealed": course.counts.sealed,
            "revisions": course.revisions.checked,
        }
        report.checked.update({name: count for name, count in checked.items() if count})
        if not course.chain_proven:
            report.leave_out(
                "chain", "the log says nothing here of its chain hash at the start", needed=False
            )
        if not self._options.signatures:
            why = "left out on request"
            for check in ("signatures", "keys", "schema", "revisions", "statements", "claimed times"):
                report.leave_out(check, why)
        elif producers is None:
            report.leave_out("statements", "the events of others are not in the bundle", needed=False)
        else:
            self._conclude_statements(producers)
        if manifest.first > 1:
            self._say_what_keys_prove(course)
        if times.bounded < manifest.last:
            why = f"no outsider says by when the events after {times.bounded} had happened"
            report.leave_out("upper time bounds", why, needed=False)
        report.doubts = _doubts(course.doubtful)

    def _conclude_statements(self, producers: Producers) -> None:
        manifest, report = self._manifest, self._report
        complete = manifest.last == manifest.log_size
        producers.finish(manifest.last, manifest.log_size, clock.from_wire(manifest.made_at))
        report.checked["statements"] = producers.checked
        report.tails = [Tail(*tail) for tail in producers.tails()]
        if producers.partial:
            why = f"{producers.partial} statements are about events before the range, too"
            report.leave_out("statements", why, needed=False)
        if not complete:
            why = f"statements about events after {manifest.last} are for a bundle that has them"
            report.leave_out("statements", why, needed=False)

    def _compare_later(self, course: Course) -> None:
        """Hold the checkpoints beyond the last piece to the tree, by the tiles that prove it."""
        size, report = course.trunk.size, self._report
        root = course.trunk.root(size)
        for one in self._checkpoints.evidence.in_order():
            if one.matches is not None or root is None:
                continue
            if one.size > self._manifest.log_size:
                course.compare(one, matches=False)
                continue
            matches = self._goes_on(size, root, one) if one.size > size else None
            if matches is None:
                why = f"the checkpoint of {one.size} events is about a part of the log that is not here"
                report.leave_out("checkpoints", why, needed=False)
            else:
                course.compare(one, matches=matches)

    def _goes_on(self, size: int, root: bytes, one: Witnessed) -> bool | None:
        """Whether its tree begins with the one that was read; None where that cannot be seen."""
        plan = consistency(size, one.size)
        tiles = self._files.tiles(plan) if one.size <= self._manifest.size else None
        if tiles is None:
            return None
        return verify_consistency(size, one.size, plan.make(tiles), root, one.root)

    def _check_edge(self, course: Course) -> None:
        """The root of the whole tree, as its tiles have it, is that of the newest checkpoint."""
        newest = self._checkpoints.newest()
        plan = tree(self._manifest.size)
        tiles = self._files.tiles(plan)
        if tiles is None:
            self._report.leave_out("tree", "tiles at its right edge are missing")
        elif newest is not None and plan.make(tiles) != [newest.root]:
            detail = f"the tiles are not those of the checkpoint of {newest.size} events"
            self._report.problems.add(Code.CHECKPOINT_MISMATCH, course.trunk.size, detail, newest.size)

    def _check_manifest(self) -> None:
        raw = self._files.small(layout.SIGNATURE)
        if raw is None:
            return
        try:
            key_of, signature = signer_of(raw)
        except MalformedManifest as error:
            self._report.problems.add(Code.MALFORMED, 0, error.message)
            return
        key = self._identities.keys.get(key_of)
        if key is None or key.use is not KeyUse.EVENT or not key.valid_at(self._manifest.log_size + 1):
            self._report.problems.add(Code.KEY_NOT_VALID, 0, f"{key_of} may not sign the manifest")
        elif not is_signed(self._files.raw_manifest, key.public_key, signature, self._using):
            self._report.problems.add(Code.BAD_SIGNATURE, 0, f"the manifest is not what {key_of} signed")

    def _say_what_keys_prove(self, course: Course) -> None:
        """A revocation before the range may have been left out, unless a later decision counts it in."""
        if not course.identities and self._identities.last <= self._manifest.first:
            why = (
                "nothing here shows that no key was revoked between positions "
                f"{self._identities.last} and {self._manifest.first}"
            )
            self._report.leave_out("keys", why, needed=False)


def _doubts(doubtful: list[tuple[int, str]]) -> list[Doubt]:
    by_key: dict[str, list[int]] = {}
    for seq, key_id in doubtful:
        by_key.setdefault(key_id, []).append(seq)
    return [Doubt(key_id, seqs[0], seqs[-1], len(seqs)) for key_id, seqs in by_key.items()]
