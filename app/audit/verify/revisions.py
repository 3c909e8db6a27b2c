"""Revisions: within each boundary, the events are numbered from 1 without gaps."""

from collections.abc import Mapping, Sequence

from .examined import Run
from .problems import Code, Problems


class Revisions:
    """Where each boundary stands. The memory is for boundaries, not for events."""

    def __init__(self, *, from_beginning: bool, problems: Problems) -> None:
        """Where the log is not read from its beginning, a boundary goes on at any revision."""
        self._from_beginning = from_beginning
        self._problems = problems
        self._stand: dict[str, int] = {}
        self._before: dict[str, int] = {}
        """Where a boundary stood before it leapt: it may go on there, the leap being what is wrong."""
        self.checked = 0

    def take(self, runs: Mapping[str, Sequence[Run]]) -> set[int]:
        """Check the next piece of the log; the positions of events that were recorded again."""
        again: set[int] = set()
        for boundary, each in runs.items():
            for run in each:
                self._run(boundary, run, again)
        return again

    def _run(self, boundary: str, run: Run, again: set[int]) -> None:
        self.checked += len(run.seqs)
        stand = self._stand.get(boundary, 0 if self._from_beginning else run.revision - 1)
        if self._before.get(boundary) == run.revision - 1:
            stand = self._before.pop(boundary)
        known = max(0, min(stand + 1 - run.revision, len(run.seqs)))
        for at, seq in enumerate(run.seqs[:known]):
            self._tell(seq, run.revision + at, stand, boundary)
            again.add(seq)
        if run.revision > stand + 1:
            self._tell(run.seqs[0], run.revision, stand, boundary)
            self._before[boundary] = stand
        self._stand[boundary] = max(stand, run.revision + len(run.seqs) - 1)

    def _tell(self, seq: int, revision: int, stand: int, boundary: str) -> None:
        detail = f"revision {revision} of {boundary}; {stand + 1} comes next"
        self._problems.add(Code.WRONG_REVISION, seq, detail)
