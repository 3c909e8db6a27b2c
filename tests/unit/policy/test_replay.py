"""Recorded history is decided again under another bundle, and what would flip is listed."""

from collections.abc import Sequence
from dataclasses import replace

from app.dsl.source import Source
from app.policy.bundle.bundle import Bundle
from app.policy.bundle.compiling import compile_bundle
from app.policy.engine.engine import Engine
from app.policy.engine.entities import Entities
from app.policy.interpreter import Interpreter
from app.policy.recording import content_of, recorded
from app.policy.request import Action, Attributes, EntityRef, Principal, PrincipalKind, Request
from app.policy.review.replaying import EXAMPLES, FAILED, NOTHING_PERMITS, Flip, Replay, Report
from events import strict_json
from events.policy import PolicyDecision
from tests.support.policy_entities import agent_entity, tool_entity
from tests.support.policy_world import PolicyWorld, no_predicates

OLD = '@id("may") permit (principal is Agent, action, resource);'
NO_MAIL = '@id("no.mail") @reason("No mail.") forbid (principal, action, resource == Tool::"mail");'
AUDITED = '@id("audited") @condition("audit:full") forbid (principal, action, resource == Tool::"read");'


def entities() -> Entities:
    agents = [agent_entity(name) for name in ("a1", "a2")]
    return Entities([*agents, *(tool_entity(name) for name in ("mail", "read"))])


def bundle_of(text: str, file: str = "p.cedar") -> Bundle:
    return compile_bundle([Source(file, text)], name="replayed")


def call(tool: str, agent: str = "a1", **context: object) -> Request:
    attributes: Attributes = context  # type: ignore[assignment]
    return Request(
        Principal(PrincipalKind.AGENT, agent), Action.CALL_TOOL, EntityRef("Tool", tool), attributes
    )


def history(bundle: Bundle, requests: Sequence[Request], count: int = 1) -> list[PolicyDecision]:
    engine = Engine(bundle, entities(), Interpreter())
    return [
        recorded(request, engine.decide(request), f"d{index}", count=count)
        for index, request in enumerate(requests)
    ]


def replayed(bundle: Bundle, events: Sequence[PolicyDecision], known: Entities | None = None) -> Report:
    replay = Replay(Engine(bundle, known or entities(), Interpreter()))
    for seq, event in enumerate(events, 10):
        replay.take(seq, event)
    return replay.report


def test_under_the_same_bundle_nothing_flips() -> None:
    world = PolicyWorld(5)
    engine = Engine(world.bundle, world.entities, no_predicates)
    replay = Replay(Engine(world.bundle, world.entities, no_predicates))
    for seq in range(500):
        request = world.request()
        event = recorded(request, engine.decide(request), f"d{seq}")
        wire = strict_json.dumps(event.model_dump(mode="json"))
        event = PolicyDecision.model_validate(strict_json.loads(wire))
        replay.take(seq, event, content_of(request))
    report = replay.report
    assert report.flipped == 0
    assert report.decided == report.same == 500
    assert not report.undecidable


def test_what_would_flip_is_listed_by_agent_action_and_policy() -> None:
    requests = [call("mail"), call("mail", "a2"), call("read"), call("read"), call("read", "a2")]
    report = replayed(bundle_of(OLD + NO_MAIL + AUDITED), history(bundle_of(OLD), requests))
    assert (report.decided, report.same, report.flipped) == (5, 0, 5)
    found = report.to_json()
    assert found["by_policy"] == {"audited": 3, "may": 3, "no.mail": 2}
    assert found["by_agent"] == {"Agent/a1": 3, "Agent/a2": 2}
    assert found["by_action"] == {"call_tool": 5}
    first, second = found["flips"]
    assert (first["flip"], first["because"], first["count"]) == ("other conditions", ["audited", "may"], 3)
    assert (second["flip"], second["because"], second["count"]) == ("allowed → denied", ["no.mail"], 2)
    assert second["examples"][0] == {
        "seq": 10,
        "decision_id": "d0",
        "principal": "Agent/a1",
        "action": "call_tool",
        "resource": "Tool/mail",
        "before": "allowed",
        "after": "denied: No mail. (no.mail)",
    }
    assert strict_json.loads(strict_json.dumps(found)) == found


def test_what_was_denied_may_be_allowed() -> None:
    report = replayed(bundle_of(OLD), history(bundle_of(OLD + NO_MAIL), [call("mail"), call("read")]))
    assert list(report.groups) == [(Flip.ALLOWED, ("no.mail",))]
    assert report.same == 1


def test_what_nothing_permits_is_said_to_be_so() -> None:
    nothing = bundle_of('@id("other") permit (principal is Human, action, resource);')
    report = replayed(nothing, history(bundle_of(OLD), [call("mail")]))
    assert list(report.groups) == [(Flip.DENIED, (NOTHING_PERMITS,))]
    report = replayed(bundle_of(OLD), history(nothing, [call("mail")]))
    assert list(report.groups) == [(Flip.ALLOWED, (NOTHING_PERMITS,))]


def test_a_policy_that_fails_is_said_to_be_so() -> None:
    overflow = '@id("sum") permit (principal, action, resource) when { 9223372036854775807 + 1 > 0 };'
    report = replayed(bundle_of(overflow), history(bundle_of(OLD), [call("mail")]))
    assert list(report.groups) == [(Flip.DENIED, (FAILED,))]


def test_decisions_that_were_counted_together_count_as_often_and_few_are_shown() -> None:
    events = history(bundle_of(OLD), [call("mail", size=number) for number in range(20)], count=3)
    report = replayed(bundle_of(OLD + NO_MAIL), events)
    (group,) = report.groups.values()
    assert (group.count, len(group.examples)) == (60, EXAMPLES)


def test_content_that_is_gone_matters_only_where_it_is_read() -> None:
    request = call("mail", arguments={"total": 3}, positional=[1], input={"x": 2})
    events = history(bundle_of(OLD), [request])
    assert replayed(bundle_of(OLD + NO_MAIL), events).flipped == 1
    reading = (
        "deny: mail(total) if total > 1.5",
        'deny: mail("x")',
        "deny: x if context.arguments.total > 1.5",
        "require: context.size < 10.5 || context == 1",
    )
    for rule in reading:
        report = replayed(bundle_of(f"policy p {{ allow: mail {rule} }}", "p.symbi"), events)
        assert report.decided == 0, rule
        ((why, undecidable),) = report.undecidable.items()
        assert why == "the content is not there any more: arguments, input, positional"
        assert (undecidable.count, undecidable.seqs) == (1, [10])
    typed = """
        @id("t") permit (principal is Agent, action == Action::"call_tool", resource)
        when { context has arguments && context.arguments has total };
        """
    manifest = Source("m.yaml", "type: bundle\nname: m\narguments: {total: Long}")
    bundle = compile_bundle([manifest, Source("p.cedar", typed)], name="m")
    assert replayed(bundle, events).decided == 0
    replay = Replay(Engine(bundle, entities(), Interpreter()))
    replay.take(10, events[0], content_of(request))
    assert replay.report.same == 1


def test_entities_that_are_not_known_any_more_are_listed_and_never_guessed() -> None:
    events = history(bundle_of(OLD), [call("mail"), call("mail", "a2"), call("read")])
    known = entities()
    known.remove(EntityRef("Agent", "a2"))
    report = replayed(bundle_of(OLD), events, known)
    assert (report.decided, report.same) == (2, 2)
    assert report.to_json()["not_decidable"] == [
        {"why": 'Agent::"a2" is not known', "count": 1, "positions": [11]}
    ]


def test_what_was_denied_for_want_of_an_entity_still_is() -> None:
    unknown = replace(call("mail"), resource=EntityRef("Tool", "none"))
    assert replayed(bundle_of(OLD), history(bundle_of(OLD), [unknown])).same == 1


def test_an_action_of_another_version_is_not_decidable() -> None:
    (event,) = history(bundle_of(OLD), [call("mail")])
    asked = event.asked.model_copy(update={"action": "teleport"})
    report = replayed(bundle_of(OLD), [event.model_copy(update={"asked": asked})])
    assert "teleport" in next(iter(report.undecidable))


def test_entities_that_came_with_the_request_come_with_it_again() -> None:
    spawn = Request(
        Principal(PrincipalKind.AGENT, "a1"),
        Action.SPAWN_AGENT,
        EntityRef("Agent", "new"),
        {},
        (agent_entity("new", sensitivity=100),),
    )
    careful = (
        OLD
        + """
        @id("s") forbid (principal, action == Action::"spawn_agent", resource)
        when { resource.sensitivity > 50 };
        """
    )
    report = replayed(bundle_of(careful), history(bundle_of(OLD), [spawn]))
    assert list(report.groups) == [(Flip.DENIED, ("s",))]


def test_a_report_says_where_in_the_log_it_looked_and_who_had_decided() -> None:
    old = bundle_of(OLD)
    report = replayed(old, history(old, [call("mail"), call("read")]))
    found = report.to_json()
    assert (found["from"], found["to"], found["digest"]) == (10, 11, old.digest)
    assert found["decided_before_by"] == {old.digest: 2}
