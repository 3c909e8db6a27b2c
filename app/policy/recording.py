"""Requests and decisions as the log holds them, and back."""

import hashlib
from collections.abc import Mapping
from typing import Any

from events import strict_json
from events.content import ContentRef
from events.policy import AskedFor, EntityFacts, EntityName, Outcome, PolicyDecision, PrincipalName

from .condition_text import write
from .decision import AllowWithConditions, Decision, Deny
from .request import Action, Attributes, Entity, EntityRef, Principal, PrincipalKind, Request
from .schema.actions import ACTIONS

CONTENT = frozenset({"arguments", "positional", "input"})
"""Attributes of the context that are content: the log holds a digest of them, the blob store the rest."""


class Withheld(LookupError):
    """What was decided on is content that is not there any more; the text names the attributes."""


def content_of(request: Request) -> dict[str, Any]:
    """What of the request belongs into the blob store; empty where nothing does."""
    return {name: request.context[name] for name in sorted(CONTENT & request.context.keys())}


def asked_for(request: Request, content: ContentRef | None = None) -> AskedFor:
    """*request* without its content, which *content* points to."""
    return AskedFor(
        principal=PrincipalName(type=request.principal.kind.value, id=request.principal.id),
        action=request.action.value,
        resource=_name(request.resource),
        tenant=request.tenant,
        context={name: _plain(value) for name, value in request.context.items() if name not in CONTENT},
        withheld=sorted(CONTENT & request.context.keys()),
        content=content,
        entities=[
            EntityFacts(
                entity=_name(one.ref),
                attributes={name: _plain(value) for name, value in one.attributes.items()},
                parents=[_name(parent) for parent in sorted(one.parents)],
                tags=dict(one.tags),
            )
            for one in request.entities
        ],
    )


def requested(asked: AskedFor, content: Attributes | None = None) -> Request:
    """The request that was asked; *content* is what `content_of` gave, where it is still there.

    Raises:
        Withheld: it had content, and that is not given.
        ValueError: it is of a version that knows other actions.
    """
    missing = [name for name in asked.withheld if content is None or name not in content]
    if missing:
        raise Withheld(", ".join(missing))
    return Request(
        Principal(PrincipalKind(asked.principal.type), asked.principal.id),
        Action(asked.action),
        _ref(asked.resource),
        {**asked.context, **(content or {})},
        tuple(
            Entity(
                _ref(one.entity), one.attributes, frozenset(_ref(parent) for parent in one.parents), one.tags
            )
            for one in asked.entities
        ),
        asked.tenant,
    )


def act_digest(request: Request) -> str:
    """`sha256:` over the canonical JSON of everything that says what will run: nothing else is approved.

    Raises:
        NotStrict: the request holds what JSON cannot.
    """
    document = {
        "principal": list(request.principal),
        "action": request.action,
        "resource": list(request.resource),
        "tenant": request.tenant,
        "context": {name: _plain(value) for name, value in request.context.items()},
    }
    return f"sha256:{hashlib.sha256(strict_json.canonical(document)).hexdigest()}"


def kind_digest(request: Request) -> str:
    """As `act_digest`, for all acts of one run that are alike: whatever they are called with."""
    return of_kind(asked_for(request))


def of_kind(asked: AskedFor) -> str:
    """The `kind_digest` of the request that was asked."""
    document = {
        "principal": [asked.principal.type, asked.principal.id],
        "action": asked.action,
        "resource": [asked.resource.type, asked.resource.id],
        "tenant": asked.tenant,
        "task": asked.context.get("task"),
    }
    return f"sha256:{hashlib.sha256(strict_json.canonical(document)).hexdigest()}"


def recorded(
    request: Request,
    decision: Decision,
    decision_id: str,
    *,
    content: ContentRef | None = None,
    limits: tuple[str, ...] = (),
    approvals: tuple[str, ...] = (),
    count: int = 1,
) -> PolicyDecision:
    """The event that says what was decided; *limits* is what `Limits.take` gave, *approvals* what it used."""
    grounds = decision.grounds
    denied = decision if isinstance(decision, Deny) else None
    conditions = decision.conditions if isinstance(decision, AllowWithConditions) else ()
    outcome = Outcome.DENIED if denied else Outcome.CONDITIONAL if conditions else Outcome.ALLOWED
    return PolicyDecision(
        decision_id=decision_id,
        agent_id=request.principal.id if request.principal.kind is PrincipalKind.AGENT else None,
        point=ACTIONS[request.action].group,
        outcome=outcome,
        asked=asked_for(request, content),
        digest=grounds.digest or None,
        policies=list(grounds.policies),
        reasons=list(grounds.reasons),
        reason=denied.reason[:2000] if denied else "",
        conditions=[write(condition) for condition in conditions],
        limits=list(limits),
        approvals=list(approvals),
        holds=dict(grounds.holds),
        suspend=denied.suspend if denied else False,
        error=denied.error if denied else False,
        count=count,
    )


def _name(ref: EntityRef) -> EntityName:
    return EntityName(type=str(ref.type), id=ref.id)


def _ref(name: EntityName) -> EntityRef:
    return EntityRef(name.type, name.id)


def _plain(value: Any) -> Any:
    """*value* in the types that JSON has."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(_plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
