"""What an auditor brings along: keys and checkpoints that did not come with the bundle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..notes import TrustPolicy


@dataclass(frozen=True, slots=True)
class Trust:
    """What is believed without the bundle. Whatever is left out is taken from the bundle, and said to be."""

    root: str | None = None
    """The id of the root registrar key: `ed25519:` and 32 hex digits."""
    policy: TrustPolicy | None = None
    """The logs, the witnesses, and how many of them."""
    checkpoints: Mapping[str, bytes] = field(default_factory=dict)
    """Signed notes, by the names that they are called in the report."""
    statements: Mapping[str, bytes] = field(default_factory=dict)
    """Files of producer statements, by name, as components copy them outside the broker."""
    tsa_roots: Sequence[bytes] = ()
    """Certificates of timestamp authorities, PEM."""
