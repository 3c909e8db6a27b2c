"""What the error handler has done about tasks that failed, lost their node or their agent, or are late."""

from events.commands import (
    CancelTask,
    DeadLetterTask,
    ExpireTask,
    HaltAgent,
    QuarantineAgent,
    RequeueTask,
    RetryTask,
    SuspendAgent,
    TerminateAgent,
)

from ..agent import AgentState
from ..error_handling import OF_THE_NODE, Again, Failure, Lost, Remedy, respond, respond_to_loss
from ..task import TaskStatus
from .duties import Duty
from .entry import Entry
from .lane import Lane
from .pool import Pool
from .room import Room


def after_failure(pool: Pool, entry: Entry, room: Room | None) -> None:
    """Owe what is to be done about a task that has just failed, on that node if it was on one."""
    task = entry.task
    if room is not None:
        pool.nodes.tried(room, failed=task.failure in OF_THE_NODE, now_ns=pool.now_ns)
    if task.status is TaskStatus.DEAD_LETTERED or entry.lane.ended:
        return  # a person may still ask for another try, unless the agent has ended
    entry.shuns = ""
    failure = Failure(
        task_id=task.task_id,
        reason=task.failure,
        tries=task.attempt + 1,
        max_retries=task.max_retries,
        elsewhere=room is not None and _could_run_elsewhere(pool, entry, room),
        now_ns=pool.now_ns,
        deadline_ns=task.deadline,
    )
    response = respond(failure, pool.tuning.errors)
    names = {"agent_id": entry.lane.agent_id, "task_id": task.task_id}
    if isinstance(response, Again):
        if response.elsewhere and room is not None:
            entry.shuns = room.node_id
        pool.duties.owe(task.task_id, RetryTask(**names, reason=response.reason), response.at_ns)
        return
    if response.dead_letter:
        pool.duties.owe(task.task_id, DeadLetterTask(**names, reason=response.reason))
    if (duty := _about_agent(entry.lane, response.remedy, response.reason)) is not None:
        pool.duties.owe(f"agent/{entry.lane.agent_id}", duty)


def _could_run_elsewhere(pool: Pool, entry: Entry, room: Room) -> bool:
    rooms = pool.queue.kind_of(entry).rooms.values()
    return any(other is not room and other.accepting and other.could_hold(entry) for other in rooms)


def _about_agent(lane: Lane, remedy: Remedy, reason: str) -> Duty | None:
    """What is commanded about the agent; only a running one can pause, so a ready one is quarantined."""
    agent_id, state = lane.agent_id, lane.agent.state
    if remedy is Remedy.SUSPEND and state is AgentState.RUNNING:
        return SuspendAgent(agent_id=agent_id, reason=reason)
    if remedy is Remedy.SUSPEND and state is AgentState.READY and not lane.agent.quarantined:
        return QuarantineAgent(agent_id=agent_id, reason=reason)
    if remedy is Remedy.TERMINATE and state is AgentState.READY:
        return TerminateAgent(agent_id=agent_id, reason=reason)
    if remedy is Remedy.TERMINATE and state in (AgentState.RUNNING, AgentState.SUSPENDED):
        return HaltAgent(agent_id=agent_id, reason=reason)
    return None


def after_loss(pool: Pool, entry: Entry, why: str) -> None:
    """Owe what is to be done about a task whose node was lost, once for each assignment that is lost."""
    task = entry.task
    if entry.lost == task.assignment:
        return
    entry.lost = task.assignment
    response = respond_to_loss(Lost(task.losses + 1, task.max_retries), why, pool.tuning.errors)
    names = {"agent_id": entry.lane.agent_id, "task_id": task.task_id, "reason": response.reason}
    requeued = isinstance(response, Again)
    pool.duties.owe(task.task_id, RequeueTask(**names) if requeued else CancelTask(**names))


def after_agents_end(pool: Pool, lane: Lane) -> None:
    """Call off what waits for an agent that will run nothing any more."""
    waiting = [*lane.queued(), *(entry for entry in pool.claims if entry.lane is lane)]
    for entry in waiting:
        pool.take_out(entry)
        if entry.task.status is TaskStatus.QUEUED and entry.room is None:
            entry.pending = True
            names = {"agent_id": lane.agent_id, "task_id": entry.task.task_id}
            pool.duties.owe(entry.task.task_id, CancelTask(**names, reason="its agent has ended"))


def expire_at_deadline(pool: Pool, entry: Entry) -> None:
    """Owe a queued task's end at its deadline, if it has one."""
    task = entry.task
    if task.deadline:
        names = {"agent_id": entry.lane.agent_id, "task_id": task.task_id}
        pool.duties.owe(task.task_id, ExpireTask(**names), task.deadline)
