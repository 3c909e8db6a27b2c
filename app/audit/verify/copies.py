"""Producer statements as they are copied outside the broker: DSSE envelopes, a line each."""

import hashlib
from collections.abc import Iterable, Iterator

import orjson

from events import strict_json
from events.codec import Raw, Undecodable, decode
from events.log import ProducerAcknowledged
from events.signing import EVENT_TYPE, Provider, verify

from ..bundle.record import decode64
from .examined import Statement
from .examiner import statement_of
from .keys import KeyHistory
from .problems import Code, Problems


def read(
    lines: Iterable[bytes], keys: KeyHistory, using: Provider, problems: Problems
) -> Iterator[Statement]:
    """The statements in a file, those that are to be believed; the others are problems."""
    for line in lines:
        try:
            raw = _raw(line)
            envelope, event = decode(raw.payload)
        except (ValueError, LookupError, TypeError, AttributeError, Undecodable) as error:
            if line.endswith(b"\n"):  # else the component died while it wrote
                problems.add(Code.MALFORMED, 0, f"a copy of a statement cannot be read: {error}")
            continue
        if not isinstance(event, ProducerAcknowledged):
            problems.add(Code.MALFORMED, 0, "among the copies of statements is something else")
            continue
        key = keys.get(raw.key)
        if key is None:
            problems.add(Code.KEY_NOT_VALID, event.last_seq, f"{raw.key} made a statement and is not known")
        elif not verify(using, key.public_key, EVENT_TYPE, raw.payload, raw.signature):
            problems.add(
                Code.BAD_SIGNATURE, event.last_seq, f"statement {event.n} of {raw.key}, outside the log"
            )
        else:
            digest = hashlib.sha256(raw.payload).digest()
            yield statement_of(raw, envelope, event, digest)


def _raw(line: bytes) -> Raw:
    """Raises `ValueError` and others where the line is none, or is spelled otherwise than it would be."""
    document = orjson.loads(line)
    (signature,) = document["signatures"]
    payload, key, text = document["payload"], signature["keyid"], signature["sig"]
    again = {"payloadType": EVENT_TYPE, "payload": payload, "signatures": [{"keyid": key, "sig": text}]}
    if strict_json.dumps(again) + b"\n" != line:
        raise ValueError("it is written otherwise than it would be here")
    return Raw(0, 0, "", decode64(payload.encode()), text, key)
