"""Rows in bulk: a batch reads and writes each table with one statement, whatever its size.

Statements go to asyncpg itself, since SQLAlchemy's cost for each row would be most of a catch-up's time.
Table names are not qualified, so the search path decides whether they mean the live tables.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import asyncpg
import orjson
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

R = TypeVar("R", bound=NamedTuple)

_ARRAYS: dict[type[Any], str] = {
    Text: "text[]",
    JSONB: "text[]",
    BigInteger: "bigint[]",
    Integer: "integer[]",
    Boolean: "boolean[]",
    Float: "double precision[]",
    LargeBinary: "bytea[]",
}

_NOTHING = text("SELECT 1")


async def driver(connection: AsyncConnection) -> "asyncpg.Connection[Any]":
    """The asyncpg connection below *connection*, inside the transaction that is open there."""
    raw = (await connection.get_raw_connection()).driver_connection
    assert raw is not None
    # SQLAlchemy sends BEGIN before its own first statement only.
    if not raw.is_in_transaction():
        await connection.execute(_NOTHING)
    return raw  # type: ignore[no-any-return]


class Rows(Generic[R]):
    """The rows of one table, each a *row*: a named tuple of the table's columns in their order.

    JSONB columns hold plain Python values in a row.
    """

    def __init__(self, table: Table, row: type[R]) -> None:
        assert row._fields == tuple(column.name for column in table.columns), table.name
        self._row: Callable[..., R] = row
        self._table = table
        self._json = [i for i, column in enumerate(table.columns) if isinstance(column.type, JSONB)]
        self._write = _insert(table) + _conflict(table)
        self._add = _insert(table)
        self._add_missing = _insert(table) + " ON CONFLICT DO NOTHING"
        self._read = f"SELECT {_names(table.columns)} FROM {_quoted(table.name)} WHERE "

    async def load(self, connection: AsyncConnection, column: str, values: Collection[str]) -> list[R]:
        """The rows whose *column* has one of *values*."""
        if not values:
            return []
        found = await (await driver(connection)).fetch(
            f"{self._read}{_quoted(column)} = ANY($1::text[])", list(values)
        )
        return [self._row(*record) for record in found]

    async def upsert(self, connection: AsyncConnection, rows: Collection[R]) -> None:
        """Write *rows*, at most one for each primary key, over what is there."""
        await self._execute(connection, self._write, rows)

    async def add(self, connection: AsyncConnection, rows: Collection[R]) -> None:
        """Write *rows*, none of which is there yet."""
        await self._execute(connection, self._add, rows)

    async def add_missing(self, connection: AsyncConnection, rows: Collection[R]) -> None:
        """Write those of *rows* that are not there yet, and leave the others as they are."""
        await self._execute(connection, self._add_missing, rows)

    async def _execute(self, connection: AsyncConnection, statement: str, rows: Collection[R]) -> None:
        if rows:
            columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
            for i in self._json:
                columns[i] = [None if value is None else orjson.dumps(value).decode() for value in columns[i]]
            await (await driver(connection)).execute(statement, *columns)


def _insert(table: Table) -> str:
    columns = list(table.columns)
    arrays = ", ".join(f"${i}::{_ARRAYS[type(c.type)]}" for i, c in enumerate(columns, start=1))
    values = ", ".join(_quoted(c.name) + ("::jsonb" if isinstance(c.type, JSONB) else "") for c in columns)
    names = _names(columns)
    return f"INSERT INTO {_quoted(table.name)} ({names}) SELECT {values} FROM unnest({arrays}) AS t({names})"


def _conflict(table: Table) -> str:
    key = _names(table.primary_key.columns)
    changes = ", ".join(
        f"{_quoted(c.name)} = EXCLUDED.{_quoted(c.name)}" for c in table.columns if not c.primary_key
    )
    return f" ON CONFLICT ({key}) DO UPDATE SET {changes}"


def _names(columns: Iterable[Column[Any]]) -> str:
    return ", ".join(_quoted(column.name) for column in columns)


def _quoted(name: str) -> str:
    return f'"{name}"'
