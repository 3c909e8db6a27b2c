"""Is it the event that is bad, or the weather?"""

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

_DATA_CLASSES = ("22", "23", "54")
"""SQLSTATE classes that blame the values: data exception, integrity violation, limit exceeded."""


def is_poison(error: Exception) -> bool:
    """Whether the same event would fail again on a healthy database."""
    state = _sqlstate(error)
    if state is not None:
        return state.startswith(_DATA_CLASSES)
    return not isinstance(
        error, OSError | TimeoutError | MemoryError | SQLAlchemyError | asyncpg.InterfaceError
    )


def _sqlstate(error: Exception) -> str | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None)
