"""The few policies of a bundle that can have a say in a request."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product

import cedarpy
from cedarpy import pst

from ..bundle.bundle import Bundle
from ..bundle.policy import Policy
from ..conditions import Audit
from ..request import Action, EntityRef, EntityType, Principal, PrincipalKind
from ..schema.actions import ACTIONS
from ..schema.entities import ENTITIES
from .reads import Reads
from .reads import of as reads_of


@dataclass(frozen=True, eq=False)
class Slice:
    """Policies whose scopes fit a kind of request: what they decide is what the bundle decides."""

    principal: str
    """The type of the principals."""
    action: Action
    resource: str
    policies: tuple[Policy, ...]

    @cached_property
    def together(self) -> cedarpy.PolicySet | None:
        """All of them, where those that bind permit: a permission that names only such is none.

        So one evaluation gives the policies that permit and those that bind, unless one forbids. None where
        there is no policy.
        """
        return _policy_set(self.policies)

    @cached_property
    def recording(self) -> cedarpy.PolicySet | None:
        """Those that say how fully an attempt is recorded, likewise; none where there is none."""
        return _policy_set(
            policy
            for policy in self.policies
            if policy.binds and any(isinstance(one, Audit) for one in policy.conditions)
        )

    @cached_property
    def binding(self) -> frozenset[str]:
        """The ids of those that forbid unless their conditions are carried out."""
        return frozenset(policy.id for policy in self.policies if policy.binds)

    @cached_property
    def reads(self) -> Reads:
        return reads_of(policy.tree.clauses for policy in self.policies)

    @cached_property
    def asks_for_group(self) -> bool:
        """Whether a condition names an action, so that Cedar must know which group this one is in."""
        return any(
            str(uid.type) == "Action"
            for policy in self.policies
            for uid in pst.entity_uids(policy.tree.clauses)
        )


@dataclass
class _Kind:
    """Policies for one action and two types of entities, and which entities some of them are about."""

    policies: list[Policy]
    principals: frozenset[str]
    resources: frozenset[str]
    slices: dict[tuple[str | None, str | None], Slice] = field(default_factory=dict)


class Slices:
    """The slices of a bundle, made when first asked for."""

    def __init__(self, bundle: Bundle) -> None:
        self._policies = bundle.policies
        self._kinds: dict[tuple[str, str, str], _Kind] = {}

    def of(self, principal: Principal, action: Action, resource: EntityRef) -> Slice:
        """The policies whose scope may fit: every other one's cannot, whatever the entities are in."""
        key = (principal.kind, action, resource.type)
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kinds[key] = self._kind(*key)
        ids = (
            principal.id if principal.id in kind.principals else None,
            resource.id if resource.id in kind.resources else None,
        )
        found = kind.slices.get(ids)
        if found is None:
            found = kind.slices[ids] = Slice(
                principal.kind,
                Action(action),
                resource.type,
                tuple(
                    policy
                    for policy in kind.policies
                    if _about(policy.tree.principal, ids[0]) and _about(policy.tree.resource, ids[1])
                ),
            )
        return found

    def all(self) -> Iterator[Slice]:
        """Every slice, but of those for one principal and one resource together."""
        for action, shape in ACTIONS.items():
            for principal, resource in product(PrincipalKind, shape.resources):
                anyone, anything = Principal(principal, ""), EntityRef(resource, "")
                yield self.of(anyone, action, anything)
                kind = self._kinds[principal, action, resource]
                yield from (self.of(Principal(principal, id_), action, anything) for id_ in kind.principals)
                yield from (self.of(anyone, action, EntityRef(resource, id_)) for id_ in kind.resources)

    def _kind(self, principal: str, action: str, resource: str) -> _Kind:
        policies = [
            policy
            for policy in self._policies
            if _acts(policy.tree.action, action)
            and _may_be(policy.tree.principal, principal)
            and _may_be(policy.tree.resource, resource)
        ]
        return _Kind(
            policies,
            frozenset(_ids(policy.tree.principal for policy in policies)),
            frozenset(_ids(policy.tree.resource for policy in policies)),
        )


def _acts(constraint: pst.ActionConstraint, action: str) -> bool:
    names = (action, ACTIONS[Action(action)].group)
    match constraint:
        case pst.ScopeAny():
            return True
        case pst.ActionEq(entity=uid):
            return uid.id == action
        case pst.ActionIn(entities=uids):
            return any(uid.id in names for uid in uids)


def _may_be(constraint: pst.PrincipalOrResourceConstraint, of: str) -> bool:
    """Whether an entity of the type *of* can fit."""
    match constraint:
        case pst.ScopeAny():
            return True
        case pst.ScopeEq(entity=pst.EntityUid(type=type_)):
            return str(type_) == of
        case pst.ScopeIn(entity=pst.EntityUid(type=type_)):
            return str(type_) == of or str(type_) in ANCESTORS.get(of, ())
        case pst.ScopeIs(entity_type=type_):
            return str(type_) == of
        case pst.ScopeIsIn(entity_type=type_):
            return str(type_) == of
        case _:
            return True


def _about(constraint: pst.PrincipalOrResourceConstraint, id_: str | None) -> bool:
    """Whether one entity fits; *id_* is none where no policy is about it alone."""
    match constraint:
        case pst.ScopeEq(entity=pst.EntityUid(id=wanted)):
            return wanted == id_
        case _:
            return True


def _ids(constraints: Iterable[pst.PrincipalOrResourceConstraint]) -> Iterable[str]:
    for constraint in constraints:
        if isinstance(constraint, pst.ScopeEq) and isinstance(constraint.entity, pst.EntityUid):
            yield constraint.entity.id


def _policy_set(policies: Iterable[Policy]) -> cedarpy.PolicySet | None:
    # The slice is for one action, so the scope need not ask for it again.
    trees = {
        policy.id: replace(
            policy.tree,
            action=pst.ScopeAny(),
            effect="forbid" if policy.forbids and not policy.binds else "permit",
            annotations={},
        )
        for policy in policies
    }
    return cedarpy.PolicySet.from_pst(pst.PolicySet({}, trees, ())) if trees else None


def _ancestors() -> Mapping[str, frozenset[str]]:
    """Each entity type, and the types that its entities can be in, at any height."""
    found: dict[str, frozenset[str]] = {}
    for entity_type in EntityType:
        above: set[str] = set()
        waiting = [*ENTITIES[entity_type].parents]
        while waiting:
            parent = waiting.pop()
            if parent not in above:
                above.add(parent)
                waiting += ENTITIES[parent].parents
        found[entity_type] = frozenset(above)
    return found


ANCESTORS = _ancestors()
