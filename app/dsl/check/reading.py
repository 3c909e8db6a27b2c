"""Which part of the checker reads which node."""

from .. import tree
from . import assigning, branches, calls, members, operators, records, statements, values
from .body import Body, Readers, ReadStatement, ReadValue
from .types import BOOL, DURATION, FLOAT, INT, NULL, STRING, Type


def _constantly(of: Type) -> ReadValue:
    def read(body: Body, node: tree.Expression, wanted: Type) -> Type:
        return of

    return read


_VALUES: dict[type[tree.Node], ReadValue] = {
    tree.StringLiteral: _constantly(STRING),
    tree.IntLiteral: _constantly(INT),
    tree.FloatLiteral: _constantly(FLOAT),
    tree.BoolLiteral: _constantly(BOOL),
    tree.NullLiteral: _constantly(NULL),
    tree.DurationLiteral: _constantly(DURATION),
    tree.VaultRef: values.vault,
    tree.Identifier: values.identifier,
    tree.ArrayLiteral: values.array,
    tree.RecordLiteral: records.record,
    tree.Binary: operators.binary,
    tree.Unary: operators.unary,
    tree.Member: members.member,
    tree.Index: members.index,
    tree.Call: calls.call,
    tree.Lambda: values.function,
    tree.If: branches.conditional,
}

_STATEMENTS: dict[type[tree.Node], ReadStatement] = {
    tree.Let: statements.let,
    tree.Assign: assigning.assign,
    tree.ExpressionStatement: statements.expression,
    tree.If: branches.branch,
    tree.For: statements.loop,
    tree.Match: branches.select,
    tree.Try: branches.attempt,
    tree.Return: statements.leave,
    tree.Break: statements.jump,
    tree.Continue: statements.jump,
}

READERS = Readers(_VALUES, _STATEMENTS)
