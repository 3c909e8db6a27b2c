"""What the runtime says about itself while it works: one line per entry, never on stdout."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import orjson
import structlog

if TYPE_CHECKING:
    from app.config import Settings


@contextmanager
def told(settings: "Settings", file: Path | None = None) -> Iterator[None]:
    """Within the block, write entries as `runtime.log_level` and `mode` ask, to *file* or to stderr."""
    if file is None:
        with _to(settings, sys.stderr):
            yield
    else:
        with file.open("a", buffering=1, encoding="utf-8") as stream, _to(settings, stream):
            yield


def warnings_only() -> None:
    """What a verb that only talks to a runtime says about its connections: what its user should know."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


@contextmanager
def _to(settings: "Settings", stream: TextIO) -> Iterator[None]:
    level = logging.getLevelNamesMapping()[settings.runtime.log_level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *_rendering(settings.runtime.mode, stream),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    # Libraries log through the standard library; what they warn of goes the same way.
    handler = logging.StreamHandler(stream)
    handler.setLevel(max(level, logging.WARNING))
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        structlog.reset_defaults()


def _rendering(mode: str, stream: TextIO) -> list[Any]:
    if mode == "development":
        return [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
    return [
        structlog.processors.dict_tracebacks,
        structlog.processors.JSONRenderer(
            serializer=lambda entry, **_: orjson.dumps(entry, default=repr).decode()
        ),
    ]
