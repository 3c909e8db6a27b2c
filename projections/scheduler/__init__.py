"""What waits, what runs where, and how did it end?"""

from .project import Scheduler
from .queries import node, node_loads, nodes, queue, queue_depths, task, task_counts, tasks
from .tables import NODES, TASKS, NodeRow, TaskRow

__all__ = [
    "NODES",
    "TASKS",
    "NodeRow",
    "Scheduler",
    "TaskRow",
    "node",
    "node_loads",
    "nodes",
    "queue",
    "queue_depths",
    "task",
    "task_counts",
    "tasks",
]
