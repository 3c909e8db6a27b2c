"""Whether one policy applies wherever another one does, as far as that can be read off them."""

from cedarpy import pst

from ..engine.slices import ANCESTORS
from ..request import Action
from ..schema.actions import ACTIONS


def covers(wide: pst.Template, narrow: pst.Template) -> bool:
    """Whether *wide* applies to every request that *narrow* applies to. False where it cannot be told."""
    return (
        actions_of(narrow.action) <= actions_of(wide.action)
        and _scope_covers(wide.principal, narrow.principal)
        and _scope_covers(wide.resource, narrow.resource)
        and set(wide.clauses) <= set(narrow.clauses)
    )


def meet(one: pst.Template, other: pst.Template) -> bool:
    """Whether some request may fit both scopes; true where it cannot be told."""
    return (
        bool(actions_of(one.action) & actions_of(other.action))
        and _scopes_meet(one.principal, other.principal)
        and _scopes_meet(one.resource, other.resource)
    )


def actions_of(constraint: pst.ActionConstraint) -> frozenset[Action]:
    """The actions that a scope is about."""
    match constraint:
        case pst.ScopeAny():
            return frozenset(Action)
        case pst.ActionEq(entity=uid):
            names = {uid.id}
        case pst.ActionIn(entities=uids):
            names = {uid.id for uid in uids}
    return frozenset(
        action for action, shape in ACTIONS.items() if action.value in names or shape.group in names
    )


def never_applies(policy: pst.Template) -> bool:
    """Whether a condition says so by itself."""
    return any(
        (isinstance(clause, pst.When) and clause.expr == pst.BoolLit(False))
        or (isinstance(clause, pst.Unless) and clause.expr == pst.BoolLit(True))
        for clause in policy.clauses
    )


def _scope_covers(wide: pst.PrincipalOrResourceConstraint, narrow: pst.PrincipalOrResourceConstraint) -> bool:
    match wide:
        case pst.ScopeAny():
            return True
        case pst.ScopeEq():
            return narrow == wide
        case pst.ScopeIs(entity_type=of):
            return _type_of(narrow) == str(of)
        case pst.ScopeIn(entity=group):
            return narrow == wide or _group_of(narrow) == group
        case pst.ScopeIsIn(entity_type=of, entity=group):
            return narrow == wide or (_type_of(narrow) == str(of) and _group_of(narrow) == group)
        case _:
            return False


def _group_of(constraint: pst.PrincipalOrResourceConstraint) -> object:
    match constraint:
        case pst.ScopeEq(entity=entity) | pst.ScopeIn(entity=entity) | pst.ScopeIsIn(entity=entity):
            return entity
        case _:
            return None


def _type_of(constraint: pst.PrincipalOrResourceConstraint) -> str | None:
    """The only type that fits; none where several do."""
    match constraint:
        case pst.ScopeEq(entity=pst.EntityUid(type=of)):
            return str(of)
        case pst.ScopeIs(entity_type=of) | pst.ScopeIsIn(entity_type=of):
            return str(of)
        case _:
            return None


def _scopes_meet(one: pst.PrincipalOrResourceConstraint, other: pst.PrincipalOrResourceConstraint) -> bool:
    types = _type_of(one), _type_of(other)
    if None not in types and types[0] != types[1]:
        return False
    if isinstance(one, pst.ScopeEq) and isinstance(other, pst.ScopeEq):
        return one == other
    for constraint, of in ((one, types[1]), (other, types[0])):
        if isinstance(constraint, pst.ScopeIn) and of is not None:
            group = constraint.entity
            kind = str(group.type) if isinstance(group, pst.EntityUid) else of
            if kind != of and kind not in ANCESTORS.get(of, frozenset()):
                return False
    return True
