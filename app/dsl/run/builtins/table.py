"""Every built-in, declared once: the interpreter, the checker and the reference take them from here."""

from collections.abc import Iterator

from .signature import Builtin, declare


def _functions() -> Iterator[Builtin]:
    yield from declare(
        None,
        "error(message: String, kind?: String) -> never",
        "Fails with an error that `catch (e)`, or `catch (Kind e)`, can take.",
    )
    yield from declare(
        None,
        "assert(condition: bool, message?: String) -> null",
        "Fails with an `AssertionError` unless the condition is true.",
    )
    yield from declare(None, "len(value: any) -> int", "How many elements, entries or characters.", "length")
    yield from declare(
        None,
        "range(start: int, end?: int, step?: int) -> List<int>",
        "The integers from start (0 when only the end is given) up to but not including end. It takes no "
        "room while it is only gone through.",
    )
    yield from declare(
        None,
        "format(template: String, ...values: any) -> String",
        "The template with each `{}` replaced by the next value, `{0}` by the first; `{{` is a brace, `}}` "
        "too.",
        price="result",
    )
    yield from declare(
        None,
        "parse_json(text: String) -> any",
        "The value that the JSON text holds; fails with a `ValueError`.",
        price="length",
    )
    yield from declare(
        None, "type_of(value: any) -> String", "The name of its type: `int`, `List`, `Report`."
    )
    yield from declare(
        None, "to_json(value: any) -> String", "The value as compact JSON text.", price="result"
    )
    yield from declare(
        None,
        "to_string(value: any) -> String",
        "The value as text; of a List, Map or record: as JSON.",
        price="result",
    )
    yield from declare(
        None,
        "to_int(value: any) -> int",
        "Of a float: without what stands behind the point; of text: the integer it writes, else "
        "`ValueError`.",
    )
    yield from declare(
        None, "to_float(value: any) -> float", "Of an int or of text that writes a number, else `ValueError`."
    )
    yield from declare(None, "abs(value: number) -> number", "Without its sign.")
    yield from declare(
        None, "min(first: T, ...others: T) -> T", "The smallest; of one List: of its elements."
    )
    yield from declare(None, "max(first: T, ...others: T) -> T", "The largest; of one List: of its elements.")
    yield from declare(None, "sum(values: List<number>) -> number", "0 when there are none.", price="length")
    yield from declare(
        None,
        "round(value: number, digits?: int) -> number",
        "To the nearest; halves go to the even neighbour. An int without digits, with digits a float.",
    )
    yield from declare(None, "floor(value: number) -> int", "The largest int that is not larger.")
    yield from declare(None, "ceil(value: number) -> int", "The smallest int that is not smaller.")
    yield from declare(None, "sqrt(value: number) -> float", "The square root.")
    yield from declare(None, "pow(base: number, exponent: int) -> number", "base to the exponent.")
    yield from declare(
        None,
        "div(dividend: int, divisor: int) -> int",
        "How often it fits, rounded down; `%` is what remains.",
    )
    yield from declare(
        None,
        "zip(first: List<T>, second: List<U>) -> List<List<any>>",
        "Pairs of elements at the same place, as long as the shorter one.",
        price="length",
    )
    yield from declare(
        None, "Some(value: T) -> T", "The value itself; `Some(x)` as a pattern is what is not null."
    )


def _of_any() -> Iterator[Builtin]:
    yield from declare("any", "to_string() -> String", "As the function.", price="result")
    yield from declare("any", "to_json() -> String", "As the function.", price="result")


def _of_numbers() -> Iterator[Builtin]:
    yield from declare("number", "abs() -> number", "Without its sign.")
    yield from declare("number", "round(digits?: int) -> number", "As the function.")
    yield from declare("number", "floor() -> int", "The largest int that is not larger.")
    yield from declare("number", "ceil() -> int", "The smallest int that is not smaller.")
    yield from declare("number", "to_int() -> int", "As the function.")
    yield from declare("number", "to_float() -> float", "As the function.")
    yield from declare("Duration", "seconds() -> float", "Its length in seconds.")
    yield from declare("Duration", "minutes() -> float", "Its length in minutes.")
    yield from declare("Duration", "hours() -> float", "Its length in hours.")


def _of_text() -> Iterator[Builtin]:
    of = "String"
    yield from declare(of, "len() -> int", "How many characters (code points).", "length", is_property=True)
    yield from declare(of, "is_empty() -> bool", "Whether there are none.")
    yield from declare(of, "upper() -> String", "In capitals.", "to_upper", "to_uppercase", price="length")
    yield from declare(
        of, "lower() -> String", "In small letters.", "to_lower", "to_lowercase", price="length"
    )
    yield from declare(of, "trim() -> String", "Without white space at both ends.", price="length")
    yield from declare(of, "contains(part: String) -> bool", "Whether it stands in it.", price="length")
    yield from declare(of, "starts_with(part: String) -> bool", "Whether it begins so.")
    yield from declare(of, "ends_with(part: String) -> bool", "Whether it ends so.")
    yield from declare(
        of,
        "index_of(part: String) -> int or null",
        "Where it first stands, from 0; null when it does not.",
        price="length",
    )
    yield from declare(
        of, "count(part: String) -> int", "How often it stands in it, without overlaps.", price="length"
    )
    yield from declare(
        of,
        "split(separator?: String) -> List<String>",
        "The parts between the separators; without one, the words between white space.",
        price="length",
    )
    yield from declare(of, "lines() -> List<String>", "Its lines, without their ends.", price="length")
    yield from declare(of, "chars() -> List<String>", "Its characters.", price="length")
    yield from declare(
        of, "replace(old: String, new: String) -> String", "With each old replaced by new.", price="length"
    )
    yield from declare(
        of,
        "slice(start: int, end?: int) -> String",
        "From start up to but not including end; negative positions count from the end.",
        price="length",
    )
    yield from declare(of, "repeat(times: int) -> String", "So many times in a row.", price="result")
    yield from declare(
        of,
        "pad_start(width: int, fill?: String) -> String",
        "Filled up at the start to that many characters, with spaces or *fill*, one character.",
        price="result",
    )
    yield from declare(
        of, "pad_end(width: int, fill?: String) -> String", "The same at the end.", price="result"
    )
    yield from declare(
        of, "reverse() -> String", "Its characters from the last to the first.", price="length"
    )
    yield from declare(of, "format(...values: any) -> String", "As the function.", price="result")
    yield from declare(of, "to_int() -> int", "As the function.")
    yield from declare(of, "to_float() -> float", "As the function.")
    yield from declare(of, "parse_json() -> any", "As the function.", price="length")


def _of_lists() -> Iterator[Builtin]:
    of = "List<T>"
    yield from declare(of, "len() -> int", "How many elements.", "length", is_property=True)
    yield from declare(of, "is_empty() -> bool", "Whether there are none.")
    yield from declare(
        of, "push(value: T) -> List<T>", "Adds an element at the end; the list.", "append", changes=True
    )
    yield from declare(
        of,
        "extend(others: List<T>) -> List<T>",
        "Adds all of them at the end; the list.",
        changes=True,
        price="result",
    )
    yield from declare(
        of,
        "insert(index: int, value: T) -> List<T>",
        "Puts it before the element at index; the list.",
        changes=True,
        price="length",
    )
    yield from declare(
        of, "pop() -> T or null", "Takes the last element out; null when there is none.", changes=True
    )
    yield from declare(
        of,
        "remove(index: int) -> T",
        "Takes the element at index out; fails with an `IndexError`.",
        changes=True,
        price="length",
    )
    yield from declare(of, "clear() -> List<T>", "Takes all elements out; the list.", changes=True)
    yield from declare(
        of,
        "get(index: int, default?: T) -> T or null",
        "The element at index, or the default where there is none.",
    )
    yield from declare(of, "first() -> T or null", "The first element, or null.")
    yield from declare(of, "last() -> T or null", "The last element, or null.")
    yield from declare(of, "contains(value: T) -> bool", "Whether an element equals it.", price="length")
    yield from declare(
        of, "index_of(value: T) -> int or null", "Where the first that equals it is, from 0.", price="length"
    )
    yield from declare(
        of,
        "slice(start: int, end?: int) -> List<T>",
        "From start up to but not including end; negative positions count from the end.",
        price="result",
    )
    yield from declare(of, "take(count: int) -> List<T>", "The first so many.", price="result")
    yield from declare(of, "skip(count: int) -> List<T>", "All but the first so many.", price="result")
    yield from declare(of, "reverse() -> List<T>", "From the last to the first.", price="length")
    yield from declare(
        of,
        "sort(key?: Function<T, any>) -> List<T>",
        "From small to large, by the key; equal ones keep their order. Keys are all numbers, all texts or "
        "all durations.",
        "sort_by",
        price="sort",
    )
    yield from declare(of, "unique() -> List<T>", "Each element once, where it first stands.", price="length")
    yield from declare(
        of,
        "flatten() -> List<any>",
        "The elements of its elements; those that are no lists stay.",
        price="length",
    )
    yield from declare(
        of,
        "zip(other: List<U>) -> List<List<any>>",
        "Pairs of elements at the same place, as long as the shorter one.",
        price="length",
    )
    yield from declare(
        of, "enumerate() -> List<List<any>>", "Pairs of position, from 0, and element.", price="length"
    )
    yield from declare(of, "sum() -> number", "Of numbers; 0 when there are none.", price="length")
    yield from declare(of, "min() -> T or null", "The smallest; null when there are none.", price="length")
    yield from declare(of, "max() -> T or null", "The largest; null when there are none.", price="length")
    yield from declare(
        of, "average() -> float or null", "Of numbers; null when there are none.", price="length"
    )
    yield from declare(
        of,
        "join(separator?: String) -> String",
        "Its elements as text, with the separator between them.",
        price="length",
    )
    yield from declare(of, "map(change: Function<T, U>) -> List<U>", "What change makes of each.")
    yield from declare(
        of, "flat_map(change: Function<T, List<U>>) -> List<U>", "What change makes of each, in one list."
    )
    yield from declare(of, "filter(keep: Function<T, bool>) -> List<T>", "Those that keep says true of.")
    yield from declare(
        of,
        "reduce(join: Function<A, T, A>, start?: A) -> A",
        "Joins what is so far with each element; begins with start, or with the first element.",
    )
    yield from declare(of, "fold(start: A, join: Function<A, T, A>) -> A", "As `reduce`, the start first.")
    yield from declare(of, "each(act: Function<T, any>) -> null", "Calls act with each.", "for_each")
    yield from declare(
        of, "any(test?: Function<T, bool>) -> bool", "Whether test is true of one; asks no further."
    )
    yield from declare(
        of, "all(test?: Function<T, bool>) -> bool", "Whether test is true of all; asks no further."
    )
    yield from declare(of, "count(test?: Function<T, bool>) -> int", "Of how many test is true.")
    yield from declare(
        of, "find(test: Function<T, bool>) -> T or null", "The first that test is true of, or null."
    )
    yield from declare(of, "min_by(key: Function<T, any>) -> T or null", "The first with the smallest key.")
    yield from declare(of, "max_by(key: Function<T, any>) -> T or null", "The first with the largest key.")
    yield from declare(
        of,
        "group_by(key: Function<T, any>) -> Map<String, List<T>>",
        "The elements by their key, a String, int or bool as text, in the order in which keys first appear.",
    )


def _of_maps() -> Iterator[Builtin]:
    of = "Map<String, T>"
    yield from declare(of, "len() -> int", "How many entries.", "length")
    yield from declare(of, "is_empty() -> bool", "Whether there are none.")
    yield from declare(
        of, "keys() -> List<String>", "Its keys, in the order in which they were added.", price="length"
    )
    yield from declare(of, "values() -> List<T>", "Its values, in the same order.", price="length")
    yield from declare(
        of, "entries() -> List<Map<String, any>>", "Its entries as `{ key, value }`.", price="length"
    )
    yield from declare(
        of, "contains(key: String) -> bool", "Whether there is such a key.", "contains_key", "has"
    )
    yield from declare(
        of,
        "get(key: String, default?: T) -> T or null",
        "The value of that key, or the default where it is missing.",
    )
    yield from declare(
        of,
        "set(key: String, value: T) -> Map<String, T>",
        "Adds or replaces an entry; the map.",
        "put",
        changes=True,
    )
    yield from declare(
        of,
        "remove(key: String) -> T or null",
        "Takes the entry out; its value, or null when there was none.",
        changes=True,
    )
    yield from declare(
        of,
        "merge(other: Map<String, T>) -> Map<String, T>",
        "A new map with the entries of both; those of the other one win.",
        price="length",
    )
    yield from declare(
        of,
        "filter(keep: Function<String, T, bool>) -> Map<String, T>",
        "A new map of the entries whose key and value keep says true of.",
    )
    yield from declare(
        of,
        "map_values(change: Function<T, U>) -> Map<String, U>",
        "A new map with the same keys, and what change makes of each value.",
    )


BUILTINS: tuple[Builtin, ...] = (
    *_functions(),
    *_of_any(),
    *_of_numbers(),
    *_of_text(),
    *_of_lists(),
    *_of_maps(),
)
"""Functions first, then methods by the type they belong to; methods of a Map are also those of a record."""

FUNCTIONS: dict[str, Builtin] = {one.name: one for one in BUILTINS if one.receiver is None}
"""The functions by their name."""

CHANGING: frozenset[str] = frozenset(one.name for one in BUILTINS if one.changes)
"""The names of the methods that change what they are called on."""
