"""Sixty rules that another policy engine can hold as well: one comparison each, the same on both sides."""

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.dsl.source import Source
from app.policy.bundle.compiling import compile_bundle
from app.policy.decision import Deny
from app.policy.engine.engine import Engine
from app.policy.engine.entities import Entities
from app.policy.interpreter import Interpreter
from app.policy.request import Action, Entity, EntityRef, Principal, PrincipalKind, Request

from ..harness import Row, median, row
from .calls import TOOLS

PEER = ".peers/bin/python"
PEER_SCRIPT = Path(__file__).parent.parent / "peers" / "agent_os_policies.py"
NAME = "agent-os-kernel"
ROUNDS = 5
REQUESTS = 3_000
WITHIN_S = 120.0

ATTRIBUTES = ("size", "document_size", "live_agents", "sensitivity", "hour", "weekday")
"""What the denials compare, each with a bound that few requests pass."""


def rules() -> list[dict[str, Any]]:
    """46 denials, which come first, and an allowance for each of the 14 tools."""
    denials = [
        {"name": f"deny{number}", "action": "deny", "field": ATTRIBUTES[number % 6], "over": 900 + number}
        for number in range(46)
    ]
    return denials + [{"name": f"allow.{tool}", "action": "allow", "tool": tool} for tool in TOOLS]


def requests(seed: int) -> list[dict[str, Any]]:
    """What both are asked; one in ten is denied."""
    chosen = random.Random(seed)
    return [
        {"tool": chosen.choice(TOOLS), **{name: chosen.randrange(918) for name in ATTRIBUTES}}
        for _ in range(REQUESTS)
    ]


def measure() -> list[Row]:
    """Decisions per second when each request is new, and when all are asked again; rounds alternate."""
    cold, warm, denied = list[float](), list[float](), list[int]()
    peer_cold, peer_warm = list[float](), list[float]()
    with_peer = shutil.which(PEER) is not None
    if not with_peer:
        print(f"{PEER} is missing: `make peers` installs what this is compared with", file=sys.stderr)
    for number in range(ROUNDS):
        asked = requests(number)
        engine = _engine()
        for rates in (cold, warm):
            began = time.perf_counter()
            decisions = [engine.decide(one) for one in _as_requests(asked)]
            rates.append(REQUESTS / (time.perf_counter() - began))
        denied.append(sum(isinstance(one, Deny) for one in decisions))
        if with_peer:
            found = _peer(asked)
            if found["denied"] != denied[-1]:
                raise AssertionError(f"{NAME} denies {found['denied']}, and we deny {denied[-1]}")
            peer_cold.append(found["cold"])
            peer_warm.append(found["warm"])
    return [
        row("60 equal rules, each request new", median(cold), "/s", peer=_median(peer_cold)),
        row("60 equal rules, each asked again", median(warm), "/s", peer=_median(peer_warm)),
    ]


def _median(values: list[float]) -> tuple[str, float] | None:
    return (NAME, median(values)) if values else None


def _engine() -> Engine:
    policies = []
    for one in rules():
        if "tool" in one:
            scope = f'principal, action == Action::"call_tool", resource == Tool::"{one["tool"]}"'
            policies.append(f'@id("{one["name"]}") permit ({scope});')
        else:
            test = f"context has {one['field']} && context.{one['field']} > {one['over']}"
            policies.append(f'@id("{one["name"]}") forbid (principal, action, resource) when {{ {test} }};')
    bundle = compile_bundle([Source("equal.cedar", "\n".join(policies))], name="equal")
    engine = Engine(bundle, Entities(_entities()), Interpreter())
    engine.warm()
    return engine


def _entities() -> Iterator[Entity]:
    tenant = EntityRef("Tenant", "default")
    yield Entity(tenant)
    yield Entity(EntityRef("Human", "ann"), {}, frozenset({tenant}))
    for tool in TOOLS:
        facts = {name: True for name in ("schema_verified", "approved", "external", "idempotent")}
        yield Entity(EntityRef("Tool", tool), {**facts, "data_classes": []}, frozenset({tenant}))


def _as_requests(asked: list[dict[str, Any]]) -> Iterator[Request]:
    ann = Principal(PrincipalKind.HUMAN, "ann")
    for one in asked:
        context = {name: one[name] for name in ATTRIBUTES}
        yield Request(ann, Action.CALL_TOOL, EntityRef("Tool", one["tool"]), context)


def _peer(asked: list[dict[str, Any]]) -> dict[str, Any]:
    """The peer's rates on the same rules and requests, in a process of its own."""
    done = subprocess.run(
        [PEER, str(PEER_SCRIPT)],
        input=json.dumps({"rules": rules(), "requests": asked}),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
