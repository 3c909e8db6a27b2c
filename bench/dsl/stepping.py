"""Interpreting: how long a step takes, over bodies that are like those that agents have."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.dsl.run import Compiled, Finished, Limits, Run, compile_program
from app.dsl.syntax import load

from ..harness import Row, median, row

PROGRAMS = Path(__file__).parent / "programs"
ROUNDS = 5
FLOOR = 2
"""Microseconds a step, on average."""

INPUTS: Mapping[str, Mapping[str, Any]] = {
    "calls": {"amount": 120},
    "ledger": {
        "rows": [
            {
                "id": place,
                "account": f"a{place % 7}",
                "amount": place * 37 % 1000,
                "status": ("paid", "late", "open")[place % 3],
            }
            for place in range(3000)
        ]
    },
    "routes": {"costs": [[(i * 7 + j * 13) % 10 for j in range(60)] for i in range(60)]},
    "triage": {
        "tickets": [
            {"id": place, "kind": ("outage", "billing", "question", "other")[place % 4], "text": "a refund"}
            for place in range(2000)
        ]
    },
    "words": {"text": "\n".join(f"The quick brown fox jumps over dog number {n % 50}" for n in range(1000))},
}


def measure() -> list[Row]:
    """Processor time; each program counts the same, whatever number of steps it takes."""
    each = {name: _microseconds_a_step(name) for name in INPUTS}
    slowest = max(each, key=each.__getitem__)
    return [
        row("interpreter step", sum(each.values()) / len(each), "µs", better="lower", floor=FLOOR),
        row(f"interpreter step, slowest program ({slowest})", each[slowest], "µs", better="lower"),
    ]


def program(name: str) -> Compiled:
    """The program of that name, compiled."""
    path = PROGRAMS / f"{name}.symbi"
    parsed = load(path.read_bytes(), str(path))
    assert parsed.ok, parsed.diagnostics
    return compile_program(parsed.program, name)


def _microseconds_a_step(name: str) -> float:
    compiled = program(name)
    taken = []
    for _ in range(ROUNDS):
        run = Run(compiled, INPUTS[name], Limits())
        began = time.process_time()
        end = run.go(Limits().fuel)
        taken.append((time.process_time() - began) * 1e6 / run.steps)
        assert isinstance(end, Finished), end
    return median(taken)
