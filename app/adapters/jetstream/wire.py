"""How an event looks as a message of JetStream, and back."""

from dataclasses import dataclass

from nats.aio.msg import Msg

from events import clock
from events.codec import Raw

from ...ports.event_log import Draft, Expectation

MSG_ID = "Nats-Msg-Id"
SIGNATURE = "Symbi-Signature"
KEY = "Symbi-Key"
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
EXPECTED_IN = "Nats-Expected-Last-Subject-Sequence-Subject"
BATCH_ID = "Nats-Batch-Id"
BATCH_SEQUENCE = "Nats-Batch-Sequence"
BATCH_COMMIT = "Nats-Batch-Commit"
STATUS = "Status"
DESCRIPTION = "Description"

HEADER_ROOM = 320
"""Bytes that the names and numbers of all our headers never exceed."""

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Decision:
    """Events that are appended together, and the state that they were decided on."""

    drafts: tuple[Draft, ...]
    expected: Expectation | None

    @property
    def size(self) -> int:
        return sum(size_of(draft, self.expected) for draft in self.drafts)


def headers_of(draft: Draft, expected: Expectation | None) -> Headers:
    """The headers of an event that is published alone, or first in its decision."""
    headers = {MSG_ID: draft.event_id, SIGNATURE: draft.signature, KEY: draft.key}
    if expected is not None:
        headers[EXPECTED] = str(expected.last_seq)
        headers[EXPECTED_IN] = expected.boundary
    return headers


def size_of(draft: Draft, expected: Expectation | None) -> int:
    """What counts against the server's limits, in bytes: payload and headers, rounded up."""
    size = len(draft.payload) + len(draft.event_id) + len(draft.signature) + len(draft.key) + HEADER_ROOM
    return size if expected is None else size + len(expected.boundary)


def stored(message: Msg) -> Raw:
    """The event in an answer to a direct get."""
    headers = message.headers or {}
    return Raw(
        seq=int(headers["Nats-Sequence"]),
        stored_at=clock.from_wire(headers["Nats-Time-Stamp"]),
        subject=headers["Nats-Subject"],
        payload=message.data,
        signature=headers.get(SIGNATURE, ""),
        key=headers.get(KEY, ""),
    )


def delivered(message: Msg) -> tuple[Raw, int]:
    """The event that a consumer delivered, and the consumer's own number for it, from 1.

    The numbers are in the reply subject, of nine tokens, or of twelve with a domain and an account:
    `$JS.ACK[.<domain>.<account>].<stream>.<consumer>.<deliveries>.<seq>.<number>.<time>.<pending>[.<random>]`
    """
    tokens = message.reply.split(".")
    at = 5 if len(tokens) == 9 else 7
    headers = message.headers or {}
    raw = Raw(
        seq=int(tokens[at]),
        stored_at=int(tokens[at + 2]),
        subject=message.subject,
        payload=message.data,
        signature=headers.get(SIGNATURE, ""),
        key=headers.get(KEY, ""),
    )
    return raw, int(tokens[at + 1])
