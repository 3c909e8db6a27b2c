"""Decisions: one at a time, never seen before, mixed, and the same asked of Cedar plainly."""

import gc
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from app.policy.engine.engine import Engine
from app.policy.interpreter import Interpreter
from app.policy.request import Request

from ..harness import Row, median, percentile, row
from . import airline
from .calls import calls
from .plain import PlainCedar

ROUNDS = 5
NEVER_SEEN = 4_000
MIXED = 60_000
NEW_IN = 20
"""In the mixed load every that many-th request was never seen before."""

PEER = "cedarpy"


def measure() -> list[Row]:
    """Each round begins with an engine that has decided nothing; the peer's alternate with ours."""
    bundle, entities = airline.bundle(), airline.entities()
    plain = PlainCedar(bundle, entities)
    source, found = calls()
    tool_calls = [airline.tool_call(call, call.run) for call in found]
    ours: dict[str, list[float]] = {
        "p50": [],
        "p99": [],
        "new": [],
        "mixed": [],
        "new cpu": [],
        "mixed cpu": [],
    }
    peers: dict[str, list[float]] = {"p50": [], "p99": [], "new": []}
    for number in range(ROUNDS):
        engine = Engine(bundle, entities, Interpreter())
        engine.warm()
        new = list(islice(airline.never_seen(number + 1), NEVER_SEEN + MIXED // NEW_IN))
        with _quiet():
            single = [_timed_us(engine, request) for request in tool_calls]
            ours["p50"].append(percentile(single, 0.50))
            ours["p99"].append(percentile(single, 0.99))
            for kind, requests in (
                ("new", new[:NEVER_SEEN]),
                ("mixed", list(_mixed(tool_calls, new[NEVER_SEEN:], number))),
            ):
                rate, cpu = _rate(engine, requests)
                ours[kind].append(rate)
                ours[f"{kind} cpu"].append(cpu)
            asked = [_plainly_us(plain, request) for request in tool_calls[:300]]
            peers["p50"].append(percentile(asked, 0.50))
            peers["p99"].append(percentile(asked, 0.99))
            peers["new"].append(1e6 / (sum(_plainly_us(plain, one) for one in new[:300]) / 300))
    one = f"one decision over {len(tool_calls):,} {source} tool calls"
    mixed = f"mixed load, one in {NEW_IN} never seen"
    return [
        _latency(f"{one}, p50", median(ours["p50"]), 60, median(peers["p50"])),
        _latency(f"{one}, p99", median(ours["p99"]), 1_000, median(peers["p99"])),
        row("never seen before", median(ours["new"]), "/s", floor=8_000, peer=(PEER, median(peers["new"]))),
        row("never seen before: processor time", median(ours["new cpu"]), "µs", better="lower"),
        row(mixed, median(ours["mixed"]), "/s", floor=50_000),
        row(f"{mixed}: processor time", median(ours["mixed cpu"]), "µs", better="lower"),
    ]


def _latency(name: str, value: float, floor: float, peer: float) -> Row:
    return row(name, value, "µs", better="lower", floor=floor, peer=(PEER, peer))


def swap() -> list[Row]:
    """A bundle takes another one's place, from its stored bytes to the first decision without delay."""
    from app.policy.bundle.bundle import load

    bundle, entities = airline.bundle(), airline.entities()
    raw, request = bundle.to_bytes(), next(airline.others(1, 1))
    taken = []
    for _ in range(ROUNDS):
        with _quiet():
            began = time.perf_counter()
            engine = Engine(load(raw, bundle.digest), entities, Interpreter())
            engine.warm()
            engine.decide(request)
            taken.append((time.perf_counter() - began) * 1e3)
    return [row("a bundle of 60 policies takes over", median(taken), "ms", better="lower", floor=100)]


def _mixed(known: Sequence[Request], new: Sequence[Request], seed: int) -> Iterator[Request]:
    chosen = random.Random(seed)
    other = list(airline.others(2_000, seed))
    for number in range(MIXED):
        if number % NEW_IN == 0:
            yield new[number // NEW_IN]
        else:
            yield chosen.choice(known if number % 2 else other)


def _rate(engine: Engine, requests: Sequence[Request]) -> tuple[float, float]:
    """Decisions per second, and microseconds of processor time for each."""
    began, cpu = time.perf_counter(), time.process_time()
    for request in requests:
        engine.decide(request)
    taken, used = time.perf_counter() - began, time.process_time() - cpu
    return len(requests) / taken, used / len(requests) * 1e6


def _timed_us(engine: Engine, request: Request) -> float:
    began = time.perf_counter()
    engine.decide(request)
    return (time.perf_counter() - began) * 1e6


def _plainly_us(plain: PlainCedar, request: Request) -> float:
    asked = plain.prepared(request)
    began = time.perf_counter()
    plain.decide(asked)
    return (time.perf_counter() - began) * 1e6


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the collector going over ten thousand entities: the runtime freezes them, too."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
