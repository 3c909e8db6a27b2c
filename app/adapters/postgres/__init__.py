"""PostgreSQL: the engine, its errors, and the two derived stores beside the projections."""

from .answers import PostgresAnswers
from .engine import create_engine
from .errors import DatabaseTooNew, DatabaseUnavailable, guard
from .migrate import migrate
from .snapshots import PostgresSnapshots

__all__ = [
    "DatabaseTooNew",
    "DatabaseUnavailable",
    "PostgresAnswers",
    "PostgresSnapshots",
    "create_engine",
    "guard",
    "migrate",
]
