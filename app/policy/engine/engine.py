"""One bundle's decisions.

A request is decided on the slice of policies whose scopes fit it, on the attributes that these read, and on
the entities that principal, resource and context lead to. Nothing else can change the answer, so answers are
kept under exactly these.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import cedarpy
import orjson
from cedarpy import pst

from ...errors import SymbiError
from ..bundle.bundle import Bundle
from ..bundle.predicates import Evaluate, PredicateFailed
from ..decision import Decision
from ..request import Attributes, Entity, EntityRef, Request, Value
from ..schema.types import WrongType
from .answering import Determined, answer, failed, named
from .arguments import arguments_at, given, same
from .closures import Closure, Closures, Missing
from .entities import NEVER_IN_IDS, Entities, Seen
from .evaluating import Evaluation, Undecided, action_entities, uid
from .memo import Memo
from .prepared import Prepared, attributes_read, look, prepare
from .projection import entities, pick, to_json
from .slices import Slice, Slices
from .views import View

DECISIONS_KEPT = 100_000
ANSWERS_KEPT = 10_000
GRAPHS_KEPT = 20_000
ANY_PRINCIPAL, ANY_RESOURCE = f"{NEVER_IN_IDS}principal", f"{NEVER_IN_IDS}resource"
"""The ids of entities that stand for every one that looks like them."""


@dataclass(frozen=True, slots=True)
class _Situation:
    """A request, with everything that its answer depends on."""

    prepared: Prepared
    values: Mapping[str, Value]
    views: Sequence[View]
    names: Sequence[EntityRef]
    """Under which each view's entity is put to Cedar."""
    others: Mapping[EntityRef, Entity]
    """Those that came with the request."""

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
        self._prepared: dict[Slice, Prepared] = {}
        self._closures = Closures(entities, look(bundle))
        self._version = entities.version
        self._decisions: Memo[Hashable, Decision] = Memo(decisions_kept)
        self._answers: Memo[Determined, Decision] = Memo(ANSWERS_KEPT)
        self._graphs: Memo[Hashable, cedarpy.Entities] = Memo(GRAPHS_KEPT)

    def decide(self, request: Request) -> Decision:
        """The bundle's decision; never raises: what cannot be decided is denied."""
        try:
            key = self._key(request)
            decision = self._decisions.get(key)
            if decision is None:
                decision = self._answer(self._determine(request, self._situation(request)))
                self._decisions.put(key, decision)
            return named(decision, request)
        except (Undecided, Missing, WrongType, PredicateFailed) as error:
            return failed(self.bundle.digest, str(error))
        except SymbiError as error:
            return failed(self.bundle.digest, error.message)
        except Exception as error:  # whatever it is, the act must not happen
            return failed(self.bundle.digest, f"{type(error).__name__}: {error}")

    def _answer(self, determined: Determined) -> Decision:
        """Many requests are determined by the same policies."""
        decision = self._answers.get(determined)
        if decision is None:
            decision = answer(self.bundle, determined)
            self._answers.put(determined, decision)
        return decision

    def determine(self, request: Request) -> Determined:
        """What Cedar says of *request*, evaluated now.

        Raises:
            Undecided, Missing, WrongType, PredicateFailed, EntityInvalid: it cannot be evaluated.
        """
        return self._determine(request, self._situation(request))

    def warm(self) -> None:
        """Make every slice now, so that no request has to wait for its own."""
        for slice_ in self._slices.all():
            self._prepared.setdefault(slice_, prepare(slice_, self.bundle))
            _ = slice_.together, slice_.recording

    def applies(self, policy: pst.Template, request: Request) -> bool:
        """Whether *policy*, a part of one of the bundle's, applies to *request*; its effect does not matter.

        Raises:
            Undecided, Missing, WrongType, PredicateFailed: it cannot be evaluated.
        """
        situation = self._situation(request, by_name=True)
        alone = replace(policy, effect="permit", action=pst.ScopeAny(), annotations={})
        policies = cedarpy.PolicySet.from_pst(pst.PolicySet({}, {policy.id: alone}, ()))
        return self._evaluation(request, situation).of(policies)[0]

    def reads(self, request: Request, attributes: Iterable[str]) -> bool:
        """Whether any of these attributes of the context can matter for *request*."""
        read = attributes_read(self._prepared_for(request))
        return "*" in read or not read.isdisjoint(attributes)

    def slice_of(self, request: Request) -> Slice:
        """The policies that can have a say in *request*."""
        return self._slices.of(request.principal, request.action, request.resource)

    def _prepared_for(self, request: Request) -> Prepared:
        slice_ = self._slices.of(request.principal, request.action, request.resource)
        prepared = self._prepared.get(slice_)
        if prepared is None:
            prepared = self._prepared[slice_] = prepare(slice_, self.bundle)
        return prepared

    def _key(self, request: Request) -> Hashable:
        """Equal keys have the same answer."""
        prepared = self._prepared_for(request)
        values = _values(request, prepared)
        if request.entities or prepared.naming or prepared.literals:
            contents: Hashable = self._situation(request).contents
        else:
            contents = self._contents(request, prepared)
        if prepared.flat is None:
            picked = pick(values, prepared.tree, prepared.attributes)
        else:
            picked = [values.get(name) for name in prepared.flat]
        for predicate in prepared.predicates.values():
            # What it reads of entities is in the views.
            picked.append(predicate.bind(lambda source: given(source, values)))
            picked += [arguments_at(place, values) for place, _ in predicate.equals]
        return prepared, contents, orjson.dumps(picked, default=_listed) if picked else b""

    def _contents(self, request: Request, prepared: Prepared) -> Hashable:
        """What principal and resource look like to the slice, from the last time that it was asked."""
        if self._entities.version != self._version:
            self._version = self._entities.version
            for one in self._prepared.values():
                for known in one.contents:
                    known.clear()
        principals, resources = prepared.contents
        resource = request.resource
        seen = principals.get(request.principal)
        if seen is None:
            seen = principals[request.principal] = self._view(prepared, request.principal.ref, 0).content
        looked_at = resources.get(resource)
        if looked_at is None:
            looked_at = resources[resource] = self._view(prepared, resource, 1).content
        return seen, looked_at

    def _view(self, prepared: Prepared, ref: EntityRef, side: int) -> View:
        return prepared.views.of(self._closures.of(ref), by_name=prepared.by_name[side])

    def _situation(self, request: Request, *, by_name: bool = False) -> _Situation:
        """With *by_name*, every entity is put to Cedar under its own name."""
        prepared = self._prepared_for(request)
        values = _values(request, prepared)
        refs = [request.principal.ref, request.resource]
        if prepared.naming:
            refs += entities(values, prepared.naming, prepared.attributes)
        others = self._closures.look(request.entities)
        told = [by_name or one for one in prepared.by_name]
        views = [
            prepared.views.of(self._closure(ref, others), by_name=told[index] if index < 2 else True)
            for index, ref in enumerate(refs)
        ]
        views += [prepared.views.of(one, by_name=True) for one in self._literals(prepared, others)]
        names = [*refs, *prepared.literals]
        # Where policies cannot tell entities apart that look the same, one stands for all of them.
        for index, stand_in in enumerate((ANY_PRINCIPAL, ANY_RESOURCE)):
            if not told[index]:
                names[index] = EntityRef(names[index].type, stand_in)
        return _Situation(prepared, values, views, names, {one.ref: one for one in request.entities})

    def _closure(self, ref: EntityRef, others: Mapping[EntityRef, Seen]) -> Closure:
        return self._closures.with_others(ref, others) if others else self._closures.of(ref)

    def _literals(self, prepared: Prepared, others: Mapping[EntityRef, Seen]) -> Iterable[Closure]:
        """Of those of the entities that conditions name; of one that does not exist, nothing."""
        for ref in prepared.literals:
            try:
                yield self._closure(ref, others)
            except Missing:
                yield Closure(ref, {}, None)

    def _determine(self, request: Request, situation: _Situation) -> Determined:
        slice_ = situation.prepared.slice
        if slice_.together is None:
            return Determined(False, ())
        evaluation = self._evaluation(request, situation)
        permitted, ids = evaluation.of(slice_.together)
        if ids and not permitted:
            recorded = _recorded(evaluation, slice_)
            return Determined(False, tuple(sorted(ids)), recorded, _held(evaluation))
        permits = tuple(sorted(id_ for id_ in ids if id_ not in slice_.binding))
        bound = tuple(sorted(id_ for id_ in ids if id_ in slice_.binding))
        return Determined(bool(permits), permits, bound, _held(evaluation))

    def _evaluation(self, request: Request, situation: _Situation) -> Evaluation:
        prepared = situation.prepared
        return Evaluation(
            {
                "principal": uid(situation.names[0]),
                "action": {"type": "Action", "id": str(request.action)},
                "resource": uid(situation.names[1]),
            },
            to_json(situation.values, prepared.tree, prepared.attributes),
            self._graph(request, situation),
            lambda name: self._holds(request, situation, name),
        )

    def _graph(self, request: Request, situation: _Situation) -> cedarpy.Entities:
        """The entities in view, parsed, and the action's group where a condition asks for it."""
        prepared = situation.prepared
        key = (prepared, tuple(situation.names), situation.contents)
        graph = self._graphs.get(key)
        if graph is None:
            members: dict[EntityRef, bytes] = {}
            for name, view in zip(situation.names, situation.views, strict=True):
                members.update(view.documents(name))
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


def _values(request: Request, prepared: Prepared) -> Mapping[str, Value]:
    """The context, with the tenant where it is asked for: the request's, whatever the context says."""
    return {**request.context, "tenant": request.tenant} if prepared.needs_tenant else request.context


def _held(evaluation: Evaluation) -> tuple[tuple[str, bool], ...]:
    return tuple(sorted(evaluation.holds.items())) if evaluation.holds else ()


def _recorded(evaluation: Evaluation, slice_: Slice) -> tuple[str, ...]:
    """The policies that say how fully what is forbidden is recorded."""
    if slice_.recording is None:
        return ()
    try:
        return tuple(sorted(evaluation.of(slice_.recording)[1]))
    except (Undecided, PredicateFailed):
        return ()  # it is denied whatever they say


def _listed(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
