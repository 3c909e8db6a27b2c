"""The kinds of values that settings take: what fits, how it is written, and what it becomes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from ..tree import SECONDS
from .constants import Constant, Duration, Word, described, plain


class Unfit(ValueError):
    """The value does not fit; `code` is the diagnostic's, `help` says what would."""

    def __init__(self, message: str, code: str = "wrong-kind", help: str = "") -> None:
        self.message, self.code, self.help = message, code, help
        super().__init__(message)


class Kind(Protocol):
    """Reads the values of one sort."""

    @property
    def words(self) -> str:
        """What it takes, for people: `a whole number from 16 to 1048576`."""

    def read(self, value: Constant) -> JsonValue:
        """What *value* means, in the unit that the attribute's docs name. Raises `Unfit`."""


@dataclass(frozen=True)
class Choice:
    """One word of a few, in capitals or not; several may mean the same."""

    meanings: Mapping[str, JsonValue]

    @classmethod
    def of(cls, *words: str) -> "Choice":
        return cls({word: word for word in words})

    @property
    def words(self) -> str:
        return one_of(self.meanings)

    def read(self, value: Constant) -> JsonValue:
        if not isinstance(value, str):
            raise Unfit(f"expected {self.words}, found {described(value)}")
        if value.lower() not in self.meanings:
            raise Unfit(f"there is no {described(value)}", help=f"it is {self.words}")
        return self.meanings[value.lower()]


@dataclass(frozen=True)
class Whole:
    """A whole number within a range."""

    least: int
    most: int

    @property
    def words(self) -> str:
        return f"a whole number from {self.least} to {self.most}"

    def read(self, value: Constant) -> JsonValue:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unfit(f"expected a whole number, found {described(value)}", help=f"it is {self.words}")
        if not self.least <= value <= self.most:
            raise Unfit(f"`{value}` is out of range", "out-of-range", f"it is {self.words}")
        return value


@dataclass(frozen=True)
class Amount:
    """A number, with a fraction or without, above 0 and up to a most."""

    most: int

    @property
    def words(self) -> str:
        return f"a number above 0 and up to {self.most}"

    def read(self, value: Constant) -> JsonValue:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Unfit(f"expected a number, found {described(value)}", help=f"it is {self.words}")
        if not 0 < value <= self.most:
            raise Unfit(f"`{value}` is out of range", "out-of-range", f"it is {self.words}")
        return float(value)


@dataclass(frozen=True)
class Share:
    """A part of a whole: from 0 to 1."""

    words = "a number from 0 to 1"

    def read(self, value: Constant) -> JsonValue:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Unfit(f"expected a number, found {described(value)}", help=f"it is {self.words}")
        if not 0 <= value <= 1:
            raise Unfit(f"`{value}` is out of range", "out-of-range", f"it is {self.words}")
        return float(value)


_WRITTEN_DURATION = re.compile(
    r"(?P<amount>[0-9]{1,18})\s?(?:\.?(?P<unit>seconds|minutes|hours|ms|s|m|h|d|w|months|y))", re.ASCII
)


@dataclass(frozen=True)
class Lasting:
    """A length of time: `30s`, whole milliseconds, or a text of either form. It becomes seconds."""

    most: int
    """Seconds."""
    longest: str
    """The most, for people."""

    @property
    def words(self) -> str:
        return f"a duration (`30s`) or whole milliseconds, above 0 and up to {self.longest}"

    def read(self, value: Constant) -> JsonValue:
        milliseconds = self._milliseconds(value)
        if milliseconds is None:
            raise Unfit(
                f"expected a duration, found {described(value)}",
                help="write `30s`, `5m` or `2h`, or whole milliseconds: `30000`",
            )
        if not 0 < milliseconds <= self.most * 1000:
            limit = "it must last" if milliseconds <= 0 else f"it lasts at most {self.longest}"
            found = described(value) if not isinstance(value, Duration) else f"`{plain(value)}`"
            raise Unfit(f"{found} is out of range", "out-of-range", limit)
        return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000

    def _milliseconds(self, value: Constant) -> int | None:
        match value:
            case bool() | Word():
                return None
            case Duration():
                return value.seconds * 1000
            case int():
                return value
            case str() if found := _WRITTEN_DURATION.fullmatch(value.strip()):
                amount = int(found["amount"])
                return amount if found["unit"] == "ms" else amount * SECONDS[found["unit"]] * 1000
        return None


@dataclass(frozen=True)
class Text:
    """Some text, or one bare word."""

    longest: int = 256
    form: str = ""
    """A regular expression for all of it."""
    like: str = ""
    """What has that form, for people."""

    @property
    def words(self) -> str:
        return self.like or "a text"

    def read(self, value: Constant) -> JsonValue:
        if not isinstance(value, str):
            raise Unfit(f"expected {self.words}, found {described(value)}")
        if not 0 < len(value) <= self.longest:
            raise Unfit(
                f"a text of {len(value)} characters does not fit", "out-of-range", f"at most {self.longest}"
            )
        if self.form and not re.fullmatch(self.form, value):
            raise Unfit(f"expected {self.words}, found {described(value)}")
        return str(value)


@dataclass(frozen=True)
class Texts:
    """A list of texts; one *alone* may stand for a list of one."""

    each: Text = Text()
    most: int = 64
    alone: bool = True

    @property
    def words(self) -> str:
        return f"{self.each.words}, or a list of such" if self.alone else f"a list, each {self.each.words}"

    def read(self, value: Constant) -> JsonValue:
        if not self.alone and not isinstance(value, list):
            raise Unfit(f"expected {self.words}, found {described(value)}")
        items = value if isinstance(value, list) else [value]
        if len(items) > self.most:
            raise Unfit(f"a list of {len(items)} is too long", "out-of-range", f"at most {self.most}")
        read = [self.each.read(item) for item in items]
        if len(set(map(str, read))) < len(read):
            raise Unfit("the list has an element twice", "duplicate-name")
        return read


@dataclass(frozen=True)
class Flag:
    """`true` or `false`."""

    words = "`true` or `false`"

    def read(self, value: Constant) -> JsonValue:
        if not isinstance(value, bool):
            raise Unfit(f"expected {self.words}, found {described(value)}")
        return value


_SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"(?P<amount>[0-9]{1,12})\s?(?P<unit>[kmg]?i?b?)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Size:
    """How much data: `"100MB"`, or whole bytes. It becomes bytes."""

    words = 'a size as `"100MB"` or `"64KiB"`, or whole bytes'

    def read(self, value: Constant) -> JsonValue:
        size = None
        if isinstance(value, int) and not isinstance(value, bool):
            size = value
        elif isinstance(value, str) and (found := _SIZE.fullmatch(value.strip())):
            factor = _SIZES.get(found["unit"].lower())
            size = int(found["amount"]) * factor if factor else None
        if size is None:
            raise Unfit(f"expected a size, found {described(value)}", help=f"it is {self.words}")
        if not 0 < size <= 2**53:
            raise Unfit(f"{described(value)} is out of range", "out-of-range", f"it is {self.words}")
        return size


_WINDOWS = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_WINDOWS |= {"month": SECONDS["months"], "year": SECONDS["y"]} | SECONDS
_RATE = re.compile(
    r"(?P<count>[0-9]{1,12})/(?P<times>[0-9]{1,6})?(?P<window>[a-z]+)(?:/(?P<per>[a-z_]{1,64}))?", re.ASCII
)


@dataclass(frozen=True)
class Rate:
    """How often within how long: `"1000/hour"`, `"5/30s"`. It becomes count, window_s and per."""

    words = 'a rate as `"1000/hour"` or `"5/30s"`; `"100/hour/user"` counts for each user'

    def read(self, value: Constant) -> JsonValue:
        found = _RATE.fullmatch(value.strip().lower()) if isinstance(value, str) else None
        if found is None or found["window"] not in _WINDOWS:
            raise Unfit(f"expected a rate, found {described(value)}", help=f"it is {self.words}")
        window = int(found["times"] or 1) * _WINDOWS[found["window"]]
        if int(found["count"]) == 0 or window == 0:
            raise Unfit(f"{described(value)} lets nothing through", "out-of-range", "use `deny` for that")
        return {"count": int(found["count"]), "window_s": window, "per": found["per"]}


@dataclass(frozen=True)
class Anything:
    """Any constant; a duration becomes its text."""

    words = "any constant"

    def read(self, value: Constant) -> JsonValue:
        return plain(value)


@dataclass(frozen=True)
class Either:
    """What the first of two kinds reads, or else the second."""

    first: Kind
    second: Kind

    @property
    def words(self) -> str:
        return f"{self.first.words}, or {self.second.words}"

    def read(self, value: Constant) -> JsonValue:
        try:
            return self.first.read(value)
        except Unfit as problem:
            if problem.code == "out-of-range":
                raise
        try:
            return self.second.read(value)
        except Unfit as problem:
            raise Unfit(problem.message, problem.code, f"it is {self.words}") from None


def one_of(words: Iterable[str]) -> str:
    """The words as a choice in a sentence."""
    *others, last = (f'"{word}"' for word in words)
    return f"{', '.join(others)} or {last}" if others else last
