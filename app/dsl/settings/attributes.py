"""The attributes of an agent: what each takes, and what follows from it.

`docs/reference/dsl.md` is made from this table.
"""

from dataclasses import dataclass

from events.agent_config import MemoryKind, NetworkPolicy, Privacy, SandboxTier, SecurityLevel

from .kinds import Amount, Choice, Either, Kind, Lasting, Text, Texts, Whole


@dataclass(frozen=True)
class Attribute:
    """One attribute. Of several that set the same `field`, only one may be given."""

    name: str
    kind: Kind
    field: str
    """Where it goes in an `AgentConfig`, dotted."""
    effect: str
    """What follows from it, for the reference."""
    without: str
    """What holds where it is not given."""
    awaits: str = ""
    """The part of the runtime that has yet to arrive before it has an effect; empty when it has one."""


_TIERS = Choice(
    {
        "docker": SandboxTier.DOCKER,
        "tier1": SandboxTier.DOCKER,
        "gvisor": SandboxTier.GVISOR,
        "tier2": SandboxTier.GVISOR,
    }
)
_LEVELS = Choice.of(*SecurityLevel)
_HOST = Text(
    longest=256,
    form=r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(:[0-9]{1,5})?",
    like='a host name as `"api.example.com"`, with a port or without',
)

ATTRIBUTES = (
    Attribute(
        "sandbox",
        _TIERS,
        "tier",
        "The agent's code runs in a sandbox of this tier, or a stricter one: never in a looser one.",
        "the risk assessment chooses",
    ),
    Attribute(
        "timeout",
        Lasting(7 * 86_400, "7 days"),
        "limits.execution_timeout",
        "A task that runs longer is stopped, and times out. A number without a unit is milliseconds.",
        "5 minutes",
    ),
    Attribute(
        "max_memory_mb",
        Whole(16, 1_048_576),
        "limits.memory_mb",
        "The memory of each task, in MiB.",
        "256",
    ),
    Attribute(
        "max_cpu_cores",
        Amount(1024),
        "limits.cpu_cores",
        "The processor time of each task, in cores.",
        "1",
    ),
    Attribute(
        "disk_io_mbps",
        Whole(1, 1_000_000),
        "limits.disk_io_mbps",
        "How fast each task reads and writes files, in MB/s.",
        "100",
    ),
    Attribute(
        "network_io_mbps",
        Whole(1, 1_000_000),
        "limits.network_io_mbps",
        "How fast each task sends and receives, in MB/s.",
        "10",
    ),
    Attribute(
        "network_policy",
        Either(
            Choice.of(NetworkPolicy.DENY_ALL, NetworkPolicy.ALLOW_ALL), Texts(_HOST, most=256, alone=False)
        ),
        "network",
        'What the agent\'s code may reach: nothing (`"deny_all"`), everything (`"allow_all"`), or the hosts '
        "of a list.",
        '`"deny_all"`',
        awaits="networks in sandboxes",
    ),
    Attribute(
        "priority",
        Either(Whole(-1000, 1000), Choice({"low": -100, "normal": 0, "high": 100, "critical": 1000})),
        "priority",
        "Its tasks go before those of a lower priority, where they name none of their own. The words stand "
        "for -100, 0, 100 and 1000.",
        "0",
    ),
    Attribute(
        "model",
        Text(),
        "model",
        "The language model that the agent speaks to, by its name in the runtime's configuration.",
        "none",
        awaits="models",
    ),
    Attribute(
        "memory",
        Choice.of(*MemoryKind),
        "memory",
        "How long what the agent remembers stays: until the task ends, while the agent lives, for good, or "
        "for good under a key of its own.",
        '`"ephemeral"`',
        awaits="memories",
    ),
    Attribute(
        "privacy",
        Choice.of(*Privacy),
        "privacy",
        "How closely what the agent is given and makes is kept.",
        '`"normal"`',
        awaits="policies that speak of it",
    ),
    Attribute(
        "security",
        _LEVELS,
        "security",
        'How much protection the agent demands; `"maximum"` demands the strictest sandbox tier.',
        '`"normal"`',
    ),
    Attribute(
        "security_level",
        _LEVELS,
        "security",
        "The same as `security`.",
        '`"normal"`',
    ),
    Attribute(
        "requires",
        Texts(Text()),
        "requires",
        "What whoever gives the agent work must have been granted: clearances and approvals by name.",
        "nothing",
        awaits="policies that speak of it",
    ),
)

BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}
