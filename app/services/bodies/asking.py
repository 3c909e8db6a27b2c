"""What is asked of policy before a body calls a tool."""

from collections.abc import Mapping, Sequence

from ...policy.conditions import Audit
from ...policy.decision import Allow, AllowWithConditions, Decision
from ...policy.request import (
    Action,
    Entity,
    EntityRef,
    EntityType,
    Principal,
    PrincipalKind,
    Request,
    Value,
)
from ...ports.tools import Json, Tool

DENIED = "Denied"
"""The kind under which a body may catch that policy said no."""


def request_of(
    agent_id: str,
    task_id: str,
    tenant: str,
    name: str,
    tool: Tool | None,
    args: Sequence[Json],
    named: Mapping[str, Json],
    *,
    size: int,
    declared: bool,
) -> Request:
    """The question whether the agent may call *name* with this; *size* is that of the arguments in bytes."""
    resource = EntityRef(EntityType.TOOL, name)
    parameters = tool.parameters if tool is not None else ()
    arguments = {**dict(zip(parameters, args, strict=False)), **named}
    context: dict[str, Value] = {
        "tenant": EntityRef(EntityType.TENANT, tenant),
        "task": task_id,
        "size": size,
        "arguments": arguments,
        "args": [*args],
    }
    if declared:
        context["capability"] = name
    return Request(
        principal=Principal(PrincipalKind.AGENT, agent_id),
        action=Action.CALL_TOOL,
        resource=resource,
        context=context,
        entities=[Entity(resource, _attributes(tool))],
    )


def refusal(decision: Decision) -> str | None:
    """Why the call must not be made, in words; None where it may."""
    match decision:
        case Allow():
            return None
        case AllowWithConditions(conditions=conditions):
            # Arguments and results are kept in full whatever is asked for; nothing else is carried out here.
            left = [type(condition).__name__ for condition in conditions if not isinstance(condition, Audit)]
            return f"this worker cannot carry out: {', '.join(left)}" if left else None
        case _:
            return decision.reason


def _attributes(tool: Tool | None) -> dict[str, Value]:
    return {
        "verified": False,
        "approved": False,
        "external": False,
        "idempotent": tool is not None and tool.idempotent,
        "data_classes": [],
    }
