"""What can go wrong with the database, in words that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from projections import errors as projection_errors

from ...errors import Invalid, Rejected, Unavailable


class DatabaseUnavailable(Unavailable):
    """PostgreSQL does not answer: {cause}. Check that it runs and that its URL is right (`symbi doctor`)."""


class DatabaseTooNew(Invalid):
    """A newer symbi migrated the database to {found}; this one knows up to {known}. Upgrade symbi."""


class UnknownProjection(Invalid):
    """There is no projection {projection!r}; there are {known}."""


class ProjectionBusy(Rejected):
    """The projection {projection} is being rebuilt or verified already. Wait for its end."""


class ProjectionBehind(Unavailable):
    """The projection {projection} is back at position {position}, as after a crash of PostgreSQL.

    Start the runner again and read the log on from there.
    """


_PASSING = ("08", "28", "3D", "53", "57", "58", "40")
"""SQLSTATE classes that blame the server or the way to it: connection, login, no such database, resources,
shutdown, system errors, and transactions that lost against others."""


@contextmanager
def guard() -> Iterator[None]:
    """Turn what the driver and the projections raise into errors of ours; bugs pass through.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer, or gave up. Nothing is known about a commit that
            was under way.
    """
    try:
        yield
    except PoolExhausted as error:
        raise DatabaseUnavailable(cause="every connection is in use") from error
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig and error.orig.__cause__ else error.orig
        if error.connection_invalidated or (isinstance(cause, Exception) and _unavailable(cause)):
            raise DatabaseUnavailable(cause=_words(cause)) from error
        raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        if _unavailable(error):
            raise DatabaseUnavailable(cause=_words(error)) from error
        raise
    except projection_errors.UnknownProjection as error:
        raise UnknownProjection(projection=error.projection, known=", ".join(error.known)) from error
    except projection_errors.BeingRebuilt as error:
        raise ProjectionBusy(projection=error.projection) from error
    except projection_errors.Behind as error:
        raise ProjectionBehind(
            projection=error.projection, position=error.position, after=error.after
        ) from error


def _unavailable(error: BaseException) -> bool:
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_PASSING)
    return isinstance(error, OSError | TimeoutError | asyncpg.InterfaceError)


def _words(cause: BaseException | None) -> str:
    return (str(cause).strip() or type(cause).__name__).splitlines()[0].rstrip(".")
