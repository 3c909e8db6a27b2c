"""How questions for output and their answers look, and who can read them.

A question is a NATS request on `symbi.output.<login of the node>.<task>` with the JSON object
`{"assignment": 1, "offset": 0}`. The answer is `{}` where that assignment does not run there, and else
`{"assignment": 1, "offset": 0, "over": false, "sealed": "…"}`. `sealed` is the base64 of nonce (12 bytes) ||
AES-256-GCM ciphertext, under the key HKDF-SHA256(data key of the scope `task/<id>`, info "symbi-output/v1",
32 bytes), with the associated data `symbi-output/v1/<task>/<assignment>/<offset>`: whoever may not read the
output that is kept when the task has ended can make nothing of it.
"""

import base64
import os

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from events.personal import DataKeys

from ...ports.live_output import LivePart
from ..nats_permissions import OUTPUTS

FORMAT = "symbi-output/v1"


class Unreadable(ValueError):
    """The bytes are no question, no answer, or not for this reader."""


def subject(login: str, task_id: str) -> str:
    """Where the node with that login is asked."""
    return f"{OUTPUTS}.{login}.{task_id}"


def ask(assignment: int, offset: int) -> bytes:
    return orjson.dumps({"assignment": assignment, "offset": offset})


def asked(question: bytes) -> tuple[int, int]:
    """Assignment and offset. Raises `Unreadable`."""
    try:
        document = orjson.loads(question)
        assignment, offset = document["assignment"], document["offset"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(str(error)) from None
    if type(assignment) is not int or type(offset) is not int or assignment < 0 or offset < 0:
        raise Unreadable("assignment and offset are numbers from 0")
    return assignment, offset


def answer(task_id: str, part: LivePart | None, keys: DataKeys) -> bytes:
    """Raises `KeyDestroyed` where nobody may read the task's output any more."""
    if part is None:
        return b"{}"
    nonce = os.urandom(12)
    sealed = nonce + _cipher(task_id, keys).encrypt(nonce, part.data, _associated(task_id, part))
    return orjson.dumps(
        {
            "assignment": part.assignment,
            "offset": part.offset,
            "over": part.over,
            "sealed": base64.b64encode(sealed).decode(),
        }
    )


def answered(task_id: str, answer: bytes, keys: DataKeys) -> LivePart | None:
    """The part in an answer. Raises `Unreadable`, or `KeyDestroyed`."""
    try:
        document = orjson.loads(answer)
        if not document:
            return None
        part = LivePart(document["assignment"], document["offset"], b"", document["over"])
        sealed = base64.b64decode(document["sealed"], validate=True)
        data = _cipher(task_id, keys).decrypt(sealed[:12], sealed[12:], _associated(task_id, part))
    except (ValueError, KeyError, TypeError, InvalidTag) as error:
        raise Unreadable(repr(error)) from None
    return LivePart(part.assignment, part.offset, data, part.over)


def _cipher(task_id: str, keys: DataKeys) -> AESGCM:
    data_key = keys.data_key(f"task/{task_id}")
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=FORMAT.encode()).derive(data_key))


def _associated(task_id: str, part: LivePart) -> bytes:
    return f"{FORMAT}/{task_id}/{part.assignment}/{part.offset}".encode()
