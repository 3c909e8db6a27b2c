"""One bundle's decisions.

A request is decided on the slice of policies whose scopes fit it, on the attributes that these read, and on
the entities that principal, resource and context lead to. Nothing else can change the answer, so answers are
kept under exactly these.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cedarpy
import orjson
from cedarpy import pst

from ...errors import SymbiError
from ..bundle.bundle import Bundle
from ..bundle.policy import Policy
from ..bundle.predicates import Evaluate, Predicate, PredicateFailed
from ..decision import Decision
from ..request import Attributes, Entity, EntityRef, Request, Value
from ..schema.actions import WITH_ARGUMENTS, context_of
from ..schema.entities import ENTITIES
from ..schema.types import Attribute, AttributeType, EntityIs, RecordType, SetOf, WrongType
from .answering import Determined, answer, failed, named
from .arguments import arguments_at, given, same
from .closures import Closure, Closures, Missing
from .entities import Entities, Look, Seen
from .evaluating import Evaluation, Undecided, action_entities, uid
from .identity import told_by_name
from .memo import Memo
from .projection import entities, everything, known, pick, to_json
from .reads import Tree
from .reads import of as reads_of
from .slices import Slice, Slices
from .views import View, Views

DECISIONS_KEPT = 100_000
GRAPHS_KEPT = 20_000


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A slice, with what follows from the schema."""

    slice: Slice
    attributes: Mapping[str, Attribute]
    tree: Tree
    predicates: Mapping[str, Predicate]
    """Those that its policies ask for."""
    naming: Tree
    """The part of the tree that names entities."""
    literals: tuple[EntityRef, ...]
    views: Views
    by_name: tuple[bool, bool]
    """Whether its policies can tell principals apart that look the same, and resources."""

    @cached_property
    def needs_tenant(self) -> bool:
        return "tenant" in self.tree or bool(self.predicates)


@dataclass(frozen=True, slots=True)
class _Situation:
    """A request, with everything that its answer depends on."""

    prepared: _Prepared
    values: Mapping[str, Value]
    views: Sequence[View]
    others: Mapping[EntityRef, Entity]

    @property
    def contents(self) -> tuple[Hashable, ...]:
        return tuple([view.content for view in self.views])


class Engine:
    """Decides requests under one bundle, on the entities as they are at that moment.

    Not for several threads at once.
    """

    def __init__(
        self,
        bundle: Bundle,
        entities: Entities,
        evaluate: Evaluate,
        *,
        decisions_kept: int = DECISIONS_KEPT,
    ) -> None:
        self.bundle = bundle
        self._entities = entities
        self._evaluate = evaluate
        self._slices = Slices(bundle)
        self._prepared: dict[Slice, _Prepared] = {}
        self._closures = Closures(entities, _look(bundle))
        self._decisions: Memo[Hashable, Decision] = Memo(decisions_kept)
        self._graphs: Memo[Hashable, cedarpy.Entities] = Memo(GRAPHS_KEPT)

    def decide(self, request: Request) -> Decision:
        """The bundle's decision; never raises: what cannot be decided is denied."""
        try:
            situation = self._situation(request)
            key = self._key(situation)
            decision = self._decisions.get(key)
            if decision is None:
                decision = answer(self.bundle, self._determine(request, situation))
                self._decisions.put(key, decision)
            return named(decision, request)
        except (Undecided, Missing, WrongType, PredicateFailed) as error:
            return failed(self.bundle.digest, str(error))
        except SymbiError as error:
            return failed(self.bundle.digest, error.message)
        except Exception as error:  # whatever it is, the act must not happen
            return failed(self.bundle.digest, f"{type(error).__name__}: {error}")

    def determine(self, request: Request) -> Determined:
        """What Cedar says of *request*, evaluated now.

        Raises:
            Undecided, Missing, WrongType, PredicateFailed, EntityInvalid: it cannot be evaluated.
        """
        return self._determine(request, self._situation(request))

    def warm(self) -> None:
        """Make every slice now, so that no request has to wait for its own."""
        for slice_ in self._slices.all():
            if slice_ not in self._prepared:
                self._prepared[slice_] = self._prepare(slice_)
            _ = slice_.together, slice_.recording

    def applies(self, policy: pst.Template, request: Request) -> bool:
        """Whether *policy*, a part of one of the bundle's, applies to *request*; its effect does not matter.

        Raises:
            Undecided, Missing, WrongType, PredicateFailed: it cannot be evaluated.
        """
        situation = self._situation(request)
        alone = replace(policy, effect="permit", action=pst.ScopeAny(), annotations={})
        policies = cedarpy.PolicySet.from_pst(pst.PolicySet({}, {policy.id: alone}, ()))
        return self._evaluation(request, situation).of(policies)[0]

    def reads(self, request: Request, attributes: Iterable[str]) -> bool:
        """Whether any of these attributes of the context can matter for *request*."""
        slice_ = self.slice_of(request)
        prepared = self._prepared.get(slice_) or self._prepare(slice_)
        looked_at = set(prepared.tree)
        for predicate in prepared.predicates.values():
            sources = {bound.source.partition(":")[0] for bound in predicate.bindings.values()}
            if "context" in sources:
                looked_at |= {path[0] if path else "*" for path in _context_reads(predicate)}
            if "argument" in sources or predicate.equals:
                looked_at |= {"arguments", "positional"}
            if "input" in sources:
                looked_at.add("input")
        return "*" in looked_at or not looked_at.isdisjoint(attributes)

    def slice_of(self, request: Request) -> Slice:
        """The policies that can have a say in *request*."""
        return self._slices.of(request.principal.ref, request.action, request.resource)

    def _situation(self, request: Request) -> _Situation:
        principal, resource = request.principal.ref, request.resource
        slice_ = self._slices.of(principal, request.action, resource)
        prepared = self._prepared.get(slice_)
        if prepared is None:
            prepared = self._prepared[slice_] = self._prepare(slice_)
        values: Mapping[str, Value] = request.context
        if prepared.needs_tenant:
            values = {**values, "tenant": request.tenant}
        refs = [principal, resource]
        if prepared.naming:
            refs += entities(values, prepared.naming, prepared.attributes)
        if request.entities:
            others = self._closures.look(request.entities)
            closures = [self._closures.with_others(ref, others) for ref in refs]
        else:
            others = {}
            closures = [self._closures.of(ref) for ref in refs]
        views = prepared.views
        seen = [
            views.of(closures[0], by_name=prepared.by_name[0]),
            views.of(closures[1], by_name=prepared.by_name[1]),
        ]
        if len(closures) > 2:
            seen += [views.of(closure, by_name=True) for closure in closures[2:]]
        if prepared.literals:
            seen += [views.of(one, by_name=True) for one in self._literals(prepared, others)]
        return _Situation(
            prepared, values, seen, {one.ref: one for one in request.entities} if others else {}
        )

    def _literals(self, prepared: _Prepared, others: Mapping[EntityRef, Seen]) -> Iterable[Closure]:
        """Those of the entities that conditions name and that exist."""
        for ref in prepared.literals:
            try:
                yield self._closures.with_others(ref, others) if others else self._closures.of(ref)
            except Missing:
                yield Closure(ref, {}, None)

    def _key(self, situation: _Situation) -> Hashable:
        prepared = situation.prepared
        picked = pick(situation.values, prepared.tree, prepared.attributes)
        for predicate in prepared.predicates.values():
            # What it reads of entities is in the views.
            picked.append(predicate.bind(lambda source: given(source, situation.values)))
            picked += [arguments_at(place, situation.values) for place, _ in predicate.equals]
        return prepared, situation.contents, orjson.dumps(picked, default=_listed) if picked else b""

    def _determine(self, request: Request, situation: _Situation) -> Determined:
        prepared = situation.prepared
        together = prepared.slice.together
        if together is None:
            return Determined(False, ())
        evaluation = self._evaluation(request, situation)
        permitted, ids = evaluation.of(together)
        if ids and not permitted:
            return Determined(
                False, tuple(sorted(ids)), self._recorded(evaluation, prepared), evaluation.holds
            )
        binding = prepared.slice.binding
        permits = tuple(sorted(id_ for id_ in ids if id_ not in binding))
        bound = tuple(sorted(id_ for id_ in ids if id_ in binding))
        return Determined(bool(permits), permits, bound, evaluation.holds)

    def _evaluation(self, request: Request, situation: _Situation) -> Evaluation:
        prepared = situation.prepared
        return Evaluation(
            {
                "principal": uid(request.principal.ref),
                "action": {"type": "Action", "id": str(request.action)},
                "resource": uid(request.resource),
            },
            to_json(situation.values, prepared.tree, prepared.attributes),
            self._graph(request, situation),
            lambda name: self._holds(request, situation, name),
        )

    def _recorded(self, evaluation: Evaluation, prepared: _Prepared) -> tuple[str, ...]:
        """The policies that say how fully what is forbidden is recorded."""
        recording = prepared.slice.recording
        if recording is None:
            return ()
        try:
            return tuple(sorted(evaluation.of(recording)[1]))
        except (Undecided, PredicateFailed):
            return ()  # it is denied whatever they say

    def _graph(self, request: Request, situation: _Situation) -> cedarpy.Entities:
        """The entities in view, parsed, and the action's group where a condition asks for it."""
        prepared = situation.prepared
        key = (prepared, request.principal, request.resource, situation.contents)
        graph = self._graphs.get(key)
        if graph is None:
            members: dict[EntityRef, bytes] = {}
            for view in situation.views:
                members.update(view.members)
            documents = list(members.values())
            if prepared.slice.asks_for_group:
                documents += map(orjson.dumps, action_entities(request.action))
            graph = cedarpy.Entities.from_json_str(f"[{b','.join(documents).decode()}]")
            self._graphs.put(key, graph)
        return graph

    def _holds(self, request: Request, situation: _Situation, name: str) -> bool | None:
        """Whether the predicate of that name holds; none where there is none."""
        predicate = situation.prepared.predicates.get(name)
        if predicate is None:
            return None
        for place, value in predicate.equals:
            if not any(same(value, one) for one in arguments_at(place, situation.values)):
                return False
        if predicate.expression == "true":
            return True
        return self._evaluate(
            predicate, predicate.bind(lambda source: self._source(request, situation, source))
        )

    def _source(self, request: Request, situation: _Situation, source: str) -> Value:
        """What a name in a predicate stands for."""
        if source not in ("principal", "resource"):
            return given(source, situation.values)
        ref = request.principal.ref if source == "principal" else request.resource
        entity = situation.others.get(ref) or self._entities.get(ref)
        own: Attributes = entity.attributes if entity else {}
        return {"name": ref.id, **own, "id": ref.id, "type": str(ref.type)}

    def _prepare(self, slice_: Slice) -> _Prepared:
        attributes = dict(context_of(slice_.action))
        if slice_.action in WITH_ARGUMENTS:
            attributes["arguments"] = Attribute(RecordType(self.bundle.argument_types))
        reads = slice_.reads
        tree = everything(attributes) if reads.whole_context else known(reads.context, attributes)
        predicates = {
            name: self.bundle.predicates[name]
            for policy in slice_.policies
            for name in _predicates_read(policy)
        }
        trees = [policy.tree for policy in slice_.policies]
        return _Prepared(
            slice_,
            attributes,
            tree,
            predicates,
            {name: below for name, below in tree.items() if _names_entities(attributes[name].type)},
            tuple(sorted((ref for ref in reads.entities if ref.type != "Action"), key=str)),
            Views(reads.attributes | _looked_at(predicates.values()), reads.tags),
            (
                told_by_name("principal", slice_.principal, trees, attributes)
                or _by_name("principal", predicates.values()),
                told_by_name("resource", slice_.resource, trees, attributes)
                or _by_name("resource", predicates.values()),
            ),
        )


def _look(bundle: Bundle) -> Look:
    """What anything in the bundle reads of entities."""
    reads = reads_of(policy.tree.clauses for policy in bundle.policies)
    return Look(reads.attributes | _looked_at(bundle.predicates.values()), reads.tags)


def _looked_at(predicates: Iterable[Predicate]) -> set[str]:
    """The attributes of entities that *predicates* read."""
    paths = [
        path
        for predicate in predicates
        for bound in predicate.bindings.values()
        if bound.source in ("principal", "resource")
        for path in bound.reads
    ]
    if () in paths:
        return {name for shape in ENTITIES.values() for name in shape.attributes}
    return {path[0] for path in paths}


def _context_reads(predicate: Predicate) -> Iterable[tuple[str, ...]]:
    for bound in predicate.bindings.values():
        if bound.source == "context":
            yield from bound.reads


def _by_name(source: str, predicates: Iterable[Predicate]) -> bool:
    """Whether *predicates* look at the id of principal or resource."""
    return any(
        path == () or path[0] in ("id", "name")
        for predicate in predicates
        for bound in predicate.bindings.values()
        if bound.source == source
        for path in bound.reads
    )


def _predicates_read(policy: Policy) -> Iterable[str]:
    held = reads_of([policy.tree.clauses]).context.get("holds", {})
    return sorted(held) if isinstance(held, dict) else ()


def _names_entities(of: AttributeType) -> bool:
    match of:
        case EntityIs():
            return True
        case SetOf(of=inner):
            return _names_entities(inner)
        case RecordType(attributes=attributes):
            return any(_names_entities(attribute.type) for attribute in attributes.values())
        case _:
            return False


def _listed(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
