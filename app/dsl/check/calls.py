"""Calls: of functions, of methods, of built-ins and of capabilities."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from ..report import meant
from ..run.builtins.signature import Builtin
from ..run.builtins.table import FUNCTIONS
from ..settings.actions import dotted
from ..source import Span
from ..tree import Argument, Call, Expression, Identifier, Member
from .body import Body
from .builtins import CANDIDATES, Variables, agreed, learn, made, method, methods_of, result
from .complaints import fits, no_member
from .names import Signature
from .types import (
    ANY,
    LOOSE,
    NEVER,
    SECRET,
    Declared,
    FunctionOf,
    MapOf,
    Shape,
    Type,
    without_null,
)


class Parameter(NamedTuple):
    """One parameter of what is called."""

    name: str
    optional: bool = False
    repeated: bool = False


def call(body: Body, node: Call, wanted: Type) -> Type:
    """The type of what a call gives."""
    callee = node.callee
    if not _in_order(body, node.arguments):
        return ANY
    if isinstance(callee, Identifier):
        return _named(body, node, callee)
    if isinstance(callee, Member) and not _is_capability(body, callee):
        return _method(body, node, callee)
    if isinstance(callee, Member):
        return _capability(body, node, dotted(callee) or callee.name, callee.span)
    of = without_null(body.value(callee))
    return _value(body, node, of)


def _in_order(body: Body, arguments: Sequence[Argument]) -> bool:
    """Report an argument without a name that stands behind one that has one."""
    named = False
    for argument in arguments:
        if named and argument.name is None:
            body.report.error(
                "argument-order",
                "this argument has no name, and stands behind one that has",
                argument.span,
                help="give it a name too, or put it before",
            )
            _evaluated(body, arguments)
            return False
        named = named or argument.name is not None
    return True


def _is_capability(body: Body, callee: Member) -> bool:
    """Whether it is a dotted name whose first part stands for no value."""
    first: Expression = callee
    while isinstance(first, Member):
        first = first.object
    return isinstance(first, Identifier) and not body.open and body.scopes.find(first.name) is None


def _named(body: Body, node: Call, callee: Identifier) -> Type:
    """A call by a plain name: of a variable, a function, a built-in, or else a capability."""
    name = callee.name
    binding = body.scopes.find(name)
    if binding is not None:
        binding.used = True
        of = without_null(binding.type)
        if isinstance(of, FunctionOf):
            return _value(body, node, of)
        if not _is_fixed(body, name) or of in LOOSE:
            # Where it holds no function after all, what else has that name is called.
            return _value(body, node, of)
    signature = body.functions.get(name)
    if signature is not None:
        body.needed.functions.setdefault(name, callee.span)
        return _function(body, node, signature)
    builtin = FUNCTIONS.get(name)
    if builtin is not None:
        return _builtin(body, node, builtin, None)
    return _capability(body, node, name, callee.span)


def _is_fixed(body: Body, name: str) -> bool:
    """Whether there is something to call of that name, whatever a variable of that name holds."""
    return name in body.functions or name in FUNCTIONS or name in (body.capabilities or ())


def _value(body: Body, node: Call, of: Type) -> Type:
    """A call of a value, which has to be a function."""
    if isinstance(of, FunctionOf):
        parameters = [Parameter(f"#{place}") for place in range(len(of.parameters))]
        for argument, place in _placed(body, node, parameters, "this function"):
            _fitting(body, argument, of.parameters[place], "this function")
        return of.result
    _evaluated(body, node.arguments)
    if of not in LOOSE:
        body.report.error("not-callable", f"a `{of}` cannot be called", node.callee.span, f"this is `{of}`")
    return ANY


def _function(body: Body, node: Call, signature: Signature) -> Type:
    parameters = [Parameter(name) for name in signature.parameters]
    types = list(signature.parameters.values())
    for argument, place in _placed(body, node, parameters, f"`{signature.name}`"):
        _fitting(body, argument, types[place], f"`{signature.name}`: the argument `{parameters[place].name}`")
    return signature.result


def _fitting(body: Body, argument: Argument, wanted: Type, what: str) -> Type:
    of = body.value(argument.value, wanted)
    fits(body, argument.value, of, wanted, what)
    return of


def _evaluated(body: Body, arguments: Sequence[Argument]) -> None:
    """Check arguments of what is not known."""
    for argument in arguments:
        body.value(argument.value)


def _method(body: Body, node: Call, callee: Member) -> Type:
    of = body.value(callee.object)
    receiver = without_null(of)
    if receiver in LOOSE:
        return _method_of_any(body, node, callee, receiver)
    found = None if receiver == SECRET else method(receiver, callee.name)
    if found is not None:
        return _builtin(body, node, found, receiver)
    field = _field(body, receiver, callee.name)
    if field is not None:
        return _value(body, node, without_null(field))
    _evaluated(body, node.arguments)
    _no_method(body, callee, receiver)
    return ANY


def _field(body: Body, receiver: Type, name: str) -> Type | None:
    """What a record or Map holds under the name of no method, which may be a function."""
    match receiver:
        case Declared():
            return body.records.fields(receiver).get(name)
        case Shape():
            return receiver.get(name)
        case MapOf():
            return receiver.value
    return None


def _no_method(body: Body, callee: Member, receiver: Type) -> None:
    if receiver == SECRET:
        no_member(body, callee, receiver, called=False)
        return
    near = body.report.nearest(callee.name, methods_of(receiver))
    body.report.error(
        "unknown-method",
        f"a `{receiver}` has no method `{callee.name}`",
        callee.name_span,
        help=meant(near) or "the reference of the language lists the methods",
    )


def _method_of_any(body: Body, node: Call, callee: Member, receiver: Type) -> Type:
    """A method of a value that nothing is known of."""
    candidates = CANDIDATES.get(callee.name, ())
    _evaluated(body, node.arguments)
    if not candidates:
        near = body.report.nearest(callee.name, CANDIDATES)
        body.report.warning(
            "unknown-method",
            f"no value has a method `{callee.name}`",
            callee.name_span,
            help=meant(near) or "this works only where it is a Map that holds a function of that name",
        )
        return ANY
    number = len(node.arguments)
    if all(number < one.least or (one.most is not None and number > one.most) for one in candidates):
        _wrong_number(body, node, f"`{callee.name}`", candidates[0].least, candidates[0].most)
        return ANY
    return NEVER if receiver == NEVER else agreed(candidates)


def _builtin(body: Body, node: Call, builtin: Builtin, receiver: Type | None, name: str = "") -> Type:
    """A call of a built-in, or of a tool under its *name*.

    The receiver says what its type variables stand for; arguments may widen them.
    """
    known: Variables = {}
    given: list[Type] = []
    if builtin.receiver is not None and receiver is not None:
        learn(builtin.receiver, receiver, known)
        given.append(receiver)
    learnt = dict(known)
    what = f"`{name or builtin.name}`"
    parameters = [Parameter(one.name, one.optional, one.repeated) for one in builtin.parameters]
    for argument, place in _placed(body, node, parameters, what):
        written = builtin.parameters[place].type
        asks = f"{what}: the argument `{parameters[place].name}`"
        of = _fitting(body, argument, made(written, known), asks)
        learn(written, of, learnt)
        given.append(of)
    return result(builtin, learnt, given)


def _placed(
    body: Body, node: Call, parameters: Sequence[Parameter], what: str
) -> Iterator[tuple[Argument, int]]:
    """Each argument with the place of its parameter; those that belong nowhere are reported, and checked."""
    places = {parameter.name: place for place, parameter in enumerate(parameters)}
    taken: set[int] = set()
    place, too_many, unknown = 0, False, False
    for argument in node.arguments:
        if argument.name is not None:
            found = places.get(argument.name, -1)
            if found < 0 or found in taken:
                unknown = True
                _unknown_argument(body, argument, argument.name, list(places), what, twice=found >= 0)
                body.value(argument.value)
                continue
        elif place < len(parameters):
            found = place
            place += not parameters[place].repeated
        else:
            too_many = True
            body.value(argument.value)
            continue
        taken.add(found)
        yield argument, found
    needed = [at for at, one in enumerate(parameters) if not (one.optional or one.repeated)]
    missing = [parameters[at].name for at in needed if at not in taken]
    if (missing or too_many) and not unknown:
        most = None if parameters and parameters[-1].repeated else len(parameters)
        _wrong_number(body, node, what, len(needed), most, missing)


def _unknown_argument(
    body: Body, argument: Argument, name: str, known: list[str], what: str, *, twice: bool
) -> None:
    if twice:
        body.report.error("duplicate-name", f"{what}: `{name}` is given twice", argument.span)
        return
    names = [one for one in known if not one.startswith("#")]
    near = body.report.nearest(name, names)
    unnamed = "its arguments have no names" if known else "it takes none"
    body.report.error(
        "unknown-argument",
        f"{what} has no argument `{name}`",
        argument.name_span,
        help=meant(near) or (f"it takes {', '.join(names)}" if names else unnamed),
    )


def _wrong_number(
    body: Body, node: Call, what: str, least: int, most: int | None, missing: Sequence[str] = ()
) -> None:
    wanted = f"{least}" if most == least else f"at least {least}" if most is None else f"{least} to {most}"
    plural = "" if wanted == "1" else "s"
    body.report.error(
        "wrong-arity",
        f"{what} takes {wanted} argument{plural}, and is given {len(node.arguments)}",
        node.span,
        help=f"add `{missing[0]}`" if missing and not missing[0].startswith("#") else "",
    )


def _capability(body: Body, node: Call, name: str, span: Span) -> Type:
    """A call that leaves the body: something the agent must have declared."""
    if body.open:
        _evaluated(body, node.arguments)
        near = body.report.nearest(name, chain(FUNCTIONS, body.functions))
        body.report.error(
            "unknown-function",
            f"`{name}` is no function, and a policy calls no capabilities",
            span,
            help=meant(near) or "declare a function of that name, or ask what `context` holds",
        )
        return ANY
    known_already = name in body.needed.capabilities
    body.needed.capabilities.setdefault(name, span)
    if body.capabilities is None or name not in body.capabilities:
        _evaluated(body, node.arguments)
        if body.capabilities is not None and not known_already:
            unknown_capability(body, name, span)
        return ANY
    known = body.capabilities[name]
    if known is None:
        _evaluated(body, node.arguments)
        return ANY
    return _builtin(body, node, known, None, name)


def unknown_capability(body: Body, name: str, span: Span) -> None:
    """Report a call of what is no function, no method, no built-in and no declared capability."""
    declared = list(body.capabilities or ())
    near = body.report.nearest(name, chain(declared, FUNCTIONS, body.functions))
    if near is not None:
        what = "capability" if near in declared else "function"
        help = f"did you mean the {what} `{near}`?"
    else:
        help = f"declare it: `capabilities = [{', '.join(f'{one!r}' for one in [*declared[:3], name])}]`"
    body.report.error(
        "unknown-capability",
        f"`{name}` is neither a function nor a capability of this agent",
        span,
        help=help.replace("'", '"'),
    )
