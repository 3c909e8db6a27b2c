"""What an agent is allowed and given: its validated configuration."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from .base import Record, Term
from .identifiers import Token


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


class AgentConfig(Record):
    """What an agent is allowed and given; built from TOML or JSON, every error at once."""

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
    metadata: dict[str, str] = Field(default_factory=dict, max_length=64)


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
