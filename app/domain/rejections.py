"""Why a command is refused by the state of what it is about."""

from ..errors import Invalid, Rejected


class AgentUnknown(Rejected):
    """There is no agent {agent_id}. `symbi agent list` shows those that exist."""


class AgentAlreadySpawned(Rejected):
    """The agent {agent_id} exists already; choose another id."""


class AgentNotRunning(Rejected):
    """The agent {agent_id} is {state}; this needs a running agent."""


class AgentNotSuspended(Rejected):
    """The agent {agent_id} is {state}; only a suspended agent can be resumed."""


class AgentNotReady(Rejected):
    """The agent {agent_id} is {state}; this needs a ready agent."""


class AgentIsRunning(Rejected):
    """The agent {agent_id} is {state} with {tasks} task(s): let them end, cancel them, or halt the agent."""


class AgentHasEnded(Rejected):
    """The agent {agent_id} is {state}, which is for good."""


class AgentHasFailed(Rejected):
    """The agent {agent_id} is failed (invalid configuration); terminate it and spawn a corrected one."""


class AgentNotTerminated(Rejected):
    """The agent {agent_id} is {state}; only a terminated agent can be decommissioned."""


class AgentInQuarantine(Rejected):
    """The agent {agent_id} is quarantined; release it first."""


class AgentNotInQuarantine(Rejected):
    """The agent {agent_id} is not quarantined."""


class AgentBusy(Rejected):
    """The agent {agent_id} runs {tasks} task(s), which is all that its configuration allows at once."""


class TooManyAgents(Rejected):
    """{live} agents are alive, and runtime.max_concurrent_agents is {limit}."""


class ConfigInvalid(Invalid):
    """The configuration is invalid: {summary}"""


class DefinitionMissing(Invalid):
    """There is nothing to make an agent of: give the text of a definition, or a configuration."""


class DefinitionTwice(Invalid):
    """Give the text of a definition or a configuration, not both."""


class AgentHasNoBody(Rejected):
    """The agent {agent_id} has no body: give it a program to run, or a definition with a `with` block."""


class InputsInvalid(Invalid):
    """The inputs do not fit the agent {agent_id}: {summary}"""


class ScheduleUnknown(Rejected):
    """The agent {agent_id} has no schedule {schedule}."""


class ScheduleFiredAlready(Rejected):
    """The schedule {schedule} of the agent {agent_id} has fired for {due_at} or a later time."""


class TaskInvalid(Invalid):
    """The task could never run: {summary}"""


class TaskUnknown(Rejected):
    """There is no task {task_id} of agent {agent_id}, or it ended long ago."""


class TaskNotQueued(Rejected):
    """The task {task_id} is {status}; only a queued task can be assigned."""


class TaskNotAssigned(Rejected):
    """The task {task_id} is {status}; only an assigned task can start."""


class TaskNotRunning(Rejected):
    """The task {task_id} is {status}, so there is nothing to report about a run."""


class TaskHasEnded(Rejected):
    """The task {task_id} is {status} already."""


class TaskNotRetryable(Rejected):
    """The task {task_id} is {status}; only one that failed can be retried."""


class TaskNotFailed(Rejected):
    """The task {task_id} is {status}; only a task that failed or timed out can be dead-lettered."""


class TaskIsLeaving(Rejected):
    """The task {task_id} makes room for another one already."""


class TaskNotLeaving(Rejected):
    """The task {task_id} has not been asked to make room, so it keeps its place."""


class TaskHasTime(Rejected):
    """The task {task_id} has no deadline that has passed."""


class StaleAssignment(Rejected):
    """Assignment {given} on node {node_id} is over: the task {task_id} is under assignment {current}."""


class NodeUnknown(Rejected):
    """There is no node {node_id}. `symbi status` shows those that joined."""


class NodeNotJoined(Rejected):
    """The node {node_id} is {state}; this needs a node that has joined."""


class NodeHasTasks(Rejected):
    """The node {node_id} has not drained: drain it and let its tasks end, or wait until it is lost."""


class IdentityUnknown(Rejected):
    """There is no identity {identity_id}. `symbi identity list` shows those that exist."""


class IdentityExists(Rejected):
    """The identity {identity_id} exists already."""


class IdentityTerminatedAlready(Rejected):
    """The identity {identity_id} was terminated."""


class KeyUnknown(Rejected):
    """The identity {identity_id} has no key {key_id}. `symbi keys list` shows its keys."""


class KeyKnownAlready(Rejected):
    """The key {key_id} is registered already; a key is issued once, for one use."""


class KeyRevokedAlready(Rejected):
    """The key {key_id} was revoked already."""


class KeyMalformed(Invalid):
    """The public key is not one for the use {use}: {why}"""


class PossessionUnproven(Invalid):
    """The new key's own signature is missing or wrong, so nobody has shown to hold it."""


class RoleHeldAlready(Rejected):
    """The identity {identity_id} has the role {role} already."""


class RoleNotHeld(Rejected):
    """The identity {identity_id} does not have the role {role}."""


class LastOperator(Rejected):
    """{identity_id} is the last operator with a valid key; make another one first."""


class TooManyKeys(Rejected):
    """The identity {identity_id} has {limit} valid keys, which is the most; revoke those it does not use."""


class KeyInUse(Rejected):
    """The key {key_id} signs what is decided now: start the runtime with its successor, then revoke it."""


class TaskExists(Rejected):
    """The task {task_id} exists already: this command was carried out before, too long ago for its answer."""


class ToolCallUnknown(Rejected):
    """The task {task_id} has asked for no call {call_id}, so nothing can have come of it."""


class ToolCallClosed(Rejected):
    """The call {call_id} of the task {task_id} has its outcome already."""


class ToolCallOpen(Rejected):
    """The call {call_id} ({tool}) was asked for under assignment {assignment}: close it first."""


class ToolCallOutOfTurn(Rejected):
    """The task {task_id} cannot make its call {index} now: its next is {next}, counted from 0."""
