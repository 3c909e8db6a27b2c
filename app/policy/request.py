"""What is asked of a policy: may this principal do this to that, under these circumstances?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

Value: TypeAlias = "bool | int | float | str | Sequence[Value] | Mapping[str, Value] | None"
"""What an attribute holds: JSON. Where the schema says that it is an entity, its id."""

Attributes: TypeAlias = Mapping[str, Value]


class PrincipalKind(StrEnum):
    """Who may ask; a component of the runtime asks as a service."""

    AGENT = "Agent"
    HUMAN = "Human"
    SERVICE = "Service"


class EntityType(StrEnum):
    """What a request may speak of: the entity types of `schema.cedarschema`."""

    AGENT = "Agent"
    HUMAN = "Human"
    SERVICE = "Service"
    TOOL = "Tool"
    TOOL_SERVER = "ToolServer"
    NODE = "Node"
    TOPIC = "Topic"
    DATA_CLASS = "DataClass"
    KNOWLEDGE = "Knowledge"
    MODEL = "Model"
    CODE = "Code"
    ROLE = "Role"
    TENANT = "Tenant"


class Action(StrEnum):
    """What may be asked for: the actions of `schema.cedarschema`."""

    SPAWN_AGENT = "spawn_agent"
    CONFIGURE_AGENT = "configure_agent"
    CONTROL_AGENT = "control_agent"
    """Suspend, resume, halt, quarantine, release, terminate: `context.operation` says which."""
    SUBMIT_TASK = "submit_task"
    SEND_MESSAGE = "send_message"
    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"
    ALLOCATE = "allocate"
    CALL_TOOL = "call_tool"
    RUN_CODE = "run_code"
    INVOKE_MODEL = "invoke_model"
    READ_DATA = "read_data"
    WRITE_DATA = "write_data"
    DELETE_DATA = "delete_data"
    DISCLOSE_DATA = "disclose_data"
    APPROVE = "approve"
    """Grant or deny what waits for a person."""
    ADMINISTER = "administer"
    """Change who and what there is, from identities to policies: `context.operation` says what."""


class EntityRef(NamedTuple):
    """The name of an entity: its type and its id, `Tool::"book_flight"` in Cedar."""

    type: str
    id: str

    def __str__(self) -> str:
        escaped = self.id.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.type}::"{escaped}"'


class Principal(NamedTuple):
    """Who asks."""

    kind: PrincipalKind
    id: str

    @property
    def ref(self) -> EntityRef:
        return EntityRef(self.kind, self.id)


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity as of now: its attributes, and the entities that it is in."""

    ref: EntityRef
    attributes: Attributes = field(default_factory=dict)
    parents: frozenset[EntityRef] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)
    """Labels that operators and owners gave it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question, complete: the answer depends on nothing else but the active policies.

    Treat everything in it as frozen. `context` holds the attributes of the action in `schema.cedarschema`;
    what a tool is called with goes under `arguments`. An attribute that the schema does not know is seen by
    conditions of agent definitions only.
    """

    principal: Principal
    action: Action
    resource: EntityRef
    context: Attributes = field(default_factory=dict)
    entities: Sequence[Entity] = ()
    """Entities that the engine does not hold, or holds otherwise; each is taken in place of the engine's."""
    tenant: str = "default"
