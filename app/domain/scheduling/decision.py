"""What the scheduler decides: commands, which the log's gateway carries out or refuses."""

from typing import TypeAlias

from events.commands import AssignTask, PreemptTask

from .duties import Duty

Decision: TypeAlias = AssignTask | PreemptTask | Duty
