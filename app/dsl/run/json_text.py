"""Values as JSON and back.

Null, bools, ints (64 bits), finite floats, text, Lists and Maps are what JSON has. A record is an object; the
name of its type is kept only in *tagged* JSON, which also has durations and secrets, and which reads back as
the same value. JSON of strangers is never read as tagged: nothing in it can become a secret or a record.
"""

import math
from collections.abc import Callable
from typing import Any, Final

from events import strict_json

from .failures import Failure, LimitReached
from .limits import Meter
from .sizes import ENTRY, LIST, MAP, SLOT, list_size, text_size
from .values import (
    LARGEST_INT,
    LEAST_INT,
    Duration,
    List,
    Map,
    Range,
    Secret,
    SecretRef,
    Value,
    described,
)

MAX_DEPTH: Final = strict_json.MAX_DEPTH
TYPE: Final = "$type"
MILLISECONDS: Final = "$ms"
SECRET: Final = "$secret"

Reveal = Callable[[Secret], Any]


class NotAValue(ValueError):
    """This JSON has something in it that the language has not, or it is too deep; the text says what."""


def from_json(data: Any, *, tagged: bool = False, _depth: int = 1) -> Value:
    """The value of parsed JSON.

    Raises:
        NotAValue: an int of more than 64 bits, NaN or Infinity, nested over `MAX_DEPTH` deep, what JSON has
            not; with *tagged*, an object with a `$` name that is none of ours.
    """
    if data is None or data.__class__ in (bool, str):
        return data
    if data.__class__ is int:
        if not LEAST_INT <= data <= LARGEST_INT:
            raise NotAValue(
                f"the integer {data:.0f} has more than 64 bits" if data < 10**30 else "an integer"
            )
        return data
    if data.__class__ is float:
        if not math.isfinite(data):
            raise NotAValue(f"{data} is not a number")
        return data
    if _depth > MAX_DEPTH:
        raise NotAValue(f"nested more than {MAX_DEPTH} deep")
    if data.__class__ in (list, tuple):
        return List([from_json(item, tagged=tagged, _depth=_depth + 1) for item in data])
    if isinstance(data, dict):
        return _object(data, tagged, _depth)
    raise NotAValue(f"{data.__class__.__name__} is nothing that JSON has")


def _object(data: dict[Any, Any], tagged: bool, depth: int) -> Value:
    if any(key.__class__ is not str for key in data):
        raise NotAValue("the name of a member must be text")
    if not tagged:
        return Map({key: from_json(item, _depth=depth + 1) for key, item in data.items()})
    if MILLISECONDS in data:
        return Duration(_of_type(data[MILLISECONDS], int))
    if SECRET in data:
        return Secret(tuple(_part(part) for part in _of_type(data[SECRET], list)))
    entries: dict[str, Value] = {}
    for key, item in data.items():
        if key == TYPE:
            continue
        if key.startswith("$") and not key.startswith("$$"):
            raise NotAValue(f"{key} is no tag")
        entries[key[1:] if key[0:1] == "$" else key] = from_json(item, tagged=True, _depth=depth + 1)
    return Map(entries, _of_type(data[TYPE], str) if TYPE in data else None)


def _of_type(data: Any, kind: type) -> Any:
    if data.__class__ is not kind:
        raise NotAValue(f"a tag with {data.__class__.__name__}, not {kind.__name__}")
    return data


def _part(part: Any) -> str | SecretRef:
    if isinstance(part, str):
        return part
    part = _of_type(part, dict)
    entry = part.get("entry")
    return SecretRef(_of_type(part.get("path"), str), None if entry is None else _of_type(entry, str))


def to_json(value: Value, *, tagged: bool = False, reveal: Reveal | None = None, _depth: int = 1) -> Any:
    """What a JSON encoder takes. Without tags a duration is its milliseconds, a secret what *reveal* says.

    Raises:
        Failure: a secret that may not be revealed, a function, or nested over `MAX_DEPTH` deep.
    """
    kind = value.__class__
    if kind is str or value is None or kind is int or kind is float or kind is bool:
        return value
    if isinstance(value, Duration):
        return {MILLISECONDS: value.ms} if tagged else value.ms
    if isinstance(value, Secret):
        return _secret(value, tagged, reveal)
    if _depth > MAX_DEPTH:
        raise Failure("ValueError", f"nested more than {MAX_DEPTH} deep, which JSON may not be")
    if isinstance(value, List | Range):
        return [to_json(item, tagged=tagged, reveal=reveal, _depth=_depth + 1) for item in value.items]
    if isinstance(value, Map):
        return _members(value, tagged, reveal, _depth)
    raise Failure("TypeError", f"{described(value)} cannot be JSON")


def _secret(value: Secret, tagged: bool, reveal: Reveal | None) -> Any:
    if tagged:
        return {SECRET: [_part_json(part) for part in value.parts]}
    if reveal is None:
        raise Failure("TypeError", "a Secret never becomes text")
    return reveal(value)


def _part_json(part: str | SecretRef) -> Any:
    if isinstance(part, str):
        return part
    return {"path": part.path} | ({} if part.entry is None else {"entry": part.entry})


def _members(value: Map, tagged: bool, reveal: Reveal | None, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if tagged and value.type_name is not None:
        made[TYPE] = value.type_name
    for key, item in value.entries.items():
        name = f"${key}" if tagged and key.startswith("$") else key
        made[name] = to_json(item, tagged=tagged, reveal=reveal, _depth=depth + 1)
    return made


def canonical(value: Value) -> bytes:
    """The one tagged JSON text of *value*, with sorted keys: what digests are taken over.

    Raises:
        Failure: as `to_json`, and for text with half a surrogate pair in it.
    """
    try:
        return strict_json.canonical(to_json(value, tagged=True))
    except strict_json.NotStrict as error:
        raise Failure("ValueError", str(error)) from None


def json_size(meter: Meter, value: Value, most: int) -> int:
    """About how many bytes of JSON *value* is, never fewer than half; counting ends behind *most*.

    Charged by what is gone through. It looks no deeper than `MAX_DEPTH`.
    """
    total, waiting = 0, [(value, 1)]
    while waiting and total <= most:
        item, depth = waiting.pop()
        if isinstance(item, str):
            total += len(item) + 3
            meter.spend(len(item) >> 8)
        elif depth > MAX_DEPTH:
            continue
        elif isinstance(item, Range):
            total += 8 * len(item.items)
        elif isinstance(item, List):
            total += 2 + len(item.items)
            meter.spend(len(item.items))
            if total <= most:
                waiting.extend((each, depth + 1) for each in item.items)
        elif isinstance(item, Map):
            total += 2 + sum(len(key) + 4 for key in item.entries)
            meter.spend(len(item.entries))
            if total <= most:
                waiting.extend((each, depth + 1) for each in item.entries.values())
        else:
            total += 5
    return total


def json_text(meter: Meter, value: Value) -> str:
    """*value* as compact JSON, keys in their order; charged. Raises `Failure` as `to_json` does."""
    size = json_size(meter, value, meter.limits.output)
    if size > meter.limits.output:
        raise LimitReached("output", f"more than {meter.limits.output} bytes of JSON")
    meter.allocate(4 * size + 256)
    try:
        return strict_json.dumps(to_json(value)).decode()
    except strict_json.NotStrict as error:
        raise Failure("ValueError", str(error)) from None


def parsed(meter: Meter, text: str) -> Value:
    """The value of JSON *text*, charged before it is read by the most that it can hold. Raises `Failure`."""
    raw = text.encode("utf-8", "surrogatepass")
    meter.spend(len(raw) >> 6)
    meter.allocate(_most_size(raw))
    try:
        return from_json(strict_json.loads(raw, max_bytes=len(raw)))
    except (strict_json.NotStrict, NotAValue) as error:
        raise Failure("ValueError", str(error)) from None


def _most_size(raw: bytes) -> int:
    """At most what the values in JSON text are charged."""
    lists, maps, entries = raw.count(b"["), raw.count(b"{"), raw.count(b":")
    return (
        lists * LIST
        + maps * MAP
        + entries * (ENTRY + 100)
        + raw.count(b",") * (SLOT + 100)
        + 6 * len(raw)
        + 200
    )


def size_of(value: Value) -> int:
    """What *value* is charged with everything it holds."""
    total, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            total += text_size(item)
        elif isinstance(item, List):
            total += list_size(len(item.items))
            waiting.extend(item.items)
        elif isinstance(item, Map):
            total += MAP + sum(ENTRY + text_size(key) for key in item.entries)
            waiting.extend(item.entries.values())
        else:
            total += SLOT
    return total
