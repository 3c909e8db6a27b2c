"""The tool calls of an airline's agents: recorded ones where they are at hand, drawn ones elsewhere."""

import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORDED = Path(os.environ.get("SYMBI_BENCH_DATA", "../shared/data")) / "tau_airline_runs.jsonl"
"""200 agent runs of tau-bench (Sierra Research, MIT), a line a run."""

FREQUENCIES = {
    "get_reservation_details": 377,
    "search_direct_flight": 141,
    "get_user_details": 120,
    "update_reservation_flights": 104,
    "calculate": 96,
    "think": 92,
    "cancel_reservation": 69,
    "book_reservation": 53,
    "transfer_to_human_agents": 48,
    "search_onestop_flight": 38,
    "update_reservation_baggages": 14,
    "send_certificate": 8,
    "list_all_airports": 2,
    "update_reservation_passengers": 2,
}
"""How often each tool is called in those runs."""

TOOLS = tuple(FREQUENCIES)


@dataclass(frozen=True, slots=True)
class Call:
    """One call, by the agent of one run."""

    run: int
    tool: str
    arguments: dict[str, Any]


def calls() -> tuple[str, Sequence[Call]]:
    """Where they are from, and the calls in their order."""
    if RECORDED.exists():
        return "recorded", list(_recorded(RECORDED))
    return "drawn", list(_drawn(random.Random(7)))


def _recorded(path: Path) -> Iterator[Call]:
    for run, line in enumerate(path.read_text().splitlines()):
        for call in json.loads(line)["calls"]:
            yield Call(run, call["tool"], call["arguments"])


def _drawn(chosen: random.Random) -> Iterator[Call]:
    """As many, with the same frequencies."""
    tools = [tool for tool, count in FREQUENCIES.items() for _ in range(count)]
    chosen.shuffle(tools)
    for number, tool in enumerate(tools):
        yield Call(number * 200 // len(tools), tool, _arguments(tool, chosen))


def _arguments(tool: str, chosen: random.Random) -> dict[str, Any]:
    reservation = f"{chosen.randrange(36**6):06X}"
    match tool:
        case "get_user_details":
            return {"user_id": f"user_{chosen.randrange(500)}"}
        case "search_direct_flight" | "search_onestop_flight":
            cities = chosen.sample(["JFK", "SEA", "ATL", "DFW", "LAX", "ORD"], 2)
            return {
                "origin": cities[0],
                "destination": cities[1],
                "date": f"2024-05-{chosen.randrange(1, 31):02}",
            }
        case "book_reservation":
            passengers = [{"first_name": "A", "last_name": "B"}] * chosen.randrange(1, 5)
            bags = chosen.randrange(4)
            return {
                "user_id": f"user_{chosen.randrange(500)}",
                "cabin": chosen.choice(["economy", "business"]),
                "passengers": passengers,
                "total_baggages": bags,
                "nonfree_baggages": chosen.randrange(bags + 1),
            }
        case "send_certificate":
            return {"user_id": f"user_{chosen.randrange(500)}", "amount": chosen.choice([50, 100, 150, 300])}
        case "update_reservation_baggages":
            return {
                "reservation_id": reservation,
                "total_baggages": chosen.randrange(5),
                "nonfree_baggages": 0,
            }
        case "think" | "calculate" | "transfer_to_human_agents":
            return {"text": "x" * chosen.randrange(20, 400)}
        case "list_all_airports":
            return {}
        case _:
            return {"reservation_id": reservation, "cabin": chosen.choice(["economy", "business"])}
