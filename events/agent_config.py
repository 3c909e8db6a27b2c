"""What an agent is allowed and given: its validated configuration."""

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, StringConstraints, ValidationError

from .agent_policy import StatedPolicy
from .agent_schedule import Schedule
from .base import Record, Term
from .identifiers import Token
from .placement import Placement


class DataClass(Term):
    """How sensitive data is; the highest class of an agent's inputs counts."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    PII = "pii"
    PHI = "phi"
    FINANCIAL = "financial"
    SPECIAL = "special"
    SECRET = "secret"


class SandboxTier(Term):
    """How strongly an agent's code is isolated."""

    DOCKER = "docker"
    GVISOR = "gvisor"


class CodeSource(Term):
    """Where the agent's code comes from, which decides how far it is trusted."""

    BUILT_IN = "built_in"
    SIGNED = "signed"
    APPROVED_DIGEST = "approved_digest"
    UNKNOWN = "unknown"


class NetworkPolicy(Term):
    """What the agent's code may reach."""

    DENY_ALL = "deny_all"
    ALLOW_LIST = "allow_list"
    """The hosts that the configuration names."""
    ALLOW_ALL = "allow_all"


class MemoryKind(Term):
    """How long what the agent remembers stays."""

    EPHEMERAL = "ephemeral"
    """Until the task ends."""
    SESSION = "session"
    """While the agent lives."""
    PERSISTENT = "persistent"
    ENCRYPTED = "encrypted"
    """Persistent, under a key of the agent's own."""


class Privacy(Term):
    """How closely what the agent is given and makes is kept."""

    NORMAL = "normal"
    HIGH = "high"
    STRICT = "strict"


class SecurityLevel(Term):
    """How much protection the agent demands."""

    NORMAL = "normal"
    HIGH = "high"
    MAXIMUM = "maximum"
    """The strictest sandbox tier, too."""


class ResourceLimits(Record):
    """The most that one of the agent's tasks may use."""

    memory_mb: int = Field(256, ge=16, le=1_048_576)
    cpu_cores: float = Field(1.0, gt=0, le=1024)
    disk_io_mbps: int = Field(100, ge=1)
    network_io_mbps: int = Field(10, ge=1)
    execution_timeout: float = Field(300.0, gt=0, le=7 * 86400)
    """Seconds."""
    max_pids: int = Field(128, ge=1, le=32768)


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
Label = Annotated[str, StringConstraints(max_length=256)]


class Input(Record):
    """One thing that each of the agent's tasks is given."""

    name: str
    type: str
    """As the definition writes it: `List<Row>`."""


class Block(Record):
    """A `memory`, `webhook` or `channel` block of the definition."""

    kind: Literal["memory", "webhook", "channel"]
    name: str
    settings: dict[str, JsonValue]
    """Its settings; the blocks inside it are objects under their own names."""


class AgentConfig(Record):
    """What an agent is allowed and given; built from a definition, TOML or JSON, every error at once."""

    name: Name
    version: str = Field("1.0.0", pattern=r"^[0-9]+\.[0-9]+\.[0-9]+([-+.][0-9A-Za-z.-]+)?$")
    description: str = Field("", max_length=2000)
    data_classes: list[DataClass] = Field(default_factory=lambda: [DataClass.INTERNAL])
    """The classes of the agent's inputs."""
    code_source: CodeSource = CodeSource.UNKNOWN
    limits: ResourceLimits = Field(default_factory=ResourceLimits)
    tier: SandboxTier | None = None
    """The tier the agent demands; none leaves it to the risk assessment."""
    capabilities: list[Name] = Field(default_factory=list, max_length=256)
    """What the agent may call."""
    labels: dict[Token, Label] = Field(default_factory=dict, max_length=64)
    max_concurrent_tasks: int = Field(1, ge=1, le=500)
    metadata: dict[str, JsonValue] = Field(default_factory=dict, max_length=64)
    network: NetworkPolicy = NetworkPolicy.DENY_ALL
    network_hosts: list[Label] = Field(default_factory=list, max_length=256)
    """Those that may be reached under `allow_list`: a host name, with a port or without."""
    priority: int = Field(0, ge=-1000, le=1000)
    """Of its tasks that name none."""
    model: str | None = Field(None, max_length=256)
    """The language model that it speaks to, by its name."""
    memory: MemoryKind = MemoryKind.EPHEMERAL
    privacy: Privacy = Privacy.NORMAL
    security: SecurityLevel = SecurityLevel.NORMAL
    requires: list[Label] = Field(default_factory=list, max_length=64)
    """What whoever gives it work must have been granted: clearances and approvals by name."""
    inputs: list[Input] = Field(default_factory=list, max_length=64)
    result: str | None = None
    """The type of what a task of it returns, where the definition says so."""
    policies: list[StatedPolicy] = Field(default_factory=list, max_length=64)
    schedules: list[Schedule] = Field(default_factory=list, max_length=64)
    blocks: list[Block] = Field(default_factory=list, max_length=64)
    placement: Placement | None = None
    """On which nodes its tasks may run, and on which they would rather."""


def validate_config(document: Any) -> tuple[AgentConfig | None, list[str]]:
    """The configuration in *document*, or every reason why it is not one."""
    try:
        return AgentConfig.model_validate(document), []
    except ValidationError as error:
        return None, [_reason(item) for item in error.errors(include_url=False, include_input=True)]


def _reason(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"]) or "configuration"
    if item["type"] == "extra_forbidden":
        return f"{where}: unknown key"
    given = item.get("input")
    shown = f" (given {given!r:.60})" if isinstance(given, str | int | float | bool) else ""
    return f"{where}: {item['msg']}{shown}"
