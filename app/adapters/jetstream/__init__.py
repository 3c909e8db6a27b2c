"""The event log on NATS JetStream."""

from .connection import LoginRefused, NatsUnavailable, connect
from .event_log import JetStreamEventLog
from .streams import StreamUnusable, ensure_streams

__all__ = [
    "JetStreamEventLog",
    "LoginRefused",
    "NatsUnavailable",
    "StreamUnusable",
    "connect",
    "ensure_streams",
]
