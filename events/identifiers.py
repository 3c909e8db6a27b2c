"""Names that appear in subjects, and ids that derive from the command that caused them."""

import hashlib
import re
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""One token of a NATS subject: letters, digits, `-` and `_`, at most 64, starting with a letter or digit."""

Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]
"""A UUID as its 36 characters, in lower case."""

KeyId = Annotated[str, StringConstraints(pattern=r"^ed25519:[0-9a-f]{32}$")]
"""What `signing.key_id` makes of a public key."""

TraceParent = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
]
"""W3C Trace Context's `traceparent`."""

NOBODY = "_"
"""The agent token of events that concern no agent."""

EVENT_SUBJECTS = "symbi.evt"
COMMAND_SUBJECTS = "symbi.cmd"

_EVENT_IDS = UUID("6f7d2f0e-9a44-5d0b-8c55-2a3f0a8f7d11").bytes


def event_id(command_id: str, index: int) -> str:
    """The id of the *index*-th event that a command causes; a repeated command cannot make a second one."""
    return _uuid5(f"{command_id}/{index}")


def derived_id(prefix: str, command_id: str) -> str:
    """The id of a new aggregate that a command creates: *prefix*, `-` and 20 hex digits of a SHA-256."""
    return f"{prefix}-{hashlib.sha256(f'{prefix}/{command_id}'.encode()).hexdigest()[:20]}"


def command_id(cause: str, reactor: str, index: int = 0) -> str:
    """The id of a reactor's command, from the event it reacts to; a replayed reactor repeats nothing."""
    return _uuid5(f"{reactor}/{cause}/{index}")


def _uuid5(name: str) -> str:
    """RFC 9562's name-based UUID of *name*, in a third of the time that `uuid.uuid5` takes."""
    digest = bytearray(hashlib.sha1(_EVENT_IDS + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def event_subject(agent: str | None, aggregate: str, aggregate_id: str, tokens: str) -> str:
    return f"{EVENT_SUBJECTS}.{agent or NOBODY}.{aggregate}.{aggregate_id}.{tokens}"


def boundary(agent: str | None, aggregate: str, aggregate_id: str) -> str:
    """The subject filter inside which revisions are counted and decisions are guarded.

    Everything about an agent is one boundary, and so is everything about identities, because "never the last
    operator" and "a key is issued once" hold over all of them. Every other aggregate is its own.
    """
    if agent:
        return f"{EVENT_SUBJECTS}.{agent}.>"
    if aggregate == "identity":
        return f"{EVENT_SUBJECTS}.{NOBODY}.identity.>"
    return f"{EVENT_SUBJECTS}.{NOBODY}.{aggregate}.{aggregate_id}.>"
