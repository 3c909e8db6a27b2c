"""What a principal may command, from its roles alone; nothing is allowed that no role allows."""

from collections.abc import Set
from dataclasses import dataclass

from events.commands import (
    AgentCommand,
    AssignTask,
    CancelTask,
    Command,
    CompleteTask,
    CompleteToolCall,
    DeadLetterTask,
    DenyToolCall,
    DrainNode,
    ExpireApproval,
    ExpireTask,
    FailTask,
    FailToolCall,
    FireSchedule,
    HaltAgent,
    JoinNode,
    LoseNode,
    PreemptTask,
    ProgressTask,
    QuarantineAgent,
    RecordViolation,
    RefuseTask,
    ReleaseAgent,
    RemoveNode,
    RequestApproval,
    RequestToolCall,
    RequeueTask,
    ResumeAgent,
    RetryTask,
    SpawnAgent,
    StartTask,
    SubmitTask,
    SuspendAgent,
    TerminateAgent,
    TimeOutTask,
    YieldTask,
)
from events.identity import Role

from ..errors import Denied


class NotPermitted(Denied):
    """{principal} may not {command}: {why}."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One command and what is known about it when it is decided."""

    principal: str
    command: Command
    agent_owner: str | None = None
    """The owner of the agent that the command is about, as recorded."""
    actor: str = ""
    """The principal as events name it: `human/operator`."""


CALLS = (RequestToolCall, CompleteToolCall, FailToolCall, DenyToolCall)
REPORTS = (StartTask, ProgressTask, CompleteTask, FailTask, TimeOutTask, YieldTask, *CALLS)
SCHEDULING = (
    AssignTask,
    FireSchedule,
    PreemptTask,
    RetryTask,
    RequeueTask,
    CancelTask,
    DeadLetterTask,
    RefuseTask,
    ExpireTask,
    LoseNode,
    RemoveNode,
    SuspendAgent,
    QuarantineAgent,
    HaltAgent,
    TerminateAgent,
)
ENFORCING = (RequestApproval, RecordViolation)
OF_OWNERS = AgentCommand | SubmitTask | CancelTask | RetryTask
MADE_BY_COMPONENTS = (
    *REPORTS,
    AssignTask,
    FireSchedule,
    PreemptTask,
    RequeueTask,
    DeadLetterTask,
    RefuseTask,
    ExpireTask,
    JoinNode,
)
"""What no person says: the runtime observes it itself."""


def authorize(roles: Set[Role], asked: Asked) -> None:
    """Return when one of *roles* allows what is asked.

    Raises:
        NotPermitted: none does; the message says what would.
    """
    if not any(_allows(role, asked) for role in roles):
        held = ", ".join(sorted(roles)) or "none"
        raise NotPermitted(
            principal=asked.principal,
            command=asked.command.name,
            why=f"{_needed(asked)} (roles held: {held})",
        )


def _allows(role: Role, asked: Asked) -> bool:
    command = asked.command
    match role:
        case Role.OPERATOR:
            return not isinstance(command, (*MADE_BY_COMPONENTS, *ENFORCING, ExpireApproval))
        case Role.AGENT_OWNER:
            if isinstance(command, SpawnAgent):
                return True
            about_own = asked.agent_owner is not None and asked.agent_owner == asked.actor
            return about_own and _is_for_owners(command)
        case Role.SCHEDULER:
            return isinstance(command, (*SCHEDULING, *ENFORCING, ExpireApproval))
        case Role.WORKER:
            if isinstance(command, ENFORCING):
                return True
            if isinstance(command, JoinNode | DrainNode):
                return node_principal(command.node_id) == asked.principal
            return isinstance(command, REPORTS) and node_principal(command.node_id) == asked.principal
        case Role.VIEWER:
            return False


def _is_for_owners(command: Command) -> bool:
    """Whether an agent's owner may do this; whether a violation is cleared is not for the owner to say."""
    return isinstance(command, OF_OWNERS) and not isinstance(command, ResumeAgent | ReleaseAgent)


def _needed(asked: Asked) -> str:
    if isinstance(asked.command, (*ENFORCING, ExpireApproval)):
        return "only the runtime says this, when it enforces a policy"
    if isinstance(asked.command, REPORTS):
        return "only the worker of the node that runs the task reports about it"
    if isinstance(asked.command, JoinNode):
        return "only the node's own worker offers its capacity"
    if isinstance(asked.command, MADE_BY_COMPONENTS):
        return "only the scheduler decides this"
    if isinstance(asked.command, SpawnAgent):
        return f"it takes the role agent_owner or operator; {_given(asked, Role.AGENT_OWNER)}"
    if not _is_for_owners(asked.command):
        return f"it takes the role operator; {_given(asked, Role.OPERATOR)}"
    if asked.agent_owner is None:
        return f"it takes the role operator, or agent_owner for own agents; {_given(asked, Role.OPERATOR)}"
    if asked.agent_owner == asked.actor:
        return f"for own agents it takes the role agent_owner; {_given(asked, Role.AGENT_OWNER)}"
    return (
        f"the agent is {asked.agent_owner}'s, and an agent is for its owner, with the role agent_owner, and "
        f"for operators; ask one of them, or {_given(asked, Role.OPERATOR)}"
    )


def _given(asked: Asked, role: Role) -> str:
    return f"an operator gives it: `symbi role grant {asked.principal} {role}`"


def authorize_rebuild(principal: str, roles: Set[Role]) -> None:
    """Return when one of *roles* allows projections to be made again.

    Raises:
        NotPermitted: none does.
    """
    if Role.OPERATOR not in roles:
        held = ", ".join(sorted(roles)) or "none"
        given = f"an operator gives it: `symbi role grant {principal} operator`"
        why = f"it takes the role operator; {given} (roles held: {held})"
        raise NotPermitted(principal=principal, command="rebuild projections", why=why)


def node_principal(node_id: str) -> str:
    """The principal as which the worker of a node commands."""
    return f"worker-{node_id}"
