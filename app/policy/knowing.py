"""The entities that the log tells of: who there is, and what is known of them."""

import math
from dataclasses import replace

from events.agent import (
    AgentDecommissioned,
    AgentDeployed,
    AgentEvent,
    AgentInitializationFailed,
    AgentQuarantined,
    AgentReadied,
    AgentRegistered,
    AgentReleased,
)
from events.agent_config import AgentConfig
from events.base import Event
from events.identity import (
    IdentityEvent,
    IdentityKind,
    IdentityRegistered,
    IdentityTerminated,
    Role,
    RoleGranted,
    RoleRevoked,
)
from events.node import NodeEvent, NodeJoined, NodeRemoved

from .engine.entities import Entities
from .request import Attributes, Entity, EntityRef, EntityType, Value
from .schema.entities import SENSITIVITY


class Knowing:
    """Keeps `Entities` as the log says."""

    def __init__(self, entities: Entities) -> None:
        self.entities = entities
        self._registered: dict[str, tuple[str, str]] = {}
        """Of agents that have no configuration yet: definition digest and owner."""
        for role in Role:
            entities.put(Entity(EntityRef(EntityType.ROLE, role.value)))

    def take(self, event: Event, tenant: str) -> None:
        """Fold the next event of the log, of that tenant. What is known of other entities stays."""
        home = EntityRef(EntityType.TENANT, tenant)
        if self.entities.get(home) is None:
            self.entities.put(Entity(home))
        if isinstance(event, AgentEvent):
            self._agent(event, home)
        elif isinstance(event, IdentityEvent):
            self._identity(event, home)
        elif isinstance(event, NodeEvent):
            self._node(event, home)

    def _agent(self, event: AgentEvent, home: EntityRef) -> None:
        ref = EntityRef(EntityType.AGENT, event.agent_id)
        known = self.entities.get(ref)
        match event:
            case AgentRegistered(definition_digest=digest, owner=owner):
                self._registered[event.agent_id] = digest, owner
            case AgentReadied(config=config):
                digest, owner = self._registered.pop(event.agent_id, ("", ""))
                facts = {**agent_facts(config), "definition": digest, **_owner(owner), "quarantined": False}
                self.entities.put(Entity(ref, facts, frozenset({home}), dict(config.labels)))
            case AgentDeployed(config=config, definition_digest=digest) if known is not None:
                facts = {**known.attributes, **agent_facts(config), "definition": digest}
                self.entities.put(replace(known, attributes=facts, tags=dict(config.labels)))
            case AgentQuarantined() | AgentReleased() if known is not None:
                quarantined = isinstance(event, AgentQuarantined)
                self.entities.put(replace(known, attributes={**known.attributes, "quarantined": quarantined}))
            case AgentInitializationFailed():
                self._registered.pop(event.agent_id, None)
            case AgentDecommissioned():
                self.entities.remove(ref)
            case _:
                pass

    def _identity(self, event: IdentityEvent, home: EntityRef) -> None:
        match event:
            case IdentityRegistered(identity_id=name, kind=kind) if kind is not IdentityKind.AGENT:
                self.entities.put(identity_entity(name, kind, home))
            case RoleGranted(identity_id=name, role=role) | RoleRevoked(identity_id=name, role=role):
                known = self._principal(name)
                if known is not None:
                    held = {EntityRef(EntityType.ROLE, role.value)}
                    granted = isinstance(event, RoleGranted)
                    parents = known.parents | held if granted else known.parents - held
                    self.entities.put(replace(known, parents=parents))
            case IdentityTerminated(identity_id=name):
                known = self._principal(name)
                if known is not None:
                    self.entities.remove(known.ref)
            case _:
                pass

    def _principal(self, name: str) -> Entity | None:
        for kind in (EntityType.HUMAN, EntityType.SERVICE, EntityType.AGENT):
            known = self.entities.get(EntityRef(kind, name))
            if known is not None:
                return known
        return None

    def _node(self, event: NodeEvent, home: EntityRef) -> None:
        ref = EntityRef(EntityType.NODE, event.node_id)
        match event:
            case NodeJoined(capacity=capacity, tiers=tiers, labels=labels):
                facts: Attributes = {
                    "tiers": [tier.value for tier in tiers],
                    "memory_mb": capacity.memory_mb,
                    "cpu_millis": int(capacity.cpu_cores * 1000),
                }
                self.entities.put(Entity(ref, facts, frozenset({home}), dict(labels)))
            case NodeRemoved():
                self.entities.remove(ref)
            case _:
                pass


def agent_facts(config: AgentConfig) -> dict[str, Value]:
    """What a configuration says of an agent, as the schema has it: all but definition, owner, quarantine."""
    facts: dict[str, Value] = {
        "name": config.name,
        "version": config.version,
        "code_source": config.code_source.value,
        "data_classes": [one.value for one in config.data_classes],
        "sensitivity": max((SENSITIVITY[one] for one in config.data_classes), default=0),
        "capabilities": list(config.capabilities),
        "security": config.security.value,
        "privacy": config.privacy.value,
        "network": config.network.value,
        "memory_mb": config.limits.memory_mb,
        "cpu_millis": int(config.limits.cpu_cores * 1000),
        "execution_timeout_s": math.ceil(config.limits.execution_timeout),
        "max_concurrent_tasks": config.max_concurrent_tasks,
    }
    if config.tier is not None:
        facts["tier"] = config.tier.value
    if config.model is not None:
        facts["model"] = config.model
    return facts


def new_agent(agent_id: str, config: AgentConfig, definition: str, owner: str, tenant: str) -> Entity:
    """The agent that a request to spawn or configure one is about; *owner* is an actor, `human/ann`."""
    facts = {**agent_facts(config), "definition": definition, **_owner(owner), "quarantined": False}
    home = EntityRef(EntityType.TENANT, tenant)
    return Entity(EntityRef(EntityType.AGENT, agent_id), facts, frozenset({home}), dict(config.labels))


def identity_entity(name: str, kind: IdentityKind, home: EntityRef) -> Entity:
    """A person, a service or a component, without roles yet."""
    if kind is IdentityKind.HUMAN:
        return Entity(EntityRef(EntityType.HUMAN, name), {}, frozenset({home}))
    component: Attributes = {"component": kind is IdentityKind.COMPONENT}
    return Entity(EntityRef(EntityType.SERVICE, name), component, frozenset({home}))


def _owner(actor: str) -> dict[str, Value]:
    kind, _, name = actor.partition("/")
    if kind == "human":
        return {"owner": name}
    return {"owning_service": name} if kind in ("service", "component") else {}
