"""The policies an agent's definition states, in a form that no language owns."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, JsonValue

from .base import Record

Expression: TypeAlias = str
"""An expression of the definition's language, as it is written there."""


class ArgumentPattern(Record):
    """What one argument of an action may be, by its place."""

    kind: Literal["any", "named", "equal"]
    """Anything; anything, under a name that the condition speaks of; or one value and no other."""
    name: str | None = None
    value: JsonValue = None


class ActionPattern(Record):
    """Which acts a rule is about."""

    action: str
    """The dotted name of what is called: `export`, `http.get`."""
    arguments: list[ArgumentPattern] | None = None
    """In their order; without, the action may be called with whatever it takes."""


class ActionRule(Record):
    """These acts are allowed, or denied."""

    kind: Literal["allow", "deny"]
    actions: list[ActionPattern]
    condition: Expression | None = None
    """When it applies; without, always."""
    line: int
    """Where it stands in the definition, from 1."""


class Requirement(Record):
    """Something by its name that must be met: `rate_limiting`, `approval`."""

    name: str
    value: JsonValue
    """In the unit that the reference names: durations in seconds, sizes in bytes."""
    known: bool
    """False for a name that the runtime knows nothing of: unmet until an operator says what it means."""


class RequireRule(Record):
    """Whatever the agent does, these requirements are met, or it does not happen."""

    kind: Literal["require"]
    requirements: list[Requirement] = Field(default_factory=list)
    holds: Expression | None = None
    """An expression that must be true, in place of named requirements."""
    condition: Expression | None = None
    line: int


class AuditRule(Record):
    """What is recorded of the agent's acts, and how."""

    kind: Literal["audit"]
    actions: list[ActionPattern] = Field(default_factory=list)
    """What is recorded; none: everything it does."""
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    """`log_level`, `retention_days`, `compliance_tags`, `include_…`, `alert_on_…`."""
    condition: Expression | None = None
    line: int


PolicyRule: TypeAlias = Annotated[ActionRule | RequireRule | AuditRule, Field(discriminator="kind")]


class StatedPolicy(Record):
    """One `policy` block of a definition. A denial outweighs whatever allows."""

    name: str
    rules: list[PolicyRule]
