"""Cedar as its Python binding's manual uses it: the whole set, every entity, the whole context."""

import json
from collections.abc import Iterator
from typing import Any

import cedarpy
from cedarpy import pst

from app.policy.bundle.bundle import Bundle
from app.policy.engine.entities import Entities
from app.policy.request import EntityType, Request
from app.policy.schema.actions import ACTIONS, GROUPS, WITH_ARGUMENTS, context_of
from app.policy.schema.entities import ENTITIES
from app.policy.schema.types import Attribute, RecordType, record_to_cedar


class PlainCedar:
    """Policies and entities parsed once, and a call for each request."""

    def __init__(self, bundle: Bundle, entities: Entities) -> None:
        self._bundle = bundle
        trees = {policy.id: policy.tree for policy in bundle.policies}
        self._policies = cedarpy.PolicySet.from_pst(pst.PolicySet({}, trees, ()))
        self.entities = cedarpy.Entities.from_json_str(json.dumps(list(_documents(entities))))

    def ask(self, request: Request) -> tuple[bool, tuple[str, ...], list[str]]:
        """Whether it is allowed, the policies that determined that, and errors."""
        result = self.decide(self.prepared(request))
        return result.allowed, tuple(sorted(result.diagnostics.reasons)), result.diagnostics.errors

    def prepared(self, request: Request) -> dict[str, Any]:
        """The request as Cedar takes it."""
        attributes = dict(context_of(request.action))
        if request.action in WITH_ARGUMENTS:
            attributes["arguments"] = Attribute(RecordType(self._bundle.argument_types))
        return {
            "principal": str(request.principal.ref),
            "action": f'Action::"{request.action}"',
            "resource": str(request.resource),
            "context": record_to_cedar({**request.context, "tenant": request.tenant}, attributes),
        }

    def decide(self, prepared: dict[str, Any]) -> cedarpy.AuthzResult:
        return cedarpy.is_authorized(prepared, self._policies, self.entities)


def _documents(entities: Entities) -> Iterator[dict[str, Any]]:
    for entity in entities:
        yield {
            "uid": {"type": str(entity.ref.type), "id": entity.ref.id},
            "attrs": record_to_cedar(entity.attributes, ENTITIES[EntityType(entity.ref.type)].attributes),
            "parents": [{"type": str(parent.type), "id": parent.id} for parent in entity.parents],
            "tags": dict(entity.tags),
        }
    for group in GROUPS:
        yield {"uid": {"type": "Action", "id": group}, "attrs": {}, "parents": []}
    for action, shape in ACTIONS.items():
        parents = [{"type": "Action", "id": shape.group}]
        yield {"uid": {"type": "Action", "id": str(action)}, "attrs": {}, "parents": parents}
