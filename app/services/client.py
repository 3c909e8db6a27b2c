"""The façade for programs that embed the runtime or talk to one: commands out, questions answered."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from events.commands import (
    Answer,
    AskedWork,
    CancelTask,
    Command,
    HaltAgent,
    ResumeAgent,
    SpawnAgent,
    SubmitTask,
    SuspendAgent,
    TerminateAgent,
    sign_request,
)
from events.signing import SigningKey

from ..errors import Conflict, Corrupt, Denied, Invalid, Rejected, SymbiError, Unavailable
from ..ports.clock import Clock
from ..ports.commands import CommandBus

_FAMILIES: Mapping[str, type[SymbiError]] = {
    "rejected": Rejected,
    "invalid": Invalid,
    "denied": Denied,
    "unavailable": Unavailable,
    "conflict": Conflict,
    "corrupt": Corrupt,
}


class Commands:
    """Commands of one principal, signed with its key; each call returns once its command is durable."""

    def __init__(self, bus: CommandBus, key: SigningKey, principal: str, clock: Clock) -> None:
        self._bus = bus
        self._key = key
        self.principal = principal
        self._clock = clock

    async def send(self, command: Command, *, command_id: str | None = None, timeout: float = 10.0) -> Answer:
        """Carry out *command*; a second call with the same *command_id* within two minutes repeats nothing.

        Raises:
            Rejected, Invalid, Denied, Unavailable: as the answer says; `code` and `facts` are the answer's.
        """
        signed = sign_request(
            command,
            self._key,
            principal=self.principal,
            command_id=command_id or str(uuid4()),
            now_ns=self._clock.now_ns(),
        )
        answer = await self._bus.send(signed, timeout=timeout)
        if answer.error is not None:
            raise error_of(answer)
        return answer

    async def ping(self) -> None:
        """Return when somebody takes commands. Raises `Unavailable` when nobody does."""
        await self._bus.ping(self.principal)

    async def schedule_agent(self, config: Mapping[str, Any], *, agent_id: str | None = None) -> str:
        """Spawn an agent from its configuration and return its id.

        Raises:
            Invalid: the configuration is invalid; the agent exists, is Failed, and says why in its history.
        """
        return self.spawned(await self.send(SpawnAgent(agent_id=agent_id, config=dict(config))))

    @staticmethod
    def spawned(answer: Answer) -> str:
        """The id of the agent that a spawn made. Raises `Invalid` where it is Failed."""
        if answer.result.get("state") == "failed":
            reasons = answer.result.get("reasons", [])
            between = "\n\n" if any("\n" in reason for reason in reasons) else "; "
            raise Invalid("the definition is invalid: " + between.join(reasons), **answer.result)
        return str(answer.result["agent_id"])

    async def submit_task(self, agent_id: str, work: AskedWork, **options: Any) -> str:
        """Give *work* to an agent and return the task's id. *options* are `SubmitTask`'s other fields."""
        answer = await self.send(SubmitTask(agent_id=agent_id, work=work, **options))
        return str(answer.result["task_id"])

    async def cancel_task(self, agent_id: str, task_id: str, reason: str = "") -> None:
        await self.send(CancelTask(agent_id=agent_id, task_id=task_id, reason=reason))

    async def suspend_agent(self, agent_id: str, reason: str = "") -> None:
        await self.send(SuspendAgent(agent_id=agent_id, reason=reason))

    async def resume_agent(self, agent_id: str, reason: str = "") -> None:
        await self.send(ResumeAgent(agent_id=agent_id, reason=reason))

    async def halt_agent(self, agent_id: str, reason: str = "") -> None:
        await self.send(HaltAgent(agent_id=agent_id, reason=reason))

    async def terminate_agent(self, agent_id: str, reason: str = "") -> None:
        await self.send(TerminateAgent(agent_id=agent_id, reason=reason))


def error_of(answer: Answer) -> SymbiError:
    """The error that an answer reports, as an instance of its family under its own name."""
    problem = answer.error
    assert problem is not None
    family = _FAMILIES[problem.family]
    kind = type(problem.code, (family,), {"__doc__": problem.message})
    return kind(problem.message, **problem.facts)  # type: ignore[no-any-return]
