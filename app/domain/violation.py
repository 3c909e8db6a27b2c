"""An agent that overstepped its policies is suspended until somebody clears it."""

from collections.abc import Sequence

from events.agent import AgentSuspended
from events.commands.policy import RecordViolation
from events.policy import PolicyViolated

from .agent import ENDED, Agent, AgentState
from .rejections import AgentHasEnded, AgentUnknown


def violate(agent: Agent, command: RecordViolation) -> Sequence[PolicyViolated | AgentSuspended]:
    """Record the violation, and suspend the agent where it runs.

    An agent that does not run has nothing to be suspended from; the violation stays with it all the same.

    Raises:
        Rejected: there is no such agent, or none any more.
    """
    if agent.state is AgentState.ABSENT:
        raise AgentUnknown(agent_id=command.agent_id)
    if agent.state in ENDED:
        raise AgentHasEnded(agent_id=command.agent_id, state=agent.state)
    violated = PolicyViolated(
        agent_id=command.agent_id,
        decision_id=command.decision_id,
        policies=command.policies,
        reason=command.reason,
    )
    if agent.state is not AgentState.RUNNING:
        return [violated]
    reason = f"policy violation: {command.reason} (decision {command.decision_id})"
    return [violated, AgentSuspended(agent_id=command.agent_id, reason=reason)]
