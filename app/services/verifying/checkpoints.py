"""The checkpoints and timestamps of a bundle, and those that the auditor brings along."""

from collections.abc import Iterable

from events.signing import Provider

from ...audit.bundle import layout
from ...audit.notes import MalformedPolicy, TrustPolicy
from ...audit.verify.course import Stamped
from ...audit.verify.evidence import Evidence, Witnessed, trusted_log_keys
from ...audit.verify.keys import KeyHistory
from ...audit.verify.problems import Code
from ...audit.verify.report import Report
from ...audit.verify.trust import Trust
from ...ports.timestamps import MalformedRoots, TokenReader
from .files import BundleFiles


class Checkpoints:
    """Everything that the log of a bundle is held to."""

    def __init__(
        self,
        files: BundleFiles,
        trust: Trust,
        keys: KeyHistory,
        using: Provider,
        tokens: TokenReader,
        report: Report,
    ) -> None:
        self._files = files
        self._report = report
        manifest = files.manifest
        self._policy = self._read_policy(trust)
        log_keys = trusted_log_keys(trust.policy, keys, manifest.origin)
        witnesses = [witness.key for witness in self._policy.witnesses.values()]
        self.evidence = Evidence(manifest.origin, log_keys, witnesses, using)
        self._add(files, trust)
        self.stamped = self._stamping(trust, tokens)
        self._stamp()

    def newest(self) -> Witnessed | None:
        """The checkpoint of the size that the bundle's tree has, signed by the log."""
        of_tree = (one for one in self.evidence.in_order() if one.size == self._files.manifest.size)
        return next((one for one in of_tree if one.own and not one.held), None)

    def seen(self) -> Iterable[tuple[int, int]]:
        """Sizes, and when an outsider had seen so much, in nanoseconds."""
        for one in self.evidence.in_order():
            if (time_ns := one.seen_ns()) is not None:
                yield one.size, time_ns

    def conclude(self) -> None:
        """Say what the checkpoints that were compared prove together."""
        self.evidence.contradictions()
        self._report.problems.take(self.evidence.problems)
        agreeing = [one for one in self.evidence.in_order() if one.matches]
        if not any(one.own for one in agreeing):
            self._report.leave_out("checkpoints", "no checkpoint that the log signed agrees with it")
        if not self._policy.witnesses:
            self._report.leave_out("witnesses", "no witness is known", needed=False)
        elif not any(self._policy.satisfied(tuple(one.cosigners)) for one in agreeing if one.own):
            self._report.leave_out("witnesses", "no checkpoint is cosigned by the quorum of the policy")

    def _read_policy(self, trust: Trust) -> TrustPolicy:
        self._report.trust = {**self._report.trust, "checkpoints": "pinned" if trust.policy else "bundle"}
        if trust.policy is not None:
            return trust.policy
        raw = self._files.small(layout.POLICY)
        try:
            return TrustPolicy.parse(raw) if raw is not None else TrustPolicy()
        except MalformedPolicy as error:
            self._report.problems.add(Code.MALFORMED, 0, f"{layout.POLICY}: {error.message}")
            return TrustPolicy()

    def _add(self, files: BundleFiles, trust: Trust) -> None:
        for name in (layout.CHECKPOINT, *files.bundle.names(layout.CHECKPOINTS)):
            raw = files.small(name)
            found = self.evidence.add(raw, name=name) if raw is not None else None
            if found and name != layout.CHECKPOINT and layout.checkpoint_name(found.size) != name:
                self._report.problems.add(Code.MALFORMED, 0, f"{name} is of {found.size} events")
            if found and name == layout.CHECKPOINT and found.size != files.manifest.size:
                self._report.problems.add(Code.MALFORMED, 0, f"{name} is of {found.size} events")
        for name, raw in trust.checkpoints.items():
            self.evidence.add(raw, held=True, name=name)

    def _stamping(self, trust: Trust, tokens: TokenReader) -> Stamped | None:
        """What verifies tokens. Raises `MalformedRoots` where the auditor's own roots cannot be read."""
        some = any(True for _ in self._files.bundle.names(layout.TIMESTAMPS))
        if some:
            whose = "pinned" if trust.tsa_roots else "bundle"
            self._report.trust = {**self._report.trust, "timestamps": whose}
        if trust.tsa_roots:
            return tokens(trust.tsa_roots)
        own = self._files.small(layout.TSA_ROOTS) if some else None
        try:
            return tokens([own]) if own is not None else None
        except MalformedRoots as error:
            self._report.problems.add(Code.MALFORMED, 0, error.message)
            return None

    def _stamp(self) -> None:
        """Take the time of each token over a checkpoint."""
        for name in self._files.bundle.names(layout.TIMESTAMPS):
            if name == layout.TSA_ROOTS:
                continue
            size = name.removeprefix(layout.TIMESTAMPS).partition(".")[0]
            token = self._files.small(name)
            stamped = [one for one in self.evidence.in_order() if f"{one.size:020}" == size and one.own]
            if token is None or not stamped or self.stamped is None:
                self._report.leave_out("timestamps", f"{name} has no checkpoint or no authority here")
                continue
            time_ns = self.stamped(token, stamped[0].stamped_bytes())
            if time_ns is None:
                detail = f"{name} is no timestamp of the checkpoint of {stamped[0].size} events"
                self._report.problems.add(Code.BAD_SIGNATURE, stamped[0].size, detail)
                continue
            self._report.checked["timestamps"] += 1
            stamped[0].stamped_ns = min(time_ns, stamped[0].stamped_ns or time_ns)
        if not self._report.checked["timestamps"]:
            self._report.leave_out("timestamps", "there are none", needed=False)
