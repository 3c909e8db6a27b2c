"""The keys that a bundle's events are judged by: folded from the log's own events about identities."""

import base64
from collections.abc import Iterator

from events.chain import entry, leaf
from events.codec import Raw
from events.signing import Provider, key_id

from ...audit.bundle import layout
from ...audit.bundle.record import MalformedRecord, from_line
from ...audit.bundle.scope import is_of_identities
from ...audit.notes import Checkpoint, MalformedNote, Note
from ...audit.tree import MalformedProof, TlogProof, verify_inclusion
from ...audit.verify.keys import KeyHistory
from ...audit.verify.problems import Code
from ...audit.verify.report import Report
from ...audit.verify.trust import Trust
from .files import BundleFiles


class Identities:
    """The events about identities in a bundle, and what they say about keys."""

    def __init__(self, files: BundleFiles, trust: Trust, using: Provider, report: Report) -> None:
        self._files = files
        self._report = report
        self.keys = KeyHistory(self._root(trust), using)
        self._leaves: dict[int, bytes] = {}
        self.last = 0
        """The position of the newest of them."""
        self._outside: list[tuple[int, bytes]] = []
        """Position and leaf of those that are not in the range."""
        self.keys.fold(self._read())
        # Those in the range are looked at again with all the others, and told then.
        for problem in self.keys.problems.in_order():
            if not self._in_range(problem.seq):
                report.problems.add(problem.code, problem.seq, problem.detail)
        report.checked["identities"] = self.keys.revision

    def check_outside(self, size: int, root: bytes) -> None:
        """Those outside the range must be in the tree of that *size* and *root*."""
        for seq, leaf_of in self._outside:
            raw = self._files.small(layout.proof_name(seq))
            if raw is None:
                continue
            try:
                proof = TlogProof.parse(raw)
                checkpoint = Checkpoint.parse(Note.parse(proof.checkpoint).text)
            except (MalformedProof, MalformedNote) as error:
                self._report.problems.add(Code.MALFORMED, seq, error.message)
                continue
            proven = (checkpoint.size, checkpoint.root, proof.index) == (size, root, seq - 1)
            if not proven or not verify_inclusion(seq - 1, size, leaf_of, proof.hashes, root):
                detail = "the event about identities is not in the tree"
                self._report.problems.add(Code.CHECKPOINT_MISMATCH, seq, detail)

    def check_inside(self, found: list[tuple[int, bytes]]) -> None:
        """Those in the range must be the ones that the tree has there, all of them."""
        inside = {seq: leaf_of for seq, leaf_of in self._leaves.items() if self._in_range(seq)}
        for seq, leaf_of in found:
            if self._in_range(seq) and inside.pop(seq, None) != leaf_of:
                detail = f"{layout.IDENTITIES} lacks the event about identities at this position"
                self._report.problems.add(Code.MALFORMED, seq, detail)
        for seq in inside:
            detail = "the tree has no such event about identities"
            self._report.problems.add(Code.CHECKPOINT_MISMATCH, seq, detail)

    def _root(self, trust: Trust) -> bytes:
        claimed = self._files.manifest.root_key
        try:
            public = base64.b64decode(claimed, validate=True)
        except ValueError:
            public = b""
        self._report.trust = {**self._report.trust, "root": "pinned" if trust.root else "bundle"}
        if trust.root is None:
            why = f"the root key {key_id(public)} is the bundle's own word; compare it, or give it"
            self._report.leave_out("trust", why, needed=False)
        elif trust.root != key_id(public):
            detail = f"the bundle's root key is {key_id(public)}, and {trust.root} is trusted"
            self._report.problems.add(Code.KEY_NOT_VALID, 1, detail)
        return public

    def _read(self) -> Iterator[Raw]:
        for line in self._files.lines(layout.IDENTITIES):
            try:
                raw = from_line(line)
                leaf_of = leaf(entry(raw.seq, raw.stored_at, raw.subject, raw.payload, raw.signature))
            except (MalformedRecord, ValueError) as error:
                self._report.problems.add(Code.MALFORMED, self.last + 1, f"{layout.IDENTITIES}: {error}")
                continue
            if raw.seq <= self.last or not is_of_identities(raw.subject):
                detail = f"{layout.IDENTITIES} holds what does not belong there"
                self._report.problems.add(Code.MALFORMED, raw.seq, detail)
                continue
            self.last = raw.seq
            self._leaves[raw.seq] = leaf_of
            if not self._in_range(raw.seq):
                self._outside.append((raw.seq, leaf_of))
            yield raw

    def _in_range(self, seq: int) -> bool:
        manifest = self._files.manifest
        return manifest.first <= seq <= manifest.last
