"""An airline's runtime: sixty policies, ten thousand entities, and what its agents ask for."""

import json
import random
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from app.dsl.source import Source
from app.policy.bundle.bundle import Bundle
from app.policy.bundle.compiling import compile_bundle
from app.policy.engine.entities import Entities
from app.policy.request import Action, Entity, EntityRef, Principal, PrincipalKind, Request, Value

from .calls import TOOLS, Call

FILES = Path(__file__).parent / "airline"
AGENTS = 9_000
HUMANS = 500
AT_WORK = 200

READING = frozenset(
    {
        "get_reservation_details",
        "get_user_details",
        "search_direct_flight",
        "search_onestop_flight",
        "list_all_airports",
    }
)


def bundle() -> Bundle:
    """Every tool has policies of its own; the other enforcement points have theirs."""
    files = sorted(FILES.iterdir())
    return compile_bundle([Source(path.name, path.read_text()) for path in files], name="airline")


def entities() -> Entities:
    return Entities(_entities(random.Random(3)))


def agent(number: int) -> Principal:
    """One of the agents that work."""
    return Principal(PrincipalKind.AGENT, f"a{number % AGENTS}")


def tool_call(call: Call, by: int) -> Request:
    """The call as the enforcement point of tools asks for it."""
    context: dict[str, Value] = {
        "capability": call.tool,
        "task": f"t{call.run}",
        "arguments": call.arguments,
        "size": len(json.dumps(call.arguments)),
        "hour": call.run % 24,
        "input_valid": True,
        "data_classes": ["pii"] if "user" in call.tool or "reservation" in call.tool else ["internal"],
    }
    return Request(agent(by), Action.CALL_TOOL, EntityRef("Tool", call.tool), context)


def others(number: int, seed: int) -> Iterator[Request]:
    """What agents ask for beside tool calls: data, messages, models, nodes."""
    chosen = random.Random(seed)
    internal: dict[str, Value] = {"data_classes": ["internal"]}
    for _ in range(number):
        who = agent(chosen.randrange(AGENTS))
        match chosen.randrange(4):
            case 0:
                action = chosen.choice([Action.READ_DATA, Action.WRITE_DATA])
                where = EntityRef("Knowledge", f"k{chosen.randrange(100)}")
                yield Request(who, action, where, {**internal, "items": chosen.randrange(20)})
            case 1:
                topic = EntityRef("Topic", f"topic{chosen.randrange(100)}")
                yield Request(who, Action.PUBLISH, topic, {**internal, "size": chosen.randrange(64) * 64})
            case 2:
                model = EntityRef("Model", f"m{chosen.randrange(5)}")
                tokens = chosen.randrange(1, 90) * 100
                yield Request(who, Action.INVOKE_MODEL, model, {**internal, "tokens": tokens})
            case _:
                node = EntityRef("Node", f"n{chosen.randrange(100)}")
                yield Request(who, Action.ALLOCATE, node, LIMITS)


def never_seen(seed: int) -> Iterator[Request]:
    """Requests of which no two are alike in what policies read, for ever; their numbers pass no bound.

    They are of as many agents as work at once in the recorded runs.
    """
    chosen = random.Random(seed)
    for number in count(seed * 100_000_000):
        who = chosen.randrange(AT_WORK)
        match number % 4:
            case 0:
                yield tool_call(Call(5, "book_reservation", {"total_baggages": -number}), who)
            case 1:
                yield tool_call(Call(5, "send_certificate", {"user_id": "u", "amount": -number}), who)
            case 2:
                yield Request(agent(who), Action.INVOKE_MODEL, EntityRef("Model", "m1"), {"tokens": -number})
            case _:
                topic = EntityRef("Topic", f"topic{chosen.randrange(100)}")
                yield Request(agent(who), Action.PUBLISH, topic, {"size": -number, "data_classes": ["pii"]})


LIMITS: dict[str, Value] = {
    "memory_mb": 256,
    "cpu_millis": 500,
    "disk_io_mbps": 10,
    "network_io_mbps": 1,
    "execution_timeout_s": 60,
    "tier": "gvisor",
}


def _entities(chosen: random.Random) -> Iterator[Entity]:
    tenants = [EntityRef("Tenant", name) for name in ("default", "north", "south")]
    home = frozenset({tenants[0]})
    roles = [
        EntityRef("Role", name) for name in ("desk", "intern", "operator", *(f"team{n}" for n in range(8)))
    ]
    yield from (Entity(ref) for ref in (*tenants, *roles))
    server = EntityRef("ToolServer", "airline")
    yield Entity(server, {"verified": True, "external": False}, home)
    for tool in TOOLS:
        facts: dict[str, Value] = {
            "schema_verified": True,
            "approved": True,
            "external": tool == "send_certificate",
            "idempotent": tool in READING,
            "data_classes": ["pii"],
        }
        yield Entity(EntityRef("Tool", tool), facts, home | {server})
    for number in range(HUMANS):
        groups = frozenset({chosen.choice(roles), chosen.choice(tenants)})
        yield Entity(EntityRef("Human", f"h{number}"), {}, groups)
    for number in range(AGENTS):
        groups = frozenset(
            {roles[0] if number % 10 else roles[1], roles[3 + number % 8], tenants[number % 3]}
        )
        own = _agent_facts(number, chosen)
        yield Entity(EntityRef("Agent", f"a{number}"), own, groups, {"team": f"team{number % 8}"})
    for number in range(8):
        yield Entity(EntityRef("Topic", f"root{number}"), {"external": False})
    for number in range(100):
        above = frozenset({EntityRef("Topic", f"root{number % 8}"), tenants[0]})
        yield Entity(EntityRef("Topic", f"topic{number}"), {"external": number % 10 == 0}, above)
        shared: dict[str, Value] = {"shared": number % 3 > 0, "data_classes": ["internal"]}
        yield Entity(EntityRef("Knowledge", f"k{number}"), shared, home)
        room: dict[str, Value] = {"tiers": ["docker", "gvisor"], "memory_mb": 65_536, "cpu_millis": 16_000}
        yield Entity(EntityRef("Node", f"n{number}"), room)
    for number in range(5):
        yield Entity(EntityRef("Model", f"m{number}"), {"provider": "p", "external": number > 2})
    for number in range(150):
        yield Entity(EntityRef("Code", f"image{number}"), {"source": "signed", "trust": 80})


def _agent_facts(number: int, chosen: random.Random) -> dict[str, Value]:
    return {
        "name": f"desk{number % 40}",
        "version": "1.0.0",
        "definition": f"sha256:{number % 40:064}",
        "owner": f"h{number % HUMANS}",
        "code_source": "unknown" if number % 50 == 0 else "signed",
        "data_classes": ["pii"],
        "sensitivity": chosen.choice([30, 70, 100]),
        "capabilities": list(TOOLS),
        "security": "normal",
        "privacy": "normal",
        "network": "deny_all",
        "quarantined": number % 200 == 0,
        "memory_mb": 512,
        "cpu_millis": 1000,
        "execution_timeout_s": 300,
        "max_concurrent_tasks": 1,
    }
