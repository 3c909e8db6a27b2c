"""The digest of a table: SHA-256 over its rows as canonical text, in the order of its key."""

import hashlib

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from ..rows import driver

PREFETCH = 2000


async def table_digest(connection: AsyncConnection, schema: str, table: Table) -> tuple[str, int]:
    """`sha256:` over the rows of *table* in *schema*, and how many they are.

    A row is PostgreSQL's `jsonb` text of it (keys ordered, numbers exact, bytes in hex) and a newline.
    """
    hashed, count = hashlib.sha256(), 0
    query = f'SELECT to_jsonb(t)::text FROM "{schema}"."{table.name}" AS t ORDER BY {key_order(table, "t")}'
    async for record in (await driver(connection)).cursor(query, prefetch=PREFETCH):
        hashed.update(record[0].encode() + b"\n")
        count += 1
    return "sha256:" + hashed.hexdigest(), count


def key_order(table: Table, *sides: str) -> str:
    """The primary key as an ORDER BY clause that no locale changes; of several *sides* one may be missing."""
    return ", ".join(
        _either([f'{side}."{column.name}"' for side in sides])
        + (' COLLATE "C"' if column.type.python_type is str else "")
        for column in table.primary_key.columns
    )


def _either(columns: list[str]) -> str:
    return f"coalesce({', '.join(columns)})" if len(columns) > 1 else columns[0]
