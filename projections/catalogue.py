"""Every projection there is; a new one is named here."""

from typing import Any

from .errors import UnknownProjection
from .history import History
from .identities import IdentityProjection
from .lifecycle import Lifecycle
from .projection import Projection
from .quarantine import Quarantine
from .scheduler import Scheduler

PROJECTIONS: tuple[Projection[Any], ...] = (
    History(),
    IdentityProjection(),
    Lifecycle(),
    Quarantine(),
    Scheduler(),
)


def projection(name: str) -> Projection[Any]:
    """The projection of this name.

    Raises:
        UnknownProjection: there is none.
    """
    for found in PROJECTIONS:
        if found.name == name:
            return found
    raise UnknownProjection(name, [p.name for p in PROJECTIONS])
