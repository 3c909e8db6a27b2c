"""Reads the types that a file writes, and those it declares."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from ..diagnostics import Note
from ..report import Report, first, meant
from ..source import Span
from ..tree import GenericType, NamedType, RecordType, TypeDef
from ..tree import Type as Written
from .fitting import Records
from .types import (
    ANY,
    BOOL,
    DURATION,
    FLOAT,
    INT,
    LIST,
    MAP,
    NULL,
    SECRET,
    STRING,
    Declared,
    Type,
    function_of,
    list_of,
    map_of,
    option_of,
)

PLAIN: Mapping[str, Type] = {
    "String": STRING,
    "int": INT,
    "float": FLOAT,
    "bool": BOOL,
    "null": NULL,
    "Duration": DURATION,
    "Secret": SECRET,
    "any": ANY,
    "List": LIST,
    "Array": LIST,
    "Map": MAP,
}
"""The types that nobody has to declare."""

GENERIC: Mapping[str, int] = {"List": 1, "Array": 1, "Map": 2, "Option": 1, "Maybe": 1}
"""Those that take others, and how many. `Function` takes any number, the last one its result."""

MOST_FIELDS = 256
"""Fields that a record may have."""

DEEPEST = 16
"""How many aliases are looked through in a row; what lies behind them is `any`."""


class Annotations:
    """The types of one file."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.records = Records()
        self._definitions: dict[str, TypeDef] = {}
        self._aliases: dict[str, Type] = {}
        self._depth = 0
        self._told: set[str] = set()
        """Names that were told to be unknown: each is told once."""

    def declare(self, definitions: Iterable[TypeDef]) -> None:
        """Take the types of the file: first their names, then what they say."""
        for definition in definitions:
            if self._is_new(definition):
                self._definitions[definition.name] = definition
        for definition in self._definitions.values():
            if isinstance(definition.definition, RecordType):
                self.records.declare(definition.name, {})
        for definition in self._definitions.values():
            if isinstance(definition.definition, RecordType):
                self._declare_fields(definition.name, definition.definition)
            else:
                self.read(definition.definition)
        self._report_circles()

    def _is_new(self, definition: TypeDef) -> bool:
        name, report = definition.name, self._report
        if name in PLAIN or name in GENERIC or name == "Function":
            report.error(
                "duplicate-name",
                f"`{name}` is a type of the language",
                definition.name_span,
                help="give it another name",
            )
            return False
        if before := self._definitions.get(name):
            report.error(
                "duplicate-name",
                f"the type `{name}` is declared twice",
                definition.name_span,
                "the second time",
                notes=[Note("the first time", before.name_span)],
                help="rename or remove one of them",
            )
            return False
        return True

    def _declare_fields(self, name: str, record: RecordType) -> None:
        fields: dict[str, Type] = {}
        spans: dict[str, Span] = {}
        for one in first(record.fields, MOST_FIELDS, "fields", self._report):
            if one.name in spans:
                self._report.error(
                    "duplicate-name",
                    f"the type `{name}` has the field `{one.name}` twice",
                    one.name_span,
                    "the second time",
                    notes=[Note("the first time", spans[one.name])],
                    help="rename or remove one of them",
                )
                continue
            spans[one.name] = one.name_span
            fields[one.name] = self.read(one.type)
        self.records.declare(name, fields)

    def _report_circles(self) -> None:
        """Report aliases that come back to themselves."""
        seen: dict[str, str] = {}
        for start in self._definitions:
            name = start
            while name not in seen:
                seen[name] = start
                target = self._definitions[name].definition
                if not isinstance(target, NamedType) or target.name not in self._definitions:
                    break
                name = target.name
                if seen.get(name) == start:
                    self._report.error(
                        "recursive-alias",
                        f"`{name}` stands for itself",
                        self._definitions[name].name_span,
                        help="an alias names another type; a record may hold values of its own type",
                    )

    @property
    def names(self) -> Iterator[str]:
        """Every name that may be written where a type stands."""
        return chain(PLAIN, GENERIC, self._definitions)

    def is_declared(self, name: str) -> bool:
        return name in self._definitions

    def read(self, written: Written) -> Type:
        """What *written* means; a name that nobody declared is reported, and means `any`."""
        if isinstance(written, GenericType):
            return self._generic(written)
        return self.named(written.name, written.span)

    def named(self, name: str, span: Span) -> Type:
        """The type of that name."""
        plain = PLAIN.get(name)
        if plain is not None:
            return plain
        definition = self._definitions.get(name)
        if definition is None:
            self._unknown(name, span)
            return ANY
        if isinstance(definition.definition, RecordType):
            return Declared(name)
        return self._alias(name, definition.definition)

    def _alias(self, name: str, definition: Written) -> Type:
        """What an alias stands for; where that speaks of the alias itself, it is `any`."""
        if name not in self._aliases:
            self._aliases[name] = ANY
            if self._depth < DEEPEST:
                self._depth += 1
                self._aliases[name] = self.read(definition)
                self._depth -= 1
        return self._aliases[name]

    def _unknown(self, name: str, span: Span) -> None:
        if name in self._told:
            return
        self._told.add(name)
        near = self._report.nearest(name, self.names)
        needs = " of something" if name in GENERIC or name == "Function" else ""
        self._report.warning(
            "unknown-type",
            f"the type `{name}` is not declared" if not needs else f"`{name}` stands alone",
            span,
            "checked as `any`",
            help=(f"write `{name}<…>`" if needs else meant(near)) or f"declare it: `type {name} = {{ … }}`",
        )

    def _generic(self, written: GenericType) -> Type:
        name = written.name
        arguments = [self.read(argument) for argument in written.arguments]
        wanted = GENERIC.get(name)
        if name == "Function" and arguments:
            return function_of(arguments[:-1], arguments[-1])
        if wanted is None:
            self._unknown_generic(written)
            return ANY
        if len(arguments) != wanted:
            self._report.error(
                "wrong-arity",
                f"`{name}` takes {_counted(wanted)}, not {len(arguments)}",
                written.span,
                help={1: f"write `{name}<String>`", 2: f"write `{name}<String, int>`"}[wanted],
            )
            return ANY
        if name == "Map":
            return self._map(written, arguments)
        return option_of(arguments[0]) if name in ("Option", "Maybe") else list_of(arguments[0])

    def _map(self, written: GenericType, arguments: list[Type]) -> Type:
        if not self.records.fits(arguments[0], STRING):
            self._report.error(
                "wrong-type",
                f"the keys of a Map are Strings, not `{arguments[0]}`",
                written.arguments[0].span,
                help=f"write `Map<String, {arguments[1]}>`",
            )
        return map_of(arguments[1])

    def _unknown_generic(self, written: GenericType) -> None:
        name = written.name
        if name in PLAIN or self.is_declared(name):
            self._report.error(
                "wrong-arity", f"`{name}` takes no types", written.span, help=f"write `{name}`"
            )
        else:
            self._unknown(name, written.name_span)


def _counted(number: int) -> str:
    return {1: "one type", 2: "two types"}[number]
