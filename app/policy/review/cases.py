"""Cases of policies: given a request, expect a decision."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from ...dsl.source import Source
from ..bundle.bundle import Bundle
from ..bundle.predicates import Evaluate
from ..bundle.problems import Place, Problem
from ..bundle.yaml_models import ConditionText
from ..bundle.yaml_nodes import Document, NotYaml, problems_of
from ..bundle.yaml_nodes import read as read_yaml
from ..condition_text import parse, write
from ..decision import Allow, AllowWithConditions, Decision, Deny
from ..engine.engine import Engine
from ..engine.entities import Entities, EntityInvalid
from ..request import Action, Entity, EntityRef, EntityType, Principal, PrincipalKind, Request, Value
from ..schema.actions import WITH_ARGUMENTS, context_of
from ..schema.entities import ENTITIES
from ..schema.types import AttributeType, BoolType, DecimalType, EntityIs, LongType, RecordType, SetOf

SUFFIXES = (".test.yaml", ".test.yml")
"""Files of cases, which are no part of a bundle."""

FREE = frozenset({"positional", "input"})
"""Attributes of the context that only conditions of definitions see."""

_ENTITY = re.compile(r'([A-Za-z]+)::"((?:[^"\\]|\\.)*)"')


def _ref(text: str) -> str:
    found = _ENTITY.fullmatch(text)
    if found is None or found[1] not in set(EntityType):
        raise ValueError(f'{text!r} is no entity such as Agent::"clerk"; there are {", ".join(EntityType)}')
    return text


def _principal(text: str) -> str:
    if _ref(text).partition("::")[0] not in set(PrincipalKind):
        raise ValueError(f"a principal is an Agent, a Human or a Service, and not {text}")
    return text


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _shorthand(value: Any) -> Any:
    return {"decision": value} if isinstance(value, str) else value


RefText = Annotated[str, AfterValidator(_ref)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GivenEntity(_Model):
    """An entity; required attributes that are left out are false, 0, empty."""

    entity: RefText
    attributes: dict[str, JsonValue] = Field(default_factory=dict)
    parents: list[RefText] = Field(default_factory=list, alias="in")
    tags: dict[str, str] = Field(default_factory=dict)


class Given(_Model):
    """A request. Entities that it names and nobody declares exist, without anything known of them."""

    principal: Annotated[str, AfterValidator(_principal)]
    action: Action
    resource: RefText
    tenant: str = "default"
    context: dict[str, JsonValue] = Field(default_factory=dict)
    entities: list[GivenEntity] = Field(default_factory=list)


class Expected(_Model):
    """A decision; what is left out may be anything."""

    decision: Literal["allow", "deny"]
    conditions: Annotated[list[ConditionText], BeforeValidator(_listed)] | None = None
    """Exactly these; an empty list is none."""
    policies: list[str] | None = None
    """Exactly those determine it."""
    reason: str | None = None
    """What a denial's reason contains."""
    suspend: bool | None = None
    error: bool | None = None


class Case(_Model):
    """One case."""

    name: str
    given: Given
    expect: Annotated[Expected, BeforeValidator(_shorthand)]


class Cases(_Model):
    """A file of cases."""

    entities: list[GivenEntity] = Field(default_factory=list)
    """That all its cases know."""
    cases: list[Case] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case."""

    name: str
    place: Place
    failures: tuple[str, ...]
    """What is not as expected; empty where it passed."""
    decision: Decision | None
    warnings: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures


def read(source: Source) -> tuple[list[tuple[Cases, Document]], list[Problem]]:
    """The cases in a file, and everything that is wrong with it."""
    found: list[tuple[Cases, Document]] = []
    problems: list[Problem] = []
    try:
        for document in read_yaml(source):
            try:
                found.append((Cases.model_validate(document.value), document))
            except ValidationError as error:
                problems += problems_of(error, document)
    except NotYaml as error:
        problems.append(error.problem)
    return found, problems


def run(cases: Cases, document: Document, bundle: Bundle, evaluate: Evaluate) -> Iterator[Result]:
    """Decide every case under *bundle*."""
    for index, case in enumerate(cases.cases):
        place = document.place(("cases", index))
        try:
            decision, warnings = _decide(case.given, cases.entities, bundle, evaluate)
        except EntityInvalid as error:
            yield Result(case.name, place, (error.message,), None)
            continue
        failures = tuple(_failures(case.expect, decision))
        yield Result(case.name, place, failures, decision, warnings)


def _decide(
    given: Given, shared: list[GivenEntity], bundle: Bundle, evaluate: Evaluate
) -> tuple[Decision, tuple[str, ...]]:
    declared = {one.entity: one for one in (*shared, *given.entities)}
    entities = Entities(_entity(one) for one in declared.values())
    principal = ref_of(given.principal)
    request = Request(
        Principal(PrincipalKind(principal.type), principal.id),
        given.action,
        ref_of(given.resource),
        given.context,
        (),
        given.tenant,
    )
    for ref in _named(request, entities):
        if entities.get(ref) is None:
            entities.put(_entity(GivenEntity(entity=str(ref))))
    known = {*context_of(given.action), *FREE, *(["arguments"] if given.action in WITH_ARGUMENTS else [])}
    warnings = tuple(
        f"context.{name}: the schema does not know it, so only conditions of definitions see it"
        for name in given.context
        if name not in known
    )
    return Engine(bundle, entities, evaluate).decide(request), warnings


def _named(request: Request, entities: Entities) -> Iterator[EntityRef]:
    """Everything that the request or a declared entity names."""
    yield from (request.principal.ref, request.resource, EntityRef(EntityType.TENANT, request.tenant))
    for name, attribute in context_of(request.action).items():
        if (value := request.context.get(name)) is not None:
            yield from _entities_in(value, attribute.type)
    for entity in list(entities):
        yield from entity.parents
        shape = ENTITIES[EntityType(entity.ref.type)]
        for name, value in entity.attributes.items():
            yield from _entities_in(value, shape.attributes[name].type)


def _entities_in(value: Value, of: AttributeType) -> Iterator[EntityRef]:
    match of:
        case EntityIs(type=type_) if isinstance(value, str):
            yield EntityRef(type_, value)
        case SetOf(of=inner) if isinstance(value, list):
            for item in value:
                yield from _entities_in(item, inner)
        case _:
            return


def _entity(given: GivenEntity) -> Entity:
    ref = ref_of(given.entity)
    shape = ENTITIES[EntityType(ref.type)]
    usual = {name: _nothing(one.type) for name, one in shape.attributes.items() if one.required}
    parents = frozenset(ref_of(parent) for parent in given.parents)
    return Entity(ref, {**usual, **given.attributes}, parents, given.tags)


def _nothing(of: AttributeType) -> Value:
    match of:
        case BoolType():
            return False
        case LongType() | DecimalType():
            return 0
        case SetOf():
            return []
        case RecordType():
            return {}
        case _:
            return ""


def ref_of(text: str) -> EntityRef:
    """The entity that `Type::"id"` names. Raises `ValueError`."""
    found = _ENTITY.fullmatch(text)
    if found is None:
        raise ValueError(f'{text!r} is no entity such as Agent::"clerk"')
    return EntityRef(found[1], re.sub(r"\\(.)", r"\1", found[2]))


def _failures(expected: Expected, decision: Decision) -> Iterator[str]:
    allowed = not isinstance(decision, Deny)
    if allowed is not (expected.decision == "allow"):
        yield f"expected {expected.decision}, and it is {described(decision)}"
        return
    if expected.conditions is not None:
        wanted = sorted(write(parse(text)) for text in expected.conditions)
        found = conditions_of(decision)
        if found != wanted:
            yield f"expected the conditions {wanted}, and they are {found}"
    if expected.policies is not None and sorted(expected.policies) != list(decision.grounds.policies):
        determining = list(decision.grounds.policies)
        yield f"expected {sorted(expected.policies)} to determine it, and {determining} do"
    if isinstance(decision, Deny):
        if expected.reason is not None and expected.reason not in decision.reason:
            yield f"expected a reason with {expected.reason!r}, and it is {decision.reason!r}"
        for name in ("suspend", "error"):
            wanted_flag, flag = getattr(expected, name), getattr(decision, name)
            if wanted_flag is not None and wanted_flag is not flag:
                yield f"expected {name}: {wanted_flag}, and it is {flag}"


def conditions_of(decision: Decision) -> list[str]:
    """The conditions of a decision as policies write them, sorted."""
    conditions = decision.conditions if isinstance(decision, AllowWithConditions) else ()
    return sorted(map(write, conditions))


def described(decision: Decision) -> str:
    """A decision in words."""
    match decision:
        case Allow():
            return f"allowed by {', '.join(decision.grounds.policies)}"
        case AllowWithConditions():
            by = ", ".join(decision.grounds.policies)
            return f"allowed by {by} under {'; '.join(conditions_of(decision))}"
        case Deny():
            return f"denied: {decision.reason}"
