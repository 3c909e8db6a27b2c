"""When the log is sealed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A checkpoint at least that often, in seconds."""

    under_load_s: float = 1.0
    """While events are recorded that are not about the log itself."""
    idle_s: float = 60.0
    """While nothing happens: the witnesses then confirm that nothing did."""

    def due(self, since_s: float, unsealed: int) -> bool:
        """Whether to seal now, *since_s* seconds after the last time, with that many events since."""
        return since_s >= (self.under_load_s if unsealed else self.idle_s)
