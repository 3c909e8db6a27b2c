"""Why a task waits, in a sentence, and what would let it run."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from events import clock
from events.commands import RequeueTask, RetryTask

from ..agent import ENDED, AgentState
from ..risk import INSTALL, NAMES
from ..task import ON_A_NODE, TaskStatus
from .entry import Entry
from .kind import Kind
from .lane import Lane
from .pool import Pool
from .room import Room, amounts_of

ABOUT: Final = 3
"""How many nodes or tasks a sentence names at most."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a task waits for."""

    code: str
    """In one word, for programs: `room`, `turn`, `agent_busy`, `no_node`."""
    because: str
    """In a sentence, for people."""
    until: str = ""
    """What would let it run, in a sentence; empty where nothing would."""

    def __str__(self) -> str:
        return f"{self.because} {self.until}".strip()


def why(pool: Pool, task_id: str) -> Waiting:
    """Why the task does not run now; where it does, or never will, that."""
    entry = pool.entries.get(task_id)
    if entry is None:
        return Waiting("unknown", f"The task {task_id} is not known here, or has ended.")
    task, lane = entry.task, entry.lane
    if task.status in ON_A_NODE:
        return _on_node(entry)
    if task.status is not TaskStatus.QUEUED:
        return _failed(pool, entry)
    return (
        _of_agent(lane, entry)
        or _decided(entry)
        or _of_nodes(pool, entry)
        or _of_room(pool, entry, pool.queue.kind_of(entry))
    )


def _on_node(entry: Entry) -> Waiting:
    task = entry.task
    if task.leaving is not None:
        other = task.leaving.by_task_id or "a more important task"
        return Waiting(
            "leaving", f"It makes room on {task.node_id} for {other}, and then waits for its turn."
        )
    if entry.lane.agent.state is AgentState.SUSPENDED:
        resume = f"It goes on when the agent is resumed: `symbi agent resume {entry.lane.agent_id}`."
        return Waiting("suspended", f"It is on {task.node_id}, and its agent is suspended.", resume)
    done = "runs" if task.status is TaskStatus.RUNNING else "was given to its node and starts"
    return Waiting("running", f"It does not wait: it {done} on {task.node_id}.")


def _failed(pool: Pool, entry: Entry) -> Waiting:
    task = entry.task
    owed = pool.duties.about(task.task_id)
    if owed is not None and isinstance(owed[1], RetryTask | RequeueTask):
        at = clock.to_wire(owed[0]) if owed[0] else "at once"
        return Waiting("backoff", f"It failed ({task.failure}).", f"It is tried again {_at(at)}.")
    retry = f"`symbi task retry {task.task_id}` queues it again."
    return Waiting("failed", f"It is {task.status.replace('_', ' ')} ({task.failure}).", retry)


def _at(time: str) -> str:
    return time if time == "at once" else f"at {time}"


def _of_agent(lane: Lane, entry: Entry) -> Waiting | None:
    """What about its agent keeps it from running."""
    agent, name = lane.agent, lane.agent_id
    if agent.state in ENDED:
        return Waiting("agent_ended", f"Its agent {name} is {agent.state}, so it is called off.")
    if agent.quarantined:
        release = f"It runs when the agent is released: `symbi agent release {name}`."
        return Waiting("quarantined", f"Its agent {name} is in quarantine.", release)
    if agent.state is AgentState.SUSPENDED:
        resume = f"It runs when the agent is resumed: `symbi agent resume {name}`."
        return Waiting("suspended", f"Its agent {name} is suspended.", resume)
    if agent.state not in (AgentState.READY, AgentState.RUNNING):
        return Waiting(
            "agent_not_ready", f"Its agent {name} is {agent.state}.", "It runs when that is ready."
        )
    if entry.room is None and entry.claim is None and lane.busy:
        running = sorted(agent.running | lane.expected)
        most = agent.config.max_concurrent_tasks if agent.config else 0
        return Waiting(
            "agent_busy",
            f"Its agent {name} is busy with {_list(running)}, and runs {_count(most, 'task')} at once.",
            "It runs when one of them ends, or max_concurrent_tasks is raised.",
        )
    return None


def _decided(entry: Entry) -> Waiting | None:
    """What is decided about it and not recorded yet."""
    if entry.claim is not None:
        because = f"Room is being made for it on {entry.claim.node_id}."
        return Waiting("room_is_made", because, "It runs when there is enough.")
    if entry.room is not None:
        return Waiting(
            "assigned", f"It has just been given to {entry.room.node_id}.", "It starts in a moment."
        )
    if entry.pending:
        return Waiting("decided", "Something has just been decided about it: see its history.")
    if entry.task.task_id in entry.lane.refused:
        because = "Its assignment was refused, since its agent had changed meanwhile."
        return Waiting("refused", because, "It is tried again at the agent's next event.")
    return None


def _of_nodes(pool: Pool, entry: Entry) -> Waiting | None:
    """Why no node will ever do, as the nodes are now."""
    rooms, demands = pool.nodes.rooms, pool.queue.kind_of(entry).demands
    if not rooms:
        return Waiting("no_node", "No node has joined.", "It runs when one joins: `symbi up --roles worker`.")
    reasons: Counter[str] = Counter()
    for room in rooms.values():
        if not room.accepting:
            reasons["it is draining"] += 1
        elif unmet := demands.unmet(room):
            reasons[unmet] += 1
        elif not room.could_hold(entry):
            reasons[_too_small(room, entry)] += 1
        else:
            return None
    if entry.refusals and all(name in entry.refusals for name in rooms):
        denial = next(iter(entry.refusals.values()))
        return Waiting("policy", f"Policy refused it: {denial}.", "It is tried again when a policy changes.")
    tier = demands.tier
    if tier is not None and all(reason == f"it does not offer {NAMES[tier]}" for reason in reasons):
        return Waiting("no_tier", f"It needs {NAMES[tier]}, which no node offers.", _sentence(INSTALL[tier]))
    said = "; ".join(f"{reason} ({_count(count, 'node')})" for reason, count in reasons.most_common(ABOUT))
    return Waiting("no_node", f"No node can take it: {said}.", "It runs when a node joins that can.")


def _too_small(room: Room, entry: Entry) -> str:
    """What of a node is too little, whatever ends there."""
    offers, needs = room.offers, entry.needs
    if needs.body:
        return "it interprets no bodies"
    if needs.memory > offers.memory:
        return f"it has {_megabytes(offers.memory)}, and {_megabytes(needs.memory)} are needed"
    if needs.cpu > offers.cpu:
        return f"it has {_cores(offers.cpu)}, and {_cores(needs.cpu)} are needed"
    return "what it has is kept for critical tasks"


def _of_room(pool: Pool, entry: Entry, kind: Kind) -> Waiting:
    """What is short where it could run, or who goes first."""
    rooms = [room for room in kind.rooms.values() if room.accepting and room.could_hold(entry)]
    fitting = [room for room in rooms if room.fits(entry)]
    if fitting:
        return _of_turn(pool, entry)
    resting = [room.node_id for room in rooms if room.resting]
    if len(resting) == len(rooms):
        because = f"{_list(resting)} failed again and again, and rests."
        return Waiting("resting", because, "It runs when a trial there goes well, or another node joins.")
    best = min((room for room in rooms if not room.resting), key=lambda room: _shortage(room, entry))
    if best.claims and best.open_to(entry).cover(amounts_of(entry.needs)):
        because = f"What is free on {best.node_id} is kept for {best.claims[0].task.task_id}."
        return Waiting("room", because, "It runs when there is room for both.")
    return Waiting(
        "room",
        f"{_count(len(rooms), 'node')} could run it, and none has room: {_short(best, entry)}.",
        _turn_in_room(pool, entry),
    )


def _shortage(room: Room, entry: Entry) -> tuple[int, str]:
    free = room.open_to(entry)
    parts = [0 if free.tasks > 0 else 1000]
    parts.append(max(0, entry.cpu - free.cpu) * 1000 // max(1, room.offers.cpu))
    parts.append(max(0, entry.memory - free.memory) * 1000 // room.offers.memory)
    return max(parts), room.node_id


def _short(room: Room, entry: Entry) -> str:
    """What is short on the node that lacks least."""
    free, name = room.open_to(entry), room.node_id
    if entry.body:
        return f"{name} interprets {room.offers.bodies} bodies already"
    if entry.memory > free.memory:
        return f"{_megabytes(entry.memory - free.memory)} short on {name}"
    if entry.cpu > free.cpu:
        return f"{_cores(entry.cpu - free.cpu)} short on {name}"
    return f"{name} runs {room.offers.tasks - free.tasks} tasks already, which is all that it takes"


def _turn_in_room(pool: Pool, entry: Entry) -> str:
    until = "It runs when tasks there end, or a node joins"
    tenant = pool.queue.tenants[entry.task.tenant]
    due = pool.queue.tenants.due(tenant)
    if len(pool.queue.tenants.wanting()) > 1 and tenant.share * tenant.weight > due:
        has, its = tenant.share * tenant.weight / 10_000, due / 10_000
        return (
            f"{until}; its tenant {tenant.name} has {has:.0f} % of the pool, its fair share is {its:.0f} %, "
            "and tenants that have less go first."
        )
    return f"{until}."


def _of_turn(pool: Pool, entry: Entry) -> Waiting:
    """Who goes first, where there is room for it now."""
    cell = entry.cell
    head = cell.head if cell is not None else None
    if head is not None and head is not entry:
        because = f"{head.task.task_id} of the agent {head.lane.agent_id} goes first, and needs as much."
        return Waiting("turn", because, "It runs after that.")
    return Waiting("turn", "It is about to be placed.", "It runs in a moment.")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _megabytes(amount: int) -> str:
    return f"{amount / 1024:.3g} GB" if amount >= 1024 else f"{amount} MB"


def _cores(amount: int) -> str:
    return "1 core" if amount == 1000 else f"{amount / 1000:g} cores"


def _list(names: list[str]) -> str:
    shown = ", ".join(names[:ABOUT])
    return shown if len(names) <= ABOUT else f"{shown} and {len(names) - ABOUT} more"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
