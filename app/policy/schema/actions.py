"""The actions, and what is said about each time that one is asked for."""

from collections.abc import Mapping

from ..request import Action, EntityType
from .entities import DATA_CLASSES
from .shapes import ActionShape
from .types import BOOL, LONG, STRING, Attribute, EntityIs, RecordType

ACTORS = (EntityType.AGENT, EntityType.HUMAN, EntityType.SERVICE)

ALWAYS: dict[str, Attribute] = {
    "tenant": Attribute(EntityIs(EntityType.TENANT), True, "Of the request."),
    "capability": Attribute(STRING, doc="The name that the agent's definition calls it by."),
    "task": Attribute(STRING, doc="The id of the task that asks."),
    "user": Attribute(
        RecordType({"id": Attribute(STRING), "role": Attribute(STRING)}), doc="For whom the agent acts."
    ),
    "has_human_approval": Attribute(BOOL, doc="Whether a person granted exactly this."),
    "reason": Attribute(STRING, doc="What the principal says it is for."),
    "purpose": Attribute(STRING, doc="What data is used for, as consent names it."),
    "consent": Attribute(BOOL, doc="Whether the person whom the data is about consented to the purpose."),
    "data_classes": Attribute(DATA_CLASSES, doc="Of what is handed on."),
    "sensitivity": Attribute(LONG, doc="Of the most sensitive of those, 0 to 100."),
    "size": Attribute(LONG, doc="Bytes of what is handed on."),
    "document_size": Attribute(LONG, doc="Bytes of the largest document in it."),
    "live_agents": Attribute(LONG, doc="How many agents are alive."),
    "hour": Attribute(LONG, doc="Of the day, in UTC, 0 to 23."),
    "weekday": Attribute(LONG, doc="1 (Monday) to 7."),
    "tls_verified": Attribute(BOOL, doc="Whether the other side showed a certificate that holds."),
    "signature_verified": Attribute(BOOL, doc="Whether what it rests on is signed by a known key."),
    "schema_verified": Attribute(BOOL, doc="Whether the signature of the tool's schema was verified."),
    "schema_pinned": Attribute(STRING, doc="Who pinned the key of the tool's schema: operator or first_use."),
    "schema_valid": Attribute(BOOL, doc="Whether the output's shape is checked against a schema."),
    "input_valid": Attribute(BOOL, doc="Whether the input was checked against the schema of what is called."),
    "trust_bundle": Attribute(STRING, doc="Which set of keys the other side was verified with."),
}
"""What may be said about every act; where it is not required, only when it is known."""

_OPERATION = {"operation": Attribute(STRING, True, "Which of them: the command's name.")}
_SANDBOX = {
    "tier": Attribute(STRING, True, "docker or gvisor."),
    "network": Attribute(STRING, True, "none, allow_list or open."),
}
_LIMITS = {
    "memory_mb": Attribute(LONG, True),
    "cpu_millis": Attribute(LONG, True, "Thousandths of a core."),
    "disk_io_mbps": Attribute(LONG, True),
    "network_io_mbps": Attribute(LONG, True),
    "execution_timeout_s": Attribute(LONG, True, "Rounded up."),
}
_DATA = (EntityType.KNOWLEDGE, EntityType.TOPIC, EntityType.AGENT)
_ITEMS = {"items": Attribute(LONG, doc="How many documents or records.")}
_ANYTHING = tuple(EntityType)

GROUPS: dict[str, str] = {
    "lifecycle": "Agent creation and configuration.",
    "messaging": "Message sending and routing.",
    "allocation": "Resource allocation.",
    "tools": "External tool, code and model invocation.",
    "data": "Data access.",
    "people": "What people decide and administer.",
}
"""The enforcement points, as actions that the others are in: `action in Action::"data"`."""

ACTIONS: dict[Action, ActionShape] = {
    Action.SPAWN_AGENT: ActionShape(
        "Make an agent.",
        "lifecycle",
        (EntityType.AGENT,),
        {"same_definition": Attribute(LONG, doc="How many agents of its name are alive.")},
    ),
    Action.CONFIGURE_AGENT: ActionShape(
        "Give an agent a new version of its definition.", "lifecycle", (EntityType.AGENT,)
    ),
    Action.CONTROL_AGENT: ActionShape(
        "Suspend, resume, halt, quarantine, release, terminate or decommission an agent.",
        "lifecycle",
        (EntityType.AGENT,),
        _OPERATION,
    ),
    Action.SUBMIT_TASK: ActionShape(
        "Give work to an agent, cancel it or retry it.", "lifecycle", (EntityType.AGENT,), _OPERATION
    ),
    Action.SEND_MESSAGE: ActionShape("Send a message to one receiver.", "messaging", ACTORS),
    Action.PUBLISH: ActionShape("Publish a message under a topic.", "messaging", (EntityType.TOPIC,)),
    Action.SUBSCRIBE: ActionShape("Receive what is published under it.", "messaging", (EntityType.TOPIC,)),
    Action.ALLOCATE: ActionShape(
        "Run a task of the agent that asks on a node.",
        "allocation",
        (EntityType.NODE,),
        {**_LIMITS, "tier": Attribute(STRING, True, "docker, gvisor, or none where nothing is sandboxed.")},
    ),
    Action.CALL_TOOL: ActionShape("Call a tool.", "tools", (EntityType.TOOL,)),
    Action.RUN_CODE: ActionShape(
        "Run a program in a sandbox.", "tools", (EntityType.CODE,), {**_SANDBOX, **_LIMITS}
    ),
    Action.INVOKE_MODEL: ActionShape(
        "Ask a language model.",
        "tools",
        (EntityType.MODEL,),
        {
            "tokens": Attribute(LONG, True, "The most that prompt and answer may have."),
            "cents": Attribute(LONG, doc="What that costs at most."),
        },
    ),
    Action.READ_DATA: ActionShape("Read or search.", "data", _DATA, _ITEMS),
    Action.WRITE_DATA: ActionShape("Store or change.", "data", _DATA, _ITEMS),
    Action.DELETE_DATA: ActionShape("Delete.", "data", _DATA, _ITEMS),
    Action.DISCLOSE_DATA: ActionShape(
        "Hand data to somebody outside, or export it.",
        "data",
        _DATA,
        {
            **_ITEMS,
            "recipient": Attribute(STRING, True),
            "external": Attribute(BOOL, True, "Whether the recipient is outside the tenant."),
        },
    ),
    Action.APPROVE: ActionShape(
        "Grant or deny what waits for a person; the resource is the agent that waits, or what it is about.",
        "people",
        _ANYTHING,
        {
            **_OPERATION,
            "requester": Attribute(STRING, True, "Who asked for it: agent/a-1."),
            "role": Attribute(EntityIs(EntityType.ROLE), True, "Whose approval is asked for."),
        },
    ),
    Action.ADMINISTER: ActionShape(
        "Change identities, roles, policies, nodes, tools and the runtime.", "people", _ANYTHING, _OPERATION
    ),
}

WITH_ARGUMENTS = frozenset({Action.CALL_TOOL, Action.RUN_CODE, Action.SEND_MESSAGE, Action.PUBLISH})
"""The actions whose context holds `arguments`: those that a bundle declares the types of."""


def context_of(action: Action) -> Mapping[str, Attribute]:
    """The attributes of the action's context, without what a bundle adds."""
    return {**ALWAYS, **ACTIONS[action].context}
