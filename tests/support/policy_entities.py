"""Entities for tests: complete, and as unremarkable as can be."""

from app.policy.request import Entity, EntityRef, Value


def agent_entity(id_: str, *, parents: frozenset[EntityRef] = frozenset(), **attributes: Value) -> Entity:
    usual: dict[str, Value] = {
        "name": id_,
        "version": "1.0.0",
        "definition": "sha256:0",
        "code_source": "signed",
        "data_classes": [],
        "sensitivity": 0,
        "capabilities": [],
        "security": "normal",
        "privacy": "normal",
        "network": "deny_all",
        "quarantined": False,
        "memory_mb": 256,
        "cpu_millis": 1000,
        "execution_timeout_s": 300,
        "max_concurrent_tasks": 1,
    }
    return Entity(EntityRef("Agent", id_), {**usual, **attributes}, parents)


def tool_entity(id_: str, **attributes: Value) -> Entity:
    usual: dict[str, Value] = {
        "schema_verified": True,
        "approved": True,
        "external": False,
        "idempotent": False,
        "data_classes": [],
    }
    return Entity(EntityRef("Tool", id_), {**usual, **attributes})


def code_entity(id_: str) -> Entity:
    return Entity(EntityRef("Code", id_), {"source": "signed", "trust": 80})
