"""Which policies are in force, what they decided, and who overstepped them."""

from typing import Any, Literal, TypeAlias

from pydantic import Field, JsonValue

from .base import Event, Record, Term, recorded_as
from .content import ContentRef, Digest
from .identifiers import Token


class Outcome(Term):
    """What was decided."""

    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    """Allowed if every condition is carried out."""
    DENIED = "denied"


class EntityName(Record):
    """An entity that policies speak of: its type and its id."""

    type: str = Field(max_length=64)
    id: str = Field(max_length=512)


class PrincipalName(Record):
    """Who asked: as which type of entity, and under which id."""

    type: Literal["Agent", "Human", "Service"]
    id: Token


class EntityFacts(Record):
    """What a request said of an entity, in place of what was known of it."""

    entity: EntityName
    attributes: dict[str, JsonValue] = Field(default_factory=dict)
    parents: list[EntityName] = Field(default_factory=list)
    tags: dict[str, str] = Field(default_factory=dict)


class AskedFor(Record):
    """A request as it was decided, without the content it speaks of."""

    principal: PrincipalName
    action: str = Field(max_length=64)
    resource: EntityName
    tenant: Token = "default"
    context: dict[str, JsonValue] = Field(default_factory=dict)
    withheld: list[str] = Field(default_factory=list)
    """Attributes of the context that are content: they are in `content`, and not here."""
    content: ContentRef | None = None
    """The withheld attributes, as one JSON object."""
    entities: list[EntityFacts] = Field(default_factory=list)


@recorded_as("policy.registered", aggregate="policy")
class PolicyRegistered(Event):
    """A bundle was checked and is there to be activated; nothing changes yet."""

    policy_id: Token
    digest: Digest
    bundle_name: str = Field(max_length=64)
    bundle_version: str = Field(max_length=64)
    description: str = Field("", max_length=2000)
    policies: int = Field(ge=1)
    """How many it has."""
    bundle: dict[str, Any]
    """The bundle itself, validated: `bundle`, over whose canonical JSON the digest is, and `places`."""


@recorded_as("policy.activated", aggregate="policy")
class PolicyActivated(Event):
    """From this position on, every enforcement point decides under this bundle."""

    policy_id: Token
    digest: Digest
    previous: Digest | None = None
    """The bundle that was active until now."""
    reason: str = Field("", max_length=1000)
    rollback: bool = False
    """True where somebody went back to the bundle that was active before."""


@recorded_as("policy.retired", aggregate="policy")
class PolicyRetired(Event):
    """The bundle can be activated no more. Where it was active, everything is denied from here on."""

    policy_id: Token
    digest: Digest
    reason: str = Field("", max_length=1000)


@recorded_as("policy.decision", aggregate="policy", asserts_nothing=True)
class PolicyDecision(Event):
    """A request was decided: every denial and every condition is recorded, allows as the policies ask."""

    decision_id: Token
    agent_id: Token | None = None
    """The agent that asked, where one did."""
    point: str = Field(max_length=64)
    """The enforcement point: `tools`, `data`, `messaging`, `allocation`, `lifecycle`, `people`."""
    outcome: Outcome
    asked: AskedFor
    digest: Digest | None = None
    """The bundle that decided; none where none was active."""
    policies: list[str] = Field(default_factory=list)
    """The ids of the policies that determined it."""
    reasons: list[str] = Field(default_factory=list)
    reason: str = Field("", max_length=2000)
    """Of a denial: why, in words."""
    conditions: list[str] = Field(default_factory=list)
    """As policies write them: `rate_limit:1000/3600s/principal`."""
    limits: list[str] = Field(default_factory=list)
    """Beside each rate limit and budget, in their order: under what it is counted, `policy|whose`."""
    approvals: list[str] = Field(default_factory=list)
    """The approvals that it rests on; one for a single act is used up by this."""
    holds: dict[str, bool] = Field(default_factory=dict)
    """The conditions that the interpreter evaluated, by name."""
    suspend: bool = False
    """A policy that denied says that the agent is to be suspended."""
    error: bool = False
    """Denied because nothing could be decided."""
    count: int = Field(1, ge=1)
    """How often the same was decided within the same second, this one being the first."""

    def about(self) -> str:
        return self.asked.principal.id


@recorded_as("policy.violated", aggregate="policy")
class PolicyViolated(Event):
    """An agent did what a policy marks as grave; somebody has to clear it before the agent goes on."""

    agent_id: Token
    decision_id: Token
    """Of the denial."""
    policies: list[str]
    reason: str = Field(max_length=2000)

    def about(self) -> str:
        return self.decision_id


AboutBundles: TypeAlias = PolicyRegistered | PolicyActivated | PolicyRetired
"""What changes which policies are in force."""

PolicyEvent: TypeAlias = PolicyRegistered | PolicyActivated | PolicyRetired | PolicyDecision | PolicyViolated
