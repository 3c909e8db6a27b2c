"""What YAML policies look like: access control, data flow, resource usage and audit requirements."""

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

from events.agent_config import DataClass

from ..condition_text import milliseconds, number, parse, per_window, seconds, size, tier
from ..conditions import AuditLevel, BudgetUnit, Network
from ..request import Action, EntityType
from ..schema.actions import GROUPS
from ..schema.types import NAMES
from .policy import POLICY_ID

ENTITY = re.compile(r'([A-Za-z]+)(?:::"((?:[^"\\]|\\.)*)")?')


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _entity(text: str) -> str:
    found = ENTITY.fullmatch(text)
    if found is None or found[1] not in set(EntityType):
        names = ", ".join(EntityType)
        raise ValueError(
            f'{text!r} is neither an entity type nor an entity such as Tool::"mail"; there are {names}'
        )
    return text


def _action(text: str) -> str:
    if text not in set(Action) and text not in GROUPS:
        raise ValueError(
            f"{text!r} is neither an action nor a group; there are {', '.join([*Action, *GROUPS])}"
        )
    return text


def _condition(text: str) -> str:
    parse(text)
    return text


def _argument_type(text: str) -> str:
    if text not in NAMES:
        raise ValueError(f"{text!r} is no type of arguments; there are {', '.join(NAMES)}")
    return text


def _reading(reader: Any) -> BeforeValidator:
    """Numbers as they are, texts as conditions write them."""
    return BeforeValidator(lambda value: reader(value) if isinstance(value, str) else value)


PolicyId = Annotated[str, StringConstraints(pattern=f"^{POLICY_ID.pattern}$")]
EntityText = Annotated[str, AfterValidator(_entity)]
Entities = Annotated[list[EntityText], BeforeValidator(_listed), Field(min_length=1)]
Actions = Annotated[
    list[Annotated[str, AfterValidator(_action)]], BeforeValidator(_listed), Field(min_length=1)
]
ConditionText = Annotated[str, AfterValidator(_condition)]
Conditions = Annotated[list[ConditionText], BeforeValidator(_listed), Field(min_length=1)]
Classes = Annotated[list[DataClass], BeforeValidator(_listed), Field(min_length=1)]
Texts = Annotated[list[str], BeforeValidator(_listed)]
Seconds = Annotated[int, _reading(seconds), Field(gt=0)]
Bytes = Annotated[int, _reading(size), Field(gt=0)]
Positive = Annotated[int, _reading(number), Field(gt=0)]
Window = Annotated[tuple[int, int, str], _reading(per_window)]
Milliseconds = Annotated[int, _reading(milliseconds), Field(gt=0)]
Tier = Annotated[str, AfterValidator(lambda text: tier(text).value)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Scope(_Model):
    """Whom and what a rule is about; what is left out is anybody and anything."""

    id: PolicyId
    principals: Entities | None = None
    actions: Actions | None = None
    resources: Entities | None = None
    when: str | None = None
    """A Cedar expression."""
    unless: str | None = None
    reason: str = ""


class AccessRule(Scope):
    """Allow or deny: exactly one of them names the actions."""

    allow: Actions | None = None
    deny: Actions | None = None
    conditions: Conditions | None = None
    on_deny: Literal["suspend"] | None = None

    @model_validator(mode="after")
    def _one_effect(self) -> "AccessRule":
        if (self.allow is None) == (self.deny is None):
            raise ValueError("it needs allow or deny, and not both")
        if self.actions is not None:
            raise ValueError("allow and deny name the actions; actions has no place here")
        if self.on_deny and (self.allow is not None or self.conditions):
            raise ValueError("on_deny needs a deny without conditions: nothing else denies")
        return self


class AccessControl(_Model):
    """Who may do what."""

    type: Literal["access_control"]
    policies: list[AccessRule] = Field(min_length=1)


class FlowRule(Scope):
    """Where data of some classes may go: exactly one of allow, deny and redact names them."""

    allow: Classes | None = None
    deny: Classes | None = None
    redact: Classes | None = None
    to: (
        Annotated[list[EntityText | Literal["external"]], BeforeValidator(_listed), Field(min_length=1)]
        | None
    ) = None
    """Receivers; `external` is everybody outside the runtime."""
    conditions: Conditions | None = None
    on_deny: Literal["suspend"] | None = None

    @model_validator(mode="after")
    def _one_effect(self) -> "FlowRule":
        if sum(item is not None for item in (self.allow, self.deny, self.redact)) != 1:
            raise ValueError("it needs one of allow, deny and redact")
        if self.resources is not None:
            raise ValueError("to names the receivers; resources has no place here")
        if self.conditions and self.allow is None:
            raise ValueError("conditions belong to allow")
        if self.on_deny and self.deny is None:
            raise ValueError("on_deny belongs to deny")
        return self


class DataFlow(_Model):
    """How data moves."""

    type: Literal["data_flow"]
    flows: list[FlowRule] = Field(min_length=1)


class Most(_Model):
    """The most that may be asked for at once."""

    memory_mb: Positive | None = None
    cpu_cores: Annotated[float, Field(gt=0)] | None = None
    disk_io_mbps: Positive | None = None
    network_io_mbps: Positive | None = None
    execution_timeout: Seconds | None = None
    size: Bytes | None = None
    document_size: Bytes | None = None
    live_agents: Positive | None = None
    tokens: Positive | None = None


class LimitRule(Scope):
    """How much of something; at least one limit."""

    rate: Annotated[list[Window], BeforeValidator(_listed)] | None = None
    budget: dict[BudgetUnit, Window] | None = None
    max: Most | None = None
    min_tier: Tier | None = None
    max_tier: Tier | None = None
    network: Network | None = None
    time_limit: Milliseconds | None = None
    total_time_limit: Milliseconds | None = None
    retries: Positive | None = None
    circuit_breaker: (
        Annotated[str, AfterValidator(lambda text: _condition(f"circuit_breaker:{text}"))] | None
    ) = None

    @model_validator(mode="after")
    def _limits_something(self) -> "LimitRule":
        if not self.model_dump(exclude=set(Scope.model_fields), exclude_none=True):
            limits = [name for name in LimitRule.model_fields if name not in Scope.model_fields]
            raise ValueError(f"it limits nothing; there are {', '.join(limits)}")
        return self


class ResourceUsage(_Model):
    """How much may be used."""

    type: Literal["resource_usage"]
    limits: list[LimitRule] = Field(min_length=1)


class RecordRule(Scope):
    """What must be recorded, and how fully."""

    level: AuditLevel
    retention_days: Positive | None = None
    tags: Texts = []
    include: Texts = []
    alert_on: Texts = []


class AuditRequirements(_Model):
    """What must be recorded."""

    type: Literal["audit_requirements"]
    records: list[RecordRule] = Field(min_length=1)


class Manifest(_Model):
    """What the bundle is called, and which arguments of tools its policies read."""

    type: Literal["bundle"]
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    version: str = "1.0.0"
    description: str = ""
    arguments: dict[str, Annotated[str, AfterValidator(_argument_type)]] = Field(default_factory=dict)


YamlPolicy: TypeAlias = AccessControl | DataFlow | ResourceUsage | AuditRequirements | Manifest

YAML_POLICY: TypeAdapter[YamlPolicy] = TypeAdapter(Annotated[YamlPolicy, Field(discriminator="type")])
"""One document of a YAML policy file."""
