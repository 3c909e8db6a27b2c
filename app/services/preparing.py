"""What a decision needs that takes time to find out: whether a definition is good, and whether inputs fit."""

from dataclasses import dataclass
from typing import Any, Protocol

from events import strict_json
from events.commands import DeployAgent, SpawnAgent, SubmitTask
from events.task import BodyWork

from ..domain.agent import Agent
from ..domain.definition import Checked
from ..domain.rejections import AgentHasNoBody, InputsInvalid
from ..ports.blobs import Blobs
from .definitions import Definitions, NoBody
from .world import AnyCommand

MAX_INPUTS = 16 * 1024 * 1024
"""Bytes of JSON that a body may be given."""


def takes_time(command: AnyCommand) -> bool:
    """Whether there is something to find out before *command* is decided."""
    if isinstance(command, SubmitTask):
        return isinstance(command.work, BodyWork)
    return isinstance(command, SpawnAgent | DeployAgent) and command.source is not None


class Prepares(Protocol):
    """Looks into a command before it is decided."""

    async def prepare(self, command: AnyCommand, agent: Agent | None) -> Checked | None:
        """The definition that *command* brings, checked; None where it brings none.

        Raises:
            Invalid, Rejected: the command is about what there is not, or its inputs do not fit *agent*.
            Unavailable: a neighbour is down.
        """
        ...


@dataclass(frozen=True)
class Preparing:
    """`Prepares` by reading definitions, and inputs from where content lies."""

    definitions: Definitions
    blobs: Blobs

    async def prepare(self, command: AnyCommand, agent: Agent | None) -> Checked | None:
        if isinstance(command, SpawnAgent | DeployAgent) and command.source is not None:
            return await self.definitions.check(command.source, command.file, command.agent)
        if isinstance(command, SubmitTask) and isinstance(command.work, BodyWork) and agent is not None:
            await self._fit(command.work.model_copy(update={"definition": agent.definition}), agent)
        return None

    async def _fit(self, work: BodyWork, agent: Agent) -> None:
        try:
            wrong = await self.definitions.wrong_inputs(work, await self._inputs(work, agent))
        except NoBody:
            raise AgentHasNoBody(agent_id=agent.agent_id) from None
        if wrong is not None:
            raise InputsInvalid(agent_id=agent.agent_id, summary=wrong)

    async def _inputs(self, work: BodyWork, agent: Agent) -> Any:
        if work.inputs is None:
            return {}
        if work.inputs.size > MAX_INPUTS:
            size = f"{work.inputs.size} bytes; at most {MAX_INPUTS} are taken"
            raise InputsInvalid(agent_id=agent.agent_id, summary=size)
        content = await self.blobs.get(work.inputs)
        try:
            return strict_json.loads(content, max_bytes=MAX_INPUTS)
        except strict_json.NotStrict as error:
            raise InputsInvalid(agent_id=agent.agent_id, summary=str(error)) from None
