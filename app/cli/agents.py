"""How agents and their steps are shown."""

from collections.abc import Mapping
from time import time_ns
from typing import Any

from rich.text import Text

from projections.lifecycle import AgentRow, TransitionRow

from .output import Column, record
from .requests import labels
from .schedules import upcoming
from .tables import moment, state


def as_json(row: AgentRow) -> dict[str, Any]:
    return record(row, times=("state_since", "created_at", "updated_at"))


def transition_as_json(row: TransitionRow) -> dict[str, Any]:
    return record(row, times=("at",))


def shortened(text: str, most: int = 60) -> str:
    """The first line of *text*, cut where it would make a table too wide."""
    text = text.partition("\n")[0]
    return text if len(text) <= most else text[: most - 1] + "…"


def shown_state(row: AgentRow) -> Text:
    """The agent's state, and whether it is quarantined."""
    text = state(row.state or "registered")
    return text + Text(" (quarantined)", style="yellow") if row.quarantined else text


COLUMNS = [
    Column("Agent", lambda row: row.id),
    Column("Name", lambda row: row.name),
    Column("Version", lambda row: row.version, needed=False),
    Column("State", shown_state),
    Column("Since", lambda row: moment(row.state_since)),
    Column("Running", lambda row: len(row.running) or "", needed=False, right=True),
    Column("Owner", lambda row: row.owner, needed=False),
    Column("Labels", lambda row: labels(row.labels), needed=False),
]

TRANSITIONS = [
    Column("#", lambda row: row.n, right=True),
    Column("When", lambda row: moment(row.at)),
    Column("From", lambda row: state(row.from_state or "")),
    Column("To", lambda row: state(row.to_state)),
    Column("Event", lambda row: row.event),
    Column("Why", lambda row: shortened(row.reason), needed=False),
    Column("Task", lambda row: row.task, needed=False),
    Column("Who", lambda row: row.actor, needed=False),
    Column("Seq", lambda row: row.seq, needed=False, right=True),
]


def facts(row: AgentRow, tasks: Mapping[str, int]) -> dict[str, Any]:
    """One agent as names and values."""
    config = row.config or {}
    return {
        "agent": row.id,
        "name": row.name,
        "version": row.version,
        "description": config.get("description"),
        "state": shown_state(row),
        "since": moment(row.state_since),
        "reason": row.reason,
        "owner": row.owner,
        "tenant": row.tenant,
        "running": ", ".join(row.running),
        "tasks": ", ".join(f"{count} {name}" for name, count in sorted(tasks.items())),
        "data classes": ", ".join(config.get("data_classes", [])),
        "capabilities": ", ".join(config.get("capabilities", [])),
        "inputs": ", ".join(f"{each['name']}: {each['type']}" for each in config.get("inputs", [])),
        "schedules": ", ".join(f"{name}, next at {when}" for name, when in upcoming(config, time_ns())),
        "limits": ", ".join(f"{name} {value}" for name, value in config.get("limits", {}).items()),
        "labels": labels(row.labels),
        "definition": row.definition_digest,
        "created": moment(row.created_at),
        "events": f"{row.first_seq} to {row.last_seq}",
    }
