"""How to reach the runtime that uses a data directory."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, field

import orjson


@dataclass(frozen=True)
class RuntimeInfo:
    """What `runtime.json` says; `postgres_url` holds a password, so the file is private."""

    nats_url: str
    nats_port: int
    postgres_url: str
    roles: list[str]
    pid: int = field(default_factory=os.getpid)
    started_at: float = field(default_factory=time.time)  # seconds since the epoch

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_json(cls, content: bytes) -> RuntimeInfo | None:
        """The information, or None when the bytes are not what `to_json` writes."""
        try:
            return cls(**orjson.loads(content))
        except (orjson.JSONDecodeError, TypeError):
            return None
