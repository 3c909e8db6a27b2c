"""A definition as a tree: one class for each production of the grammar.

Nodes are frozen and compare by what they mean, not by where they stand. Lists are tuples. What the parser
returns is at most `MAX_DEPTH` nodes deep, so that a recursive walk over it is safe.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Literal, TypeAlias

from .source import NOWHERE, Span

MAX_DEPTH = 128
"""The longest path from the program to a leaf, in nodes."""


@dataclass(frozen=True, slots=True)
class Node:
    """Anything in the tree, and where it was read."""

    span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Named(Node):
    """A node with a name, and where that name was read."""

    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


# Types


@dataclass(frozen=True, slots=True)
class NamedType(Node):
    """`String`, `int`, `Report`."""

    name: str


@dataclass(frozen=True, slots=True)
class GenericType(Named):
    """`List<Row>`."""

    name: str
    arguments: tuple["Type", ...]


Type: TypeAlias = NamedType | GenericType


@dataclass(frozen=True, slots=True)
class Param(Named):
    """`rows: List<Row>`."""

    name: str
    type: Type


# Expressions


@dataclass(frozen=True, slots=True)
class StringLiteral(Node):
    """`"a\\n"`; *value* is what it means, with the escapes carried out."""

    value: str


@dataclass(frozen=True, slots=True)
class IntLiteral(Node):
    """`10_000`."""

    value: int


@dataclass(frozen=True, slots=True)
class FloatLiteral(Node):
    """`0.5`."""

    value: float


@dataclass(frozen=True, slots=True)
class BoolLiteral(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class NullLiteral(Node):
    """`null`."""


DurationUnit = Literal["seconds", "minutes", "hours", "s", "m", "h", "d", "w", "months", "y"]

SECONDS: dict[str, int] = {
    "seconds": 1,
    "minutes": 60,
    "hours": 3600,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86_400,
    "w": 604_800,
    "months": 2_592_000,
    "y": 31_536_000,
}
"""How many seconds a unit has; a month is 30 days and a year 365."""


@dataclass(frozen=True, slots=True)
class DurationLiteral(Node):
    """`30s`, `30.seconds`, `5.minutes`, `3months`."""

    amount: int
    unit: DurationUnit

    @property
    def seconds(self) -> int:
        return self.amount * SECONDS[self.unit]


@dataclass(frozen=True, slots=True)
class VaultRef(Node):
    """`vault://api/keys[source.name]`: the secret `api/keys`, or the *entry* of it."""

    path: str
    entry: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Identifier(Node):
    """A name that stands for a value."""

    name: str


@dataclass(frozen=True, slots=True)
class ArrayLiteral(Node):
    """`[1, 2]`."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class RecordField(Named):
    """`total: 3` or `"total": 3` in a record."""

    name: str
    value: "Expression"


@dataclass(frozen=True, slots=True)
class RecordLiteral(Node):
    """`{ total: 3 }`, or `Report { total: 3 }` of the type *type_name*. Names are as written, even twice."""

    type_name: str | None
    fields: tuple[RecordField, ...]


BinaryOperator = Literal["||", "&&", "==", "!=", "in", "<", ">", "<=", ">=", "+", "-", "*", "/", "%"]

PRECEDENCE: dict[str, int] = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "in": 3,
    "<": 4,
    ">": 4,
    "<=": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
"""The higher binds the tighter; equals group from the left. Unary operators bind tighter than all of them."""


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`left operator right`."""

    operator: BinaryOperator
    left: "Expression"
    right: "Expression"


UnaryOperator = Literal["!", "not", "-"]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`!operand`, `not operand` (the same) or `-operand`."""

    operator: UnaryOperator
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Member(Named):
    """`object.name`; the name may be any word, keywords too."""

    object: "Expression"
    name: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`object[index]`."""

    object: "Expression"
    index: "Expression"


@dataclass(frozen=True, slots=True)
class Argument(Named):
    """`value`, or `name = value`, or `name: value` (the same)."""

    name: str | None
    value: "Expression"


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`callee(arguments)`: of a function by name, of a method when the callee is a `Member`."""

    callee: "Expression"
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Lambda(Node):
    """`row => row.total`, `(a, b) => a + b`."""

    parameters: tuple[str, ...]
    body: "Expression"


@dataclass(frozen=True, slots=True)
class LetCondition(Node):
    """`let pattern = value` as the condition of an `if`: holds when the pattern matches."""

    pattern: "Pattern"
    value: "Expression"


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if … { … } else …`, as a statement and as an expression (then it has an *otherwise*)."""

    condition: "Expression | LetCondition"
    then: "Block"
    otherwise: "Block | If | None"


Expression: TypeAlias = (
    StringLiteral
    | IntLiteral
    | FloatLiteral
    | BoolLiteral
    | NullLiteral
    | DurationLiteral
    | VaultRef
    | Identifier
    | ArrayLiteral
    | RecordLiteral
    | Binary
    | Unary
    | Member
    | Index
    | Call
    | Lambda
    | If
)

LiteralValue: TypeAlias = (
    StringLiteral | IntLiteral | FloatLiteral | BoolLiteral | NullLiteral | DurationLiteral
)


# Patterns


@dataclass(frozen=True, slots=True)
class WildcardPattern(Node):
    """`_`: matches everything, binds nothing."""


@dataclass(frozen=True, slots=True)
class LiteralPattern(Node):
    """`"restart"`, `-1`, `true`, `null`: matches what equals it."""

    value: "LiteralValue | Unary"


@dataclass(frozen=True, slots=True)
class BindingPattern(Node):
    """`row`: matches everything, and binds it. Which names are constructors (`None`) is not the parser's."""

    name: str


@dataclass(frozen=True, slots=True)
class ConstructorPattern(Named):
    """`Some(row)`."""

    name: str
    arguments: tuple["Pattern", ...]


@dataclass(frozen=True, slots=True)
class FieldPattern(Named):
    """`total` (binds it to that name) or `total: pattern`."""

    name: str
    pattern: "Pattern | None"


@dataclass(frozen=True, slots=True)
class RecordPattern(Named):
    """`Report { total, author: "x" }`; fields that are not named may be anything."""

    name: str
    fields: tuple[FieldPattern, ...]


Pattern: TypeAlias = WildcardPattern | LiteralPattern | BindingPattern | ConstructorPattern | RecordPattern


# Statements


@dataclass(frozen=True, slots=True)
class Block(Node):
    """`{ statements result }`; without a *result* its value is null.

    An `if` that ends a block, has an `else` and no `let` is its result.
    """

    statements: tuple["Statement", ...]
    result: Expression | None


@dataclass(frozen=True, slots=True)
class Let(Named):
    """`let name = value;`."""

    name: str
    value: Expression


AssignmentOperator = Literal["=", "+=", "-=", "*=", "/=", "%="]


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """`target = value;`, `target += value;`. The grammar allows any postfix expression as a target."""

    target: Expression
    operator: AssignmentOperator
    value: Expression


@dataclass(frozen=True, slots=True)
class ExpressionStatement(Node):
    """`value;`."""

    value: Expression


@dataclass(frozen=True, slots=True)
class For(Named):
    """`for name in iterable { … }`."""

    name: str
    iterable: Expression
    body: Block


@dataclass(frozen=True, slots=True)
class Arm(Node):
    """`pattern => body` of a match."""

    pattern: Pattern
    body: Expression | Block


@dataclass(frozen=True, slots=True)
class Match(Node):
    """`match subject { … }`: the first arm that fits runs."""

    subject: Expression
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True)
class Catch(Named):
    """`catch (name) { … }`, or `catch (Type name) { … }` for errors of that type."""

    name: str
    type: NamedType | None
    body: Block


@dataclass(frozen=True, slots=True)
class Try(Node):
    """`try { … } catch (e) { … }`, with any number of catches."""

    body: Block
    catches: tuple[Catch, ...]


@dataclass(frozen=True, slots=True)
class Return(Node):
    """`return value;` or `return;`."""

    value: Expression | None


@dataclass(frozen=True, slots=True)
class Break(Node):
    """`break;`: leaves the innermost `for`."""


@dataclass(frozen=True, slots=True)
class Continue(Node):
    """`continue;`: goes on with the next element of the innermost `for`."""


Statement: TypeAlias = Let | Assign | ExpressionStatement | If | For | Match | Try | Return | Break | Continue


# Blocks of a program


@dataclass(frozen=True, slots=True)
class Setting(Named):
    """`name = value`, `name: value` or, in `memory` and `webhook`, `name value`."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Metadata(Node):
    """`metadata { … }`."""

    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class Capabilities(Node):
    """`capabilities = […]`."""

    value: ArrayLiteral


RuleKind = Literal["allow", "deny", "require", "audit"]


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """`allow: subject if condition`."""

    kind: RuleKind
    subject: Expression
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class PolicyDef(Named):
    """`policy name { rules }`."""

    name: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class WithBlock(Node):
    """`with settings { body }`."""

    settings: tuple[Setting, ...]
    body: Block


@dataclass(frozen=True, slots=True)
class FunctionDef(Named):
    """`function name(params) -> returns { body }`."""

    name: str
    params: tuple[Param, ...]
    returns: Type | None
    body: Block


AgentItem: TypeAlias = Capabilities | PolicyDef | FunctionDef | WithBlock | Setting


@dataclass(frozen=True, slots=True)
class AgentDef(Named):
    """`agent name(params) -> returns { items }`; items are in the order of the file."""

    name: str
    params: tuple[Param, ...]
    returns: Type | None
    items: tuple[AgentItem, ...]


@dataclass(frozen=True, slots=True)
class FieldDef(Named):
    """`total: int` of a record type."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class RecordType(Node):
    """`{ total: int, author: String }`."""

    fields: tuple[FieldDef, ...]


@dataclass(frozen=True, slots=True)
class TypeDef(Named):
    """`type name = { … }`, or an alias of another type."""

    name: str
    definition: RecordType | Type


@dataclass(frozen=True, slots=True)
class ScheduleDef(Named):
    """`schedule name { settings }`; the name may be missing."""

    name: str | None
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class DataClassification(Node):
    """`data_classification { pii: redact }` of a channel."""

    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class ChannelDef(Named):
    """`channel name { … }`."""

    name: str
    items: tuple[Setting | PolicyDef | DataClassification, ...]


@dataclass(frozen=True, slots=True)
class SearchBlock(Node):
    """`search { … }` of a memory."""

    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class MemoryDef(Named):
    """`memory name { … }`."""

    name: str
    items: tuple[Setting | SearchBlock, ...]


@dataclass(frozen=True, slots=True)
class FilterBlock(Node):
    """`filter { … }` of a webhook."""

    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class WebhookDef(Named):
    """`webhook name { … }`."""

    name: str
    items: tuple[Setting | FilterBlock, ...]


Item: TypeAlias = (
    Metadata
    | AgentDef
    | PolicyDef
    | TypeDef
    | FunctionDef
    | ScheduleDef
    | ChannelDef
    | MemoryDef
    | WebhookDef
)


@dataclass(frozen=True, slots=True)
class Program(Node):
    """A whole file; items are in its order."""

    items: tuple[Item, ...]


# Walking


def _holding(kind: type[Node]) -> tuple[str, ...]:
    """The names of the fields that may hold nodes."""
    leaves = {"span", "name_span", "name", "operator", "kind", "type_name", "parameters", "path"}
    return tuple(field.name for field in fields(kind) if field.name not in leaves)


_HOLDING: dict[type[Node], tuple[str, ...]] = {}


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below *node*, in the order of the text."""
    kind = type(node)
    names = _HOLDING.get(kind)
    if names is None:
        names = _HOLDING[kind] = _holding(kind)
    for name in names:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from value


def walk(node: Node) -> Iterator[Node]:
    """*node* and all below it, in the order of the text, without recursion."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(list(children(current))))
