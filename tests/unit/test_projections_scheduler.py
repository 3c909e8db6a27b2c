"""A task's row and a node's row follow their events."""

import pytest

from events.agent_config import SandboxTier
from events.content import ContentRef
from events.node import Capacity, NodeDrained, NodeJoined, NodeLost, NodeRemoved
from events.task import (
    PriorityTier,
    TaskCancelled,
    TaskCompleted,
    TaskDeadLettered,
    TaskFailed,
    TaskPreempted,
    TaskProgressed,
    TaskRetried,
    TaskTimedOut,
    Usage,
)
from projections.errors import Contradiction
from projections.scheduler import NodeRow, TaskRow, fold_node, fold_task
from tests.support.facts import BEGAN, DIGEST, History

MILLISECOND = 1_000_000


def task_after(history: History) -> TaskRow:
    task: TaskRow | None = None
    for fact in history.facts:
        task = fold_task.fold(task, fact)
    assert task is not None
    return task


def node_after(history: History) -> NodeRow:
    node: NodeRow | None = None
    for fact in history.facts:
        node = fold_node.fold(node, fact)
    assert node is not None
    return node


def started() -> History:
    history = History()
    history.submit("a1", "t1")
    history.start("a1", "t1")
    return history


def test_a_submitted_task_is_queued_with_all_that_was_asked() -> None:
    history = History()
    history.submit("a1", "t1", tier=PriorityTier.REALTIME, priority=7, max_retries=2, labels={"k": "v"})
    task = task_after(history)
    assert (task.state, task.tier, task.priority, task.max_retries) == ("queued", "realtime", 7, 2)
    assert (task.agent, task.actor, task.correlation_id, task.attempt) == ("a1", "human/alice", "c1", 1)
    assert task.work["argv"] == ["true"]
    assert task.limits["memory_mb"] == 256
    assert task.submitted_at == task.queued_at == BEGAN + MILLISECOND
    assert (task.first_seq, task.last_seq, task.node, task.assignment) == (1, 1, None, 0)


def test_a_task_that_ends_well_tells_when_each_step_was() -> None:
    history = started()
    output = ContentRef(digest=DIGEST, size=3, scope="task/t1")
    used = Usage(wall_seconds=1.5)
    done = TaskCompleted(task_id="t1", assignment=1, exit_code=0, output=output, usage=used)
    history.add(TaskProgressed(task_id="t1", assignment=1, percent=50, note="half"), done, agent="a1")
    task = task_after(history)
    assert (task.state, task.exit_code, task.percent, task.note) == ("completed", 0, 50, "half")
    assert task.output is not None
    assert task.output["digest"] == DIGEST
    assert task.usage == {"wall_seconds": 1.5, "cpu_seconds": 0.0, "memory_peak_mb": 0.0}
    assert (task.assigned_at, task.started_at) == (BEGAN + 2 * MILLISECOND, BEGAN + 3 * MILLISECOND)
    assert task.ended_at == task.updated_at == BEGAN + 5 * MILLISECOND


def test_a_failed_task_that_is_retried_is_queued_for_its_next_attempt() -> None:
    history = started()
    history.add(TaskFailed(task_id="t1", assignment=1, reason="exit", detail="1", exit_code=1), agent="a1")
    failed = task_after(history)
    assert (failed.state, failed.reason, failed.detail, failed.exit_code) == ("failed", "exit", "1", 1)
    history.add(TaskRetried(task_id="t1", attempt=2, reason="again"), agent="a1")
    task = task_after(history)
    assert (task.state, task.attempt, task.node, task.started_at) == ("queued", 2, None, None)
    assert task.queued_at > task.submitted_at
    history.assign("a1", "t1", number=2, attempt=2)
    assert (task_after(history).assignment, task_after(history).attempt) == (2, 2)


def test_a_preempted_task_keeps_its_attempt() -> None:
    history = started()
    history.add(TaskPreempted(task_id="t1", reason="urgent"), agent="a1")
    task = task_after(history)
    assert (task.state, task.attempt, task.preemptions, task.reason) == ("queued", 1, 1, "urgent")


def test_a_task_that_ran_too_long_can_be_given_up() -> None:
    history = started()
    history.add(TaskTimedOut(task_id="t1", assignment=1, after_seconds=2.5), agent="a1")
    assert (task_after(history).state, task_after(history).reason) == ("timed_out", "after 2.5 s")
    history.add(TaskDeadLettered(task_id="t1", reason="no retries left"), agent="a1")
    assert (task_after(history).state, task_after(history).reason) == ("dead_lettered", "no retries left")


def test_an_ended_task_cannot_end_again() -> None:
    history = started()
    history.add(TaskCancelled(task_id="t1", reason="enough"), agent="a1")
    assert task_after(history).state == "cancelled"
    history.add(TaskCompleted(task_id="t1", assignment=1), agent="a1")
    with pytest.raises(Contradiction, match=r"task\.completed while the task t1 is cancelled"):
        task_after(history)


def test_a_task_is_submitted_once_and_before_everything_else() -> None:
    history = History()
    history.assign("a1", "t1")
    with pytest.raises(Contradiction, match="never submitted"):
        task_after(history)
    history = started()
    history.submit("a1", "t1")
    with pytest.raises(Contradiction, match="twice"):
        task_after(history)


def test_a_node_comes_goes_and_comes_back() -> None:
    history = History()
    capacity = Capacity(cpu_cores=2, memory_mb=1024, tasks=4)
    history.add(NodeJoined(node_id="n1", capacity=capacity, tiers=[SandboxTier.DOCKER], labels={"z": "1"}))
    node = node_after(history)
    assert (node.state, node.cpu_cores, node.memory_mb, node.tasks) == ("joined", 2.0, 1024, 4)
    assert (node.tiers, node.labels) == (["docker"], {"z": "1"})
    for event, state in (
        (NodeDrained(node_id="n1", reason="by hand"), "draining"),
        (NodeLost(node_id="n1", reason="lease"), "lost"),
        (NodeRemoved(node_id="n1", reason="gone"), "removed"),
    ):
        history.add(event)
        assert (node_after(history).state, node_after(history).reason) == (state, event.reason)
    history.add(NodeJoined(node_id="n1", capacity=capacity, tiers=[]))
    node = node_after(history)
    assert (node.state, node.tiers, node.first_seq, node.last_seq) == ("joined", [], 1, 5)


def test_a_node_that_never_joined_cannot_leave() -> None:
    history = History()
    history.add(NodeLost(node_id="n1", reason="lease"))
    with pytest.raises(Contradiction, match="never joined"):
        node_after(history)
