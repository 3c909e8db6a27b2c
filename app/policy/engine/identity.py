"""Whether policies can tell which entity they look at, beyond what is known of it."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeAlias

from cedarpy import pst

from ..schema.types import Attribute, EntityIs

Variable: TypeAlias = Literal["principal", "resource"]


def told_by_name(
    variable: Variable, of: str, policies: Iterable[pst.Template], context: Mapping[str, Attribute]
) -> bool:
    """Whether two entities of the type *of* that look the same may be decided on differently."""
    return any(
        _in_scope(getattr(policy, variable), of)
        or any(_in_expression(clause.expr, variable, of, context) for clause in policy.clauses)
        for policy in policies
    )


def _in_scope(constraint: pst.PrincipalOrResourceConstraint, of: str) -> bool:
    # An entity is in itself.
    match constraint:
        case pst.ScopeEq():
            return True
        case pst.ScopeIn(entity=pst.EntityUid(type=type_)) | pst.ScopeIsIn(entity=pst.EntityUid(type=type_)):
            return str(type_) == of
        case _:
            return False


def _in_expression(
    expression: pst.Expr, variable: Variable, of: str, context: Mapping[str, Attribute]
) -> bool:
    waiting: list[Any] = [expression]
    while waiting:
        node = waiting.pop()
        match node:
            case pst.Var(name=name):
                if name == variable:
                    return True
            case (
                pst.GetAttr(base=pst.Var(name=name))
                | pst.HasAttr(base=pst.Var(name=name))
                | pst.Is(base=pst.Var(name=name), in_expr=None)
            ) if name == variable:
                continue
            case pst.BinaryOp(op="get_tag" | "has_tag", left=pst.Var(name=name), right=right) if (
                name == variable
            ):
                waiting.append(right)
            case (
                pst.BinaryOp(op="in", left=pst.Var(name=name), right=group)
                | pst.Is(base=pst.Var(name=name), in_expr=group)
            ) if name == variable and group is not None and _of_other_types(group, of, context):
                continue
            case tuple():
                waiting += node
            case Mapping():
                waiting += node.values()
            case _ if is_dataclass(node) and not isinstance(node, type):
                waiting += [getattr(node, one.name) for one in fields(node)]
    return False


def _of_other_types(group: pst.Expr, of: str, context: Mapping[str, Attribute]) -> bool:
    """Whether *group* names entities, none of which can be of the type *of*."""
    match group:
        case pst.EntityLit(value=uid):
            return str(uid.type) != of
        case pst.Set(elements=elements):
            return all(_of_other_types(element, of, context) for element in elements)
        case pst.GetAttr(base=pst.Var(name="context"), attr=attr) if attr in context:
            type_ = context[attr].type
            return isinstance(type_, EntityIs) and type_.type != of
        case _:
            return False
