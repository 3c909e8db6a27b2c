"""What a worker says about one run, from its start to its end."""

import asyncio
from dataclasses import dataclass, field
from typing import TypedDict

import structlog

from events import identifiers
from events.commands import Command, Problem, StartTask
from events.task import TaskAssigned

from ..ports.executor import Control
from .commander import Commander

_log = structlog.get_logger(__name__)


class RunAbandoned(Exception):
    """The run may not go on: somebody else has the task, or nobody wants it any more.

    `code` is the rejection's, where there was one.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class RunLeaving(Exception):
    """The run makes room for something more important; another one goes on with its task later."""


@dataclass(slots=True)
class Run:
    """One assignment that a worker carries out."""

    agent_id: str
    assignment: int
    control: Control = field(default_factory=Control)
    resumed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever the agent is resumed."""
    stopped: bool = False
    """True once an event took the task away; what it comes to is not reported."""
    elsewhere: bool = False
    """True where it was taken away for another run to go on with it."""
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is to make room."""

    def leave(self) -> None:
        """Have it make room, also where it waits for its agent."""
        self.leaving.set()
        self.resumed.set()


class Names(TypedDict):
    """What every report names."""

    agent_id: str
    task_id: str
    node_id: str
    assignment: int


@dataclass(frozen=True)
class Reports:
    """What is said about one run; ids derive from the assignment, so saying it again repeats nothing."""

    commander: Commander
    assigned: TaskAssigned
    node_id: str
    cause: str
    """The id of the assignment's event."""
    run: Run

    @property
    def names(self) -> Names:
        return Names(
            agent_id=self.assigned.agent_id,
            task_id=self.assigned.task_id,
            node_id=self.node_id,
            assignment=self.assigned.assignment,
        )

    async def start(self, sandbox: str) -> None:
        """Announce the run; it may begin only when this returns. While its agent is suspended, wait.

        Raises:
            RunAbandoned: it may not begin.
            RunLeaving: it is to make room, and has waited until then.
        """
        await self.once_running(StartTask(**self.names, sandbox=sandbox), "start")

    async def once_running(self, command: Command, step: str) -> None:
        """Say what only a running agent may do, waiting while the agent is suspended.

        Raises:
            RunAbandoned: it was refused for another reason.
            RunLeaving: it is to make room, and has waited until then.
        """
        tries = 0
        while (problem := await self.say(command, f"{step}/{tries}")) is not None:
            if problem.code != "AgentNotRunning" or self.run.stopped:
                raise RunAbandoned(problem.message, problem.code)
            if self.run.leaving.is_set():
                raise RunLeaving
            await self.run.resumed.wait()
            self.run.resumed.clear()
            tries += 1

    async def end(self, command: Command) -> None:
        """Close the run."""
        refusal = await self.say(command, "end")
        if refusal is not None:
            _log.info("report refused", task=self.assigned.task_id, report=command.name, why=refusal.code)

    async def say(self, command: Command, step: str) -> Problem | None:
        """Send one report; why it was refused, if it was. Each *step* of a run is said once."""
        answer = await self.commander.send(
            command,
            identifiers.command_id(self.cause, f"worker.{step}"),
            causation_id=self.cause,
            correlation_id=self.assigned.task_id,
        )
        return answer.error
