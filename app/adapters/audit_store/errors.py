"""What can go wrong with the audit directory, beyond what the ports name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import Unavailable


class AuditStoreUnavailable(Unavailable):
    """The audit directory {place} cannot be used: {reason}."""


@contextmanager
def translated(place: Path) -> Iterator[None]:
    """Raise errors of the file system as `AuditStoreUnavailable`."""
    try:
        yield
    except OSError as error:
        raise AuditStoreUnavailable(place=place, reason=error.strerror or str(error)) from error
