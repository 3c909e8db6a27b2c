"""The types of literals, names, members and lambdas."""

from collections.abc import Sequence

from ..run.builtins.table import FUNCTIONS
from ..tree import (
    ArrayLiteral,
    Identifier,
    Lambda,
    VaultRef,
)
from .body import Body
from .complaints import fits, unknown_name
from .types import (
    ANY,
    NEVER,
    NULL,
    SECRET,
    STRING,
    FunctionOf,
    ListOf,
    Type,
    function_of,
    joined,
    list_of,
)

CONTEXT = "context"
"""What a policy's condition calls the circumstances of the request."""


def identifier(body: Body, node: Identifier, wanted: Type) -> Type:
    binding = body.scopes.find(node.name)
    if binding is not None:
        binding.used = True
        return binding.type
    signature = body.functions.get(node.name)
    if signature is not None:
        body.needed.functions.setdefault(node.name, node.span)
        return signature.type
    if node.name == "None":
        return NULL
    if node.name in FUNCTIONS:
        body.report.error(
            "wrong-type",
            f"`{node.name}` is a function of the language, and no value",
            node.span,
            help=f"call it, or hand on a function that does: `x => {node.name}(x)`",
        )
        return ANY
    if body.open or node.name in body.others:
        return _outside(body, node)
    unknown_name(body, node.name, node.span)
    return ANY


def _outside(body: Body, node: Identifier) -> Type:
    """A name that the body does not bind, and that may still mean something."""
    if node.name in body.others:
        return STRING
    body.report.warning(
        "unbound-in-policy",
        f"`{node.name}` is read from the request",
        node.span,
        "nothing of that name is bound here",
        help="where the request has none, the condition fails and the act is denied; `context` holds the "
        "circumstances",
    )
    return ANY


def array(body: Body, node: ArrayLiteral, wanted: Type) -> Type:
    inner = wanted.item if isinstance(wanted, ListOf) else ANY
    of: Type = NEVER
    for item in node.items:
        found = body.value(item, inner)
        if inner != ANY:
            fits(body, item, found, inner, "an element of this list")
        of = joined(of, found)
    if inner != ANY:
        return wanted
    return list_of(ANY if of == NEVER else of)


def vault(body: Body, node: VaultRef, wanted: Type) -> Type:
    if node.entry is not None:
        fits(body, node.entry, body.value(node.entry), STRING, "the entry of a secret")
    return SECRET


def function(body: Body, node: Lambda, wanted: Type) -> Type:
    names = node.parameters
    if isinstance(wanted, FunctionOf) and len(names) != len(wanted.parameters):
        _wrong_parameters(body, node, len(wanted.parameters))
        _inside(body, node, (ANY,) * len(names), ANY)
        return ANY
    if isinstance(wanted, FunctionOf):
        return function_of(wanted.parameters, _inside(body, node, wanted.parameters, wanted.result))
    given = (ANY,) * len(names)
    return function_of(given, _inside(body, node, given, ANY))


def _inside(body: Body, node: Lambda, given: Sequence[Type], wanted: Type) -> Type:
    """The type of what a lambda gives that is called with values of these types."""
    loops, body.loops = body.loops, 0
    body.lambdas += 1
    body.scopes.enter()
    seen: set[str] = set()
    for name, of in zip(node.parameters, given, strict=True):
        if name in seen:
            body.report.error("duplicate-name", f"two parameters are called `{name}`", node.span)
        seen.add(name)
        body.bind(name, of, node.span)
    result = body.value(node.body, wanted)
    if wanted != ANY:
        fits(body, node.body, result, wanted, "the result of this function")
        result = wanted
    body.leave()
    body.lambdas -= 1
    body.loops = loops
    return result


def _wrong_parameters(body: Body, node: Lambda, number: int) -> None:
    body.report.error(
        "wrong-arity",
        f"this function is called with {_arguments(number)}, and takes {len(node.parameters)}",
        node.span,
        help=f"write `{_lambda_of(number)} => …`",
    )


def _arguments(number: int) -> str:
    return "1 argument" if number == 1 else f"{number} arguments"


def _lambda_of(number: int) -> str:
    names = ["a", "b", "c", "d"][:number]
    return names[0] if number == 1 else f"({', '.join(names)})"
