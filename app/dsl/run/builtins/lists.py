"""Built-ins of lists that call nothing back."""

from ..equality import Identities, finds
from ..failures import Failure
from ..limits import Meter
from ..sizes import LIST, SLOT, list_size, text_size
from ..text import to_text
from ..values import List, Map, Range, Value, described, share
from .native import implements
from .positions import bounds, position

Items = List | Range


@implements("List.len")
def length(meter: Meter, items: Items) -> int:
    return len(items.items)


@implements("List.is_empty")
def is_empty(meter: Meter, items: Items) -> bool:
    return not items.items


@implements("List.push")
def push(meter: Meter, items: List, value: Value) -> List:
    meter.allocate(SLOT)
    items.items.append(value)
    return items


@implements("List.extend")
def extend(meter: Meter, items: List, others: Items) -> List:
    meter.allocate(SLOT * len(others.items))
    # Listed first: it may be extended by itself.
    items.items.extend([share(item) for item in others.items])
    return items


@implements("List.insert")
def insert(meter: Meter, items: List, index: int, value: Value) -> List:
    if not -len(items.items) <= index <= len(items.items):
        raise Failure("IndexError", f"there is no place {index}; there are {len(items.items)}")
    meter.allocate(SLOT)
    items.items.insert(index, value)
    return items


@implements("List.pop")
def pop(meter: Meter, items: List) -> Value:
    return items.items.pop() if items.items else None


@implements("List.remove")
def remove(meter: Meter, items: List, index: int) -> Value:
    return items.items.pop(position(len(items.items), index))


@implements("List.clear")
def clear(meter: Meter, items: List) -> List:
    items.items.clear()
    return items


@implements("List.get")
def get(meter: Meter, items: Items, index: int, default: Value = None) -> Value:
    if -len(items.items) <= index < len(items.items):
        return share(items.items[index])
    return default


@implements("List.first")
def first(meter: Meter, items: Items) -> Value:
    return share(items.items[0]) if items.items else None


@implements("List.last")
def last(meter: Meter, items: Items) -> Value:
    return share(items.items[-1]) if items.items else None


@implements("List.contains")
def contains(meter: Meter, items: Items, value: Value) -> bool:
    return finds(meter, items.items, value) is not None


@implements("List.index_of")
def index_of(meter: Meter, items: Items, value: Value) -> int | None:
    return finds(meter, items.items, value)


@implements("List.slice")
def slice_(meter: Meter, items: Items, start: int, end: int | None = None) -> Items:
    first_place, behind = bounds(len(items.items), start, end)
    if isinstance(items, Range):
        return Range(items.items[first_place:behind])
    meter.allocate(list_size(max(0, behind - first_place)))
    return List([share(item) for item in items.items[first_place:behind]])


@implements("List.take")
def take(meter: Meter, items: Items, count: int) -> Items:
    return slice_(meter, items, 0, _not_negative(count))


@implements("List.skip")
def skip(meter: Meter, items: Items, count: int) -> Items:
    return slice_(meter, items, _not_negative(count))


def _not_negative(count: int) -> int:
    if count < 0:
        raise Failure("ValueError", f"there cannot be {count} of them")
    return count


@implements("List.reverse")
def reverse(meter: Meter, items: Items) -> List:
    meter.allocate(list_size(len(items.items)))
    return List([share(item) for item in reversed(items.items)])


@implements("List.unique")
def unique(meter: Meter, items: Items) -> List:
    meter.allocate(list_size(len(items.items)))
    identities, seen = Identities(meter), set[int]()
    found: list[Value] = []
    for item in items.items:
        number = identities.number(item)
        if number not in seen:
            seen.add(number)
            found.append(share(item))
    return List(found)


@implements("List.flatten")
def flatten(meter: Meter, items: Items) -> List:
    lengths = [len(item.items) if isinstance(item, List | Range) else 1 for item in items.items]
    meter.allocate(list_size(sum(lengths)))
    flat: list[Value] = []
    for item in items.items:
        flat.extend(map(share, item.items if isinstance(item, List | Range) else (item,)))
    return List(flat)


@implements("zip")
@implements("List.zip")
def zip_(meter: Meter, items: Items, others: Items) -> List:
    pairs = min(len(items.items), len(others.items))
    meter.allocate(list_size(pairs) + pairs * (LIST + 2 * SLOT))
    return List(
        [List([share(one), share(other)]) for one, other in zip(items.items, others.items, strict=False)]
    )


@implements("List.enumerate")
def enumerate_(meter: Meter, items: Items) -> List:
    count = len(items.items)
    meter.allocate(list_size(count) + count * (LIST + 2 * SLOT))
    return List([List([place, share(item)]) for place, item in enumerate(items.items)])


@implements("List.join")
def join(meter: Meter, items: Items, separator: str = "") -> str:
    meter.spend(4 * len(items.items))
    meter.allocate(list_size(len(items.items)) + text_size(separator) * len(items.items))
    texts: list[str] = []
    for item in items.items:
        texts.append(to_text(meter, item))
        meter.allocate(text_size(texts[-1]))
    return separator.join(texts)


@implements("len")
def length_of(meter: Meter, value: Value) -> int:
    if isinstance(value, List | Range):
        return len(value.items)
    if isinstance(value, Map):
        return len(value.entries)
    if isinstance(value, str):
        return len(value)
    raise Failure("TypeError", f"{described(value)} has no length")
