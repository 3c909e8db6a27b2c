"""What a body is told about a call, and how the log says it."""

from dataclasses import dataclass
from typing import TypeAlias

from events import strict_json
from events.tool import ToolCallCompleted, ToolCallDenied

from ...errors import Corrupt
from ...ports.blobs import Blobs
from .asking import DENIED
from .recorded import Outcome

MAX_RESULT = 4 * 1024 * 1024
"""Bytes of JSON that a tool may answer with."""


class RecordUnreadable(Corrupt):
    """What the call {call_id} came to cannot be read: {why}"""


@dataclass(frozen=True, slots=True)
class Answered:
    """The call was made; *content* is the JSON that came of it."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """The call was not made, or failed, or nobody knows: an error that the body may catch."""

    kind: str
    message: str

    def to_bytes(self) -> bytes:
        return strict_json.dumps({"kind": self.kind, "message": self.message})


Reply: TypeAlias = Answered | Failed

WORDS = {
    "unknown": Failed(
        "UnknownOutcome", "the worker was interrupted during this call: it may have been made, or not"
    ),
    "cancelled": Failed("Cancelled", "the call was cut off, because the task was called off"),
    "timeout": Failed("Timeout", "the call was cut off, because the task had no time left"),
}
"""What a body is told where an outcome's reason says all that there is to say."""


async def told(outcome: Outcome, blobs: Blobs) -> Reply:
    """What the body was told when that was recorded.

    Raises:
        BlobMissing, BlobErased, BlobCorrupt: the content is gone.
    """
    if isinstance(outcome, ToolCallCompleted):
        return Answered(await blobs.get(outcome.result))
    if isinstance(outcome, ToolCallDenied):
        return Failed(DENIED, outcome.reason)
    if outcome.error is None:
        return WORDS.get(outcome.reason) or Failed("ToolError", outcome.reason)
    try:
        error = strict_json.loads(await blobs.get(outcome.error))
        return Failed(str(error["kind"]), str(error["message"]))
    except (strict_json.NotStrict, LookupError, TypeError) as error:
        raise RecordUnreadable(call_id=outcome.call_id, why=error) from None
