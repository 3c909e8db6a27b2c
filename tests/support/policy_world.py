"""Random bundles, entities and requests that fit the schema, and Cedar's own answer to them."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import cedarpy

from app.dsl.source import Source
from app.policy.bundle.bundle import Bundle
from app.policy.bundle.compiling import compile_bundle
from app.policy.bundle.predicates import Predicate, PredicateFailed
from app.policy.engine.entities import Entities
from app.policy.request import Action, Entity, EntityRef, EntityType, Principal, PrincipalKind, Request, Value
from app.policy.schema.actions import ACTIONS, GROUPS, WITH_ARGUMENTS, context_of
from app.policy.schema.entities import ENTITIES
from app.policy.schema.render import render
from app.policy.schema.types import Attribute

ARGUMENTS = {"total": "Long", "city": "String", "insured": "Bool", "codes": "Set<String>"}
TEXTS = ("docker", "gvisor", "x", "y", "alpha", "none", "open")
IDS = 6
"""How many entities of each type there are."""


def no_predicates(predicate: Predicate, bindings: Mapping[str, Value]) -> bool:
    """For bundles that ask the interpreter nothing."""
    raise PredicateFailed(f"there is no interpreter for {predicate.expression}")


class PolicyWorld:
    """Everything follows from the seed."""

    def __init__(self, seed: int, *, policies: int = 60) -> None:
        self.random = random.Random(seed)
        self.entities = Entities(self._entities())
        self.bundle = self._bundle(policies)

    def request(self) -> Request:
        """Any action, on anything that it is done on."""
        choose = self.random.choice
        action = choose(list(Action))
        resource = choose(ACTIONS[action].resources)
        return Request(
            Principal(choose(list(PrincipalKind)), self._id()),
            action,
            EntityRef(resource, self._entity_id(resource)),
            self._context(action),
            tenant=self._id(),
        )

    def changed(self, entity: Entity) -> Entity:
        """The same entity, with other attributes and other parents."""
        if entity.ref.type == EntityType.DATA_CLASS:
            return entity
        return self._entity(EntityType(entity.ref.type), int(entity.ref.id))

    def _entities(self) -> Iterator[Entity]:
        for entity_type in ENTITIES:
            if entity_type is not EntityType.DATA_CLASS:
                yield from (self._entity(entity_type, number) for number in range(IDS))

    def _entity(self, of: EntityType, number: int) -> Entity:
        shape = ENTITIES[of]
        parents = {
            EntityRef(parent, str(self.random.randrange(number if parent == of else IDS)))
            for parent in shape.parents
            if self.random.random() < 0.6 and (parent != of or number)
        }
        tags = {"team": self._text()} if shape.tagged and self.random.random() < 0.5 else {}
        return Entity(EntityRef(of, str(number)), self._values(shape.attributes), frozenset(parents), tags)

    def _context(self, action: Action) -> dict[str, Value]:
        attributes = {name: one for name, one in context_of(action).items() if name != "tenant"}
        values = self._values(attributes)
        if action in WITH_ARGUMENTS and self.random.random() < 0.8:
            values["arguments"] = {
                **self._values({name: Attribute(of) for name, of in argument_types().items()}),
                "undeclared": 1.5,
            }
        return values

    def _values(self, attributes: Mapping[str, Attribute]) -> dict[str, Value]:
        return {
            name: self._value(str(attribute.type))
            for name, attribute in attributes.items()
            if attribute.required or self.random.random() < 0.6
        }

    def _value(self, of: str) -> Value:
        match of:
            case "Bool":
                return self.random.random() < 0.5
            case "Long":
                return self.random.randrange(8)
            case "String":
                return self._text()
            case _ if of.startswith("Set<"):
                return [self._value(of[4:-1]) for _ in range(self.random.randrange(3))]
            case _ if of.startswith("{"):
                return {name: self._text() for name in ("id", "role") if self.random.random() < 0.6}
            case _:
                return self._entity_id(of)

    def _text(self) -> str:
        return self.random.choice(TEXTS)

    def _id(self) -> str:
        return str(self.random.randrange(IDS))

    def _entity_id(self, of: str) -> str:
        return self.random.choice(["pii", "phi", "internal"]) if of == EntityType.DATA_CLASS else self._id()

    def _bundle(self, count: int) -> Bundle:
        """Policies that pass the validation, of more that were drawn."""
        manifest = f"type: bundle\nname: drawn\narguments: {json.dumps(ARGUMENTS)}\n"
        texts: list[str] = []
        schema = cedarpy.Schema.from_str(_schema())
        while len(texts) < count:
            text = self._policy(len(texts))
            if cedarpy.validate_policies(text, schema):
                texts.append(text)
        return compile_bundle([Source("m.yaml", manifest), Source("p.cedar", "\n".join(texts))], name="drawn")

    def _policy(self, number: int) -> str:
        draw = self.random.random
        effect = "permit" if draw() < 0.75 else "forbid"
        condition = ""
        if draw() < 0.3:
            condition = (
                f'@condition("{self.random.choice(["audit:full", "rate_limit:5/minute", "redact:pii"])}")'
            )
        action = self.random.choice(
            [
                "action",
                f'action == Action::"{self.random.choice(list(Action))}"',
                f'action in Action::"{self.random.choice(list(GROUPS))}"',
                f'action in [Action::"{self.random.choice(list(Action))}", Action::"call_tool"]',
            ]
        )
        clauses = [
            f"{self._clause()} {{ {self._test(2)} }}"
            for _ in range(self.random.randrange(effect == "forbid", 3))
        ]
        principal = self._scope("principal", ["Agent", "Human", "Service"], ["Role", "Tenant"])
        resource = self._scope("resource", list(EntityType), ["Tenant", "ToolServer", "Topic"])
        scope = f"{principal}, {action}, {resource}"
        return f'@id("p{number}") {condition} {effect}({scope}) {" ".join(clauses)};'

    def _clause(self) -> str:
        return self.random.choice(["when", "when", "unless"])

    def _scope(self, variable: str, types: Sequence[str], groups: Sequence[str]) -> str:
        of, group = self.random.choice(types), self.random.choice(groups)
        return self.random.choice(
            [
                variable,
                f"{variable} is {of}",
                f'{variable} == {of}::"{self._entity_id(of)}"',
                f'{variable} in {group}::"{self._id()}"',
                f'{variable} is {of} in {group}::"{self._id()}"',
            ]
        )

    def _test(self, depth: int) -> str:
        draw = self.random.random()
        if depth and draw < 0.3:
            return f"({self._test(depth - 1)}) {self.random.choice(['&&', '||'])} ({self._test(depth - 1)})"
        if depth and draw < 0.4:
            return f"!({self._test(depth - 1)})"
        number, text, id_ = self.random.randrange(8), self._text(), self._id()
        return self.random.choice(
            [
                f"context has size && context.size < {number}",
                f'context has capability && context.capability == "{text}"',
                'context has data_classes && context.data_classes.contains(DataClass::"pii")',
                f'context.tenant == Tenant::"{id_}"',
                "principal in context.tenant",
                f"context has arguments && context.arguments has total && context.arguments.total > {number}",
                "context has arguments && context.arguments has codes && "
                f'context.arguments.codes.contains("{text}")',
                "context has arguments",
                "context has arguments && context.arguments has city",
                f'context has user && context.user has role && context.user.role like "{text[:1]}*"',
                f'principal is Agent && principal.name == "{text}"',
                f"principal is Agent && principal.sensitivity >= {number}",
                'principal is Agent && principal.hasTag("team") && principal.getTag("team") == "x"',
                f'principal is Agent && principal has owner && principal.owner in Role::"{id_}"',
                f'principal is Agent && principal has owner && principal.owner == Human::"{id_}"',
                f'principal in Role::"{id_}"',
                f'resource in Tenant::"{id_}"',
                f"principal is Agent && principal.memory_mb + {number} > 8 - {number}",
                "principal is Agent && principal.memory_mb + 9223372036854775801 > 0",
                "resource is Tool && resource.external",
                'resource is Tool && resource.data_classes.containsAny([DataClass::"pii", DataClass::"phi"])',
                f'resource == Tool::"{id_}"',
                f'principal == Agent::"{id_}"',
                f'principal in Agent::"{id_}"',
                f'principal in [Human::"{id_}", Role::"{id_}"]',
                f'principal is Human in Role::"{id_}"',
                "resource is Knowledge && resource has owner && resource.owner == principal",
                "principal is Agent && principal has owner && [principal.owner].contains(resource)",
                "resource in context.tenant",
                f'resource in [Topic::"{id_}", Tenant::"{id_}"]',
                f'Role::"{id_}" in Role::"0"',
                f'if context has size then context.size == {number} else principal in Role::"{id_}"',
                f'(if principal is Human then Role::"{id_}" else Role::"1") in Role::"0"',
                f'Agent::"{id_}".quarantined',
                f'action in Action::"data" && context has items && context.items > {number}',
                f'action == Action::"call_tool" && context has size && context.size > {number}',
                'action == Action::"administer" && context.operation == "x"',
            ]
        )


def argument_types() -> dict[str, Any]:
    return {name: one.type for name, one in Bundle("x", "1", "", (), ARGUMENTS).argument_types.items()}


def _schema() -> str:
    return render({name: Attribute(of) for name, of in argument_types().items()})
