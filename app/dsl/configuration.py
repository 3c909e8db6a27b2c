"""The configuration that follows from a checked agent."""

from collections.abc import Iterator
from typing import Any

from events.agent_config import AgentConfig, NetworkPolicy, SandboxTier, SecurityLevel

from .check import Examined, ReadAgent
from .run.builtins.signature import type_text
from .settings.attributes import BY_NAME


def configuration(examined: Examined, name: str) -> AgentConfig:
    """What the runtime keeps of the agent of that name. Call it where *examined* is free of errors."""
    agent = examined.agents[name]
    metadata, node = examined.metadata, agent.node
    document: dict[str, Any] = {
        "name": metadata.name or node.name,
        **metadata.fields,
        "labels": metadata.labels,
        "metadata": metadata.free,
        "capabilities": list(agent.capabilities),
        "inputs": [{"name": param.name, "type": type_text(param.type)} for param in node.params],
        "result": None if node.returns is None else type_text(node.returns),
        "policies": [policy.stated for policy in agent.policies],
        "schedules": agent.schedules,
        "blocks": agent.blocks,
    }
    for field, read in agent.attributes.items():
        _set(document, field, read.value)
    if document.get("security") == SecurityLevel.MAXIMUM:
        document.setdefault("tier", SandboxTier.GVISOR)
    return AgentConfig.model_validate(document)


def _set(document: dict[str, Any], field: str, value: Any) -> None:
    """Put *value* where *field*, a dotted name, says."""
    if field == "network" and isinstance(value, list):
        document |= {"network": NetworkPolicy.ALLOW_LIST, "network_hosts": value}
        return
    *above, last = field.split(".")
    for name in above:
        document = document.setdefault(name, {})
    document[last] = value


def without_effect(agent: ReadAgent) -> Iterator[str]:
    """What *agent* says that has no effect yet, one sentence each."""
    for field, read in agent.attributes.items():
        awaits = BY_NAME[read.name].awaits
        if awaits and read.value != AgentConfig.model_fields[field].default:
            yield f"`{read.name}` has no effect yet: the runtime has no {awaits}."
    for block in agent.blocks:
        yield f"The {block.kind} `{block.name}` has no effect yet; it is kept in the configuration."
