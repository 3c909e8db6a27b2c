"""One message of the log as a line: a DSSE envelope, and its place beside it.

    {"payloadType":…,"payload":"<base64>","signatures":[{"keyid":…,"sig":…}],"seq":…,"stored_at":…,"subject":…}

A DSSE verifier ignores the place. `sig` and `keyid` are the headers of the message as they came. A message
that is not made of such text (no signature, octets that are no UTF-8) has `octets` in place of what it lacks:
`{"subject":…,"signature":…,"key":…}`, each in base64.
"""

import binascii
import re
from typing import Any

import orjson

from events.codec import Raw
from events.signing import EVENT_TYPE

from ...errors import Corrupt

MAX_LINE = 8 * 1024 * 1024
"""No line of a bundle is longer."""


class MalformedRecord(Corrupt):
    """This line is no message of the log: {reason}."""


_HEAD = b'{"payloadType":"' + EVENT_TYPE.encode() + b'","payload":"'
_PLAIN = rb"([ !#-\[\]-~]%s+)"
"""Text that JSON spells as it is."""
_TAIL = re.compile(
    rb'"signatures":\[\{"keyid":"%s","sig":"%s"\}\],"seq":([1-9]\d{0,19}+),"stored_at":([1-9]\d{0,19}+),"subject":"%s"\}\n'
    % (_PLAIN % b"*", _PLAIN % b"+", _PLAIN % b"*")
)
_LAST_OF_ONE, _LAST_OF_TWO = b"AQgw", b"AEIMQUYcgkosw048"
"""What stands before the padding where the bits that are left over are zero."""


def to_line(raw: Raw) -> bytes:
    """*raw* as a line, with its newline; one message has one line."""
    document: dict[str, Any] = {
        "payloadType": EVENT_TYPE,
        "payload": _base64(raw.payload),
        "signatures": [{"keyid": raw.key, "sig": raw.signature}],
        "seq": raw.seq,
        "stored_at": raw.stored_at,
        "subject": raw.subject,
    }
    texts = {"subject": raw.subject, "signature": raw.signature, "key": raw.key}
    if not raw.signature or not all(text.isascii() and text.isprintable() for text in texts.values()):
        del document["subject"]
        document["signatures"] = []
        document["octets"] = {
            name: _base64(text.encode("utf-8", "surrogateescape")) for name, text in texts.items()
        }
    return orjson.dumps(document) + b"\n"


def from_line(line: bytes) -> Raw:
    """The message of a line, of which `to_line` makes the very same line again.

    Raises:
        MalformedRecord: the line is any other.
    """
    start = len(_HEAD)
    end = line.find(b'","', start)
    match = _TAIL.fullmatch(line, end + 2) if line.startswith(_HEAD) else None
    if match is None:
        return _unusual(line)
    key, signature, seq, stored_at, subject = match.groups()
    try:
        payload = decode64(line[start:end])
    except ValueError as error:
        raise MalformedRecord(reason=error) from None
    return Raw(int(seq), int(stored_at), subject.decode(), payload, signature.decode(), key.decode())


def _unusual(line: bytes) -> Raw:
    try:
        document = orjson.loads(line)
        payload, octets = decode64(document["payload"].encode()), document.get("octets")
        if octets is None:
            (signature,) = document["signatures"]
            subject, key, text = document["subject"], signature["keyid"], signature["sig"]
        else:
            subject, text, key = (
                decode64(octets[name].encode()).decode("utf-8", "surrogateescape")
                for name in ("subject", "signature", "key")
            )
        raw = Raw(document["seq"], document["stored_at"], subject, payload, text, key)
        if type(raw.seq) is not int or type(raw.stored_at) is not int or to_line(raw) != line:
            raise ValueError("it is written otherwise than it would be here")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise MalformedRecord(reason=error) from None
    return raw


def decode64(text: bytes) -> bytes:
    """The bytes of base64 in its one spelling. Raises `ValueError` for any other."""
    raw = binascii.a2b_base64(text, strict_mode=True)
    rest = len(raw) % 3
    if rest and text[-2 - (rest == 1)] not in (_LAST_OF_ONE if rest == 1 else _LAST_OF_TWO):
        raise ValueError("this is not base64 as it is written here")
    return raw


def _base64(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).decode()
