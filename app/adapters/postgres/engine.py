"""Connections to PostgreSQL that come back when the server does."""

import orjson
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECT_WITHIN_S = 10
ANSWER_WITHIN_S = 300
"""The longest statements are those of a rebuild."""


def create_engine(url: str, *, connections: int = 10) -> AsyncEngine:
    """An engine for *url* (`postgresql://…`, with or without `+asyncpg`) with at most *connections*.

    A connection that the server has dropped is noticed before it is used and made anew.
    """
    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_pre_ping=True,
        pool_size=connections,
        max_overflow=0,
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": CONNECT_WITHIN_S,
            "command_timeout": ANSWER_WITHIN_S,
            "server_settings": {"application_name": "symbi", "jit": "off"},
        },
    )
