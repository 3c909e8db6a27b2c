"""Gives `memory`, `webhook` and `channel` blocks to the agents that they are about."""

from collections.abc import Mapping

from events.agent_config import Block

from ..settings.blocks import read_channel, read_memory, read_webhook
from ..settings.policies import ReadPolicy
from ..settings.reading import Read
from ..tree import ChannelDef, MemoryDef, WebhookDef
from .agents import MOST, ReadAgent
from .context import File, too_many
from .policies import Together, check_conditions
from .scheduling import the_agent


def check_blocks(agents: Mapping[str, ReadAgent], file: File) -> None:
    """Check the blocks of a file. One that names no agent is every agent's."""
    for memory in file.named(MemoryDef, "memory"):
        _give(read_memory(memory, file.report), None, agents, file)
    for webhook in file.named(WebhookDef, "webhook"):
        block, named = read_webhook(webhook, file.report)
        _give(block, named, agents, file)
    for channel in file.named(ChannelDef, "channel"):
        block, named, policies = read_channel(channel, file.source, file.report)
        _check_policies(policies, file)
        _give(block, named, agents, file)
    for agent in agents.values():
        too_many(agent.blocks, MOST, "blocks of one agent", agent.node.name_span, file.report)


def _give(block: Block, named: Read | None, agents: Mapping[str, ReadAgent], file: File) -> None:
    if named is None:
        for agent in agents.values():
            agent.blocks.append(block)
    elif agents:
        found = the_agent(named, agents, named.span, file.report, what=block.kind)
        if found is not None:
            found.blocks.append(block)


def _check_policies(policies: list[ReadPolicy], file: File) -> None:
    for policy in policies:
        check_conditions(policy, file.condition_body(), ())
    Together(policies, file.report)
