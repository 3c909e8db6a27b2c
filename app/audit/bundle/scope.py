"""Which events a bundle holds: all of its range, or those of one agent."""

from dataclasses import dataclass

from events.identifiers import EVENT_SUBJECTS, NOBODY

_LOG = f"{EVENT_SUBJECTS}.{NOBODY}.log."
IDENTITIES = f"{EVENT_SUBJECTS}.{NOBODY}.identity."


@dataclass(frozen=True, slots=True)
class Scope:
    """All events, or one agent's; and always those about the log, and about identities, keys and roles."""

    agent: str | None = None

    def holds(self, subject: str) -> bool:
        """Whether the event on *subject* is in the bundle; the tree shows that none of them was left out."""
        if self.agent is None or subject.startswith(_LOG) or is_of_identities(subject):
            return True
        return subject.startswith(f"{EVENT_SUBJECTS}.{self.agent}.")


def is_of_identities(subject: str) -> bool:
    """Whether a decision about identities, keys or roles lies on *subject*; a reading does not count."""
    return subject.startswith(IDENTITIES) and ".auth." not in subject[len(IDENTITIES) :]
