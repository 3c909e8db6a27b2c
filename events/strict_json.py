"""JSON as strangers may send it: no duplicate keys, no NaN, bounded depth and size."""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

import orjson

MAX_DEPTH = 32
MAX_BYTES = 1024 * 1024


MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1


class NotStrict(ValueError):
    """This is not JSON that this system accepts, or no value that such JSON can hold; the text says why."""


def loads(raw: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Parse *raw*.

    Raises:
        NotStrict: too large, not JSON, not UTF-8, a duplicate key, NaN or Infinity, an integer of more than
            64 bits, or nested over 32 deep.
    """
    if len(raw) > max_bytes:
        raise NotStrict(f"{len(raw)} bytes; at most {max_bytes} are accepted")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise NotStrict(f"not JSON: {error}") from None
    # First, because encoding what is nested deeper than the encoder allows would fail.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise NotStrict(f"nested more than {MAX_DEPTH} deep")
    # The fast parser keeps the last of duplicate keys and makes floats of large integers, so it may be
    # trusted only where encoding its result again gives the same bytes.
    return value if orjson.dumps(value) == raw else _slow(raw)


def dumps(value: Any) -> bytes:
    """Encode *value* compactly, keys in the order given.

    Raises:
        NotStrict: it holds what JSON or `loads` cannot: a lone surrogate, an integer of more than 64 bits.
    """
    return _encode(value, 0)


def canonical(value: Any) -> bytes:
    """Encode *value* with sorted keys and no spaces: what digests are taken over. Raises as `dumps` does."""
    return _encode(value, orjson.OPT_SORT_KEYS)


def _encode(value: Any, option: int) -> bytes:
    try:
        return orjson.dumps(value, option=option)
    except orjson.JSONEncodeError as error:
        raise NotStrict(f"not JSON: {error}") from None


def _slow(raw: bytes) -> Any:
    try:
        return json.loads(raw, object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_integer)
    except NotStrict:
        raise
    except ValueError as error:
        raise NotStrict(str(error)) from None


def _integer(digits: str) -> int:
    value = int(digits) if len(digits) <= 20 else MAX_INTEGER + 1
    if not MIN_INTEGER <= value <= MAX_INTEGER:
        raise NotStrict(f"the integer {digits:.40} has more than 64 bits")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise NotStrict(f"the key {_first_repeated(key for key, _ in pairs)!r} occurs twice in one object")
    return value


def _first_repeated(keys: Iterable[str]) -> str | None:
    seen: set[str] = set()
    # One pass: a stranger chooses how many keys there are.
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return None


def _refuse(constant: str) -> NoReturn:
    raise NotStrict(f"{constant} is not JSON")


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else None
        if children is None:
            continue
        deepest = max(deepest, depth)
        if deepest > MAX_DEPTH:
            break
        waiting.extend((child, depth + 1) for child in children)
    return deepest
