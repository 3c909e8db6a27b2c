"""Every setting of the runtime: its type, its range, its default and what it does."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from events.signing import DEFAULT_PROVIDER, PROVIDERS
from events.strict_json import MAX_BYTES

from . import machine
from .masking import masked

DEFAULT_DATA_DIR = Path(".symbi")

Value = str | int | float | bool | None


class Explained(NamedTuple):
    """One setting, what it is, and who said so."""

    key: str
    value: Value
    """Passwords are masked."""
    source: str
    """`default`, `the machine`, a file with its line, the name of a variable or of an option."""


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _available(name: str) -> str:
    if name not in PROVIDERS:
        raise ValueError(f"there is no crypto provider {name!r}; available: {', '.join(sorted(PROVIDERS))}")
    return name


def _scheme_in(*schemes: str) -> AfterValidator:
    """Addresses under one of *schemes*; several may stand with commas between them."""

    def check(text: str) -> str:
        for url in filter(None, text.split(",")):
            if url.split("://")[0] not in schemes or not url.partition("://")[2]:
                raise ValueError(
                    f"this is not a URL that begins with {' or '.join(f'{s}://' for s in schemes)}"
                )
        return text

    return AfterValidator(check)


_LOWERED = BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)

AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error", "critical"], _LOWERED]
Mode = Annotated[Literal["production", "development"], _LOWERED]
Component = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
NodeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,56}$")]
"""Short enough that `worker-` before it leaves an id of at most 64 characters."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Runtime(_Section):
    """The runtime as a whole."""

    max_concurrent_agents: int = Field(
        10_000,
        ge=1,
        description="How many agents may be alive at once. A spawn above it is rejected.",
    )
    message_buffer_size: int = Field(
        MAX_BYTES,
        ge=65_536,
        le=MAX_BYTES,
        description="The most bytes of one command or event; the embedded NATS server refuses larger ones.",
    )
    deployment: Component = Field(
        "default",
        description="This deployment's name in the `source` of its events: `symbi/<deployment>/<component>`.",
    )
    mode: Mode = Field(
        "production",
        description="`production` logs JSON lines; `development` logs for people.",
    )
    log_level: LogLevel = Field("info", description="The least severe log entries that are written.")


class Security(_Section):
    """Keys, signatures and what is kept for auditors."""

    crypto_provider: Annotated[str, AfterValidator(_available)] = Field(
        DEFAULT_PROVIDER,
        description="Which library signs and verifies: "
        + ", ".join(f"`{name}`" for name in sorted(PROVIDERS))
        + ".",
    )
    audit_storage: AbsolutePath | None = Field(
        None,
        description="The directory for what is kept for auditors. Unset: `audit` in the data directory.",
    )
    max_clock_skew_s: float = Field(
        120.0,
        gt=0,
        le=3600,
        description="How old, or how far in the future, a command may be when it is first seen.",
    )


class Nats(_Section):
    """The NATS server that holds the event log."""

    url: Annotated[str, _scheme_in("nats", "tls", "ws", "wss")] = Field(
        "",
        description="The server's URL, or several with commas. Empty: the runtime starts its own.",
    )
    port: int = Field(
        0,
        ge=0,
        le=65535,
        description="The port of the embedded server. 0: a free one is chosen at the first start and kept.",
    )
    replicas: int = Field(1, ge=1, le=5, description="How many servers of a cluster hold each event.")


class Postgres(_Section):
    """The PostgreSQL server that holds the projections."""

    url: Annotated[str, _scheme_in("postgresql", "postgres", "postgresql+asyncpg")] = Field(
        "", description="The database's URL. Empty: the runtime starts its own server."
    )


class Worker(_Section):
    """The node that runs tasks."""

    node: NodeId = Field("local", description="The node's id; its worker commands as `worker-<id>`.")
    max_tasks: int = Field(8, ge=1, le=10_000, description="How many programs it runs at once.")
    max_bodies: int = Field(
        10_000,
        ge=0,
        le=1_000_000,
        description="How many bodies of agents it interprets at once, beside the programs.",
    )
    body_memory_mb: int = Field(
        64,
        ge=1,
        le=1_048_576,
        description="The most memory that one body may use, in MiB, whatever its agent is allowed.",
    )
    memory_mb: int = Field(
        default_factory=machine.memory_mb,
        ge=16,
        description="The memory that it gives to tasks, in MiB. Unset: all that this machine has.",
    )
    cpu_cores: float = Field(
        default_factory=machine.cpu_cores,
        gt=0,
        description="The cores that it gives to tasks. Unset: all that this machine has.",
    )
    docker_host: Annotated[str, _scheme_in("unix", "tcp", "http", "https", "ssh")] = Field(
        "",
        description="The Docker engine's URL. Empty: what DOCKER_HOST names, or the local engine.",
    )
    task_image: str = Field(
        "busybox:stable",
        min_length=1,
        description="The container image of programs that name none; the gateway's setting counts.",
    )
    output_limit_bytes: int = Field(
        1_048_576,
        ge=1024,
        le=1_073_741_824,
        description="The most bytes that are kept of what a task prints; the rest is cut off.",
    )


class Snapshots(_Section):
    """Snapshots of the decision state, so that a start does not replay the whole log."""

    every_events: int = Field(20_000, ge=100, description="One is taken after that many events.")


class Answers(_Section):
    """The answers that repeated commands get again."""

    horizon_hours: float = Field(24.0, ge=24, le=8784, description="For how long an answer is kept.")


class Log(_Section):
    """The producer statements in the event log."""

    statement_interval_s: float = Field(
        1.0,
        gt=0,
        le=60,
        description="How long the broker's acknowledgements are gathered before they are stated in the log.",
    )


class Settings(_Section):
    """Everything that may be chosen; immutable, and complete after `load`."""

    data_dir: AbsolutePath = Field(
        DEFAULT_DATA_DIR,
        validate_default=True,
        description="Everything that one runtime keeps.",
    )
    config_path: AbsolutePath | None = None
    """The file that was read, where one was."""
    runtime: Runtime = Field(default_factory=Runtime)
    security: Security = Field(default_factory=Security)
    nats: Nats = Field(default_factory=Nats)
    postgres: Postgres = Field(default_factory=Postgres)
    worker: Worker = Field(default_factory=Worker)
    snapshots: Snapshots = Field(default_factory=Snapshots)
    answers: Answers = Field(default_factory=Answers)
    log: Log = Field(default_factory=Log)

    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @property
    def audit_storage(self) -> Path:
        """Where what is kept for auditors goes."""
        return self.security.audit_storage or self.data_dir / "audit"

    def explain(self) -> list[Explained]:
        """Every setting with its value and where that came from; passwords are masked."""
        rows = [Explained("data_dir", str(self.data_dir), self._sources.get("data_dir", "default"))]
        if self.config_path is not None:
            rows.append(Explained("config_path", str(self.config_path), self._sources.get("config_path", "")))
        for key in keys():
            section, _, name = key.partition(".")
            value = self.audit_storage if name == "audit_storage" else getattr(getattr(self, section), name)
            rows.append(Explained(key, _plain(value), self._sources.get(key) or _default_source(name)))
        return rows


@cache
def sections() -> dict[str, type[_Section]]:
    """The sections of the file, in order."""
    return {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, _Section)
    }


@cache
def keys() -> tuple[str, ...]:
    """Every key that a file may hold: `nats.port`."""
    return tuple(f"{name}.{key}" for name, section in sections().items() for key in section.model_fields)


def _plain(value: Any) -> Value:
    if isinstance(value, str | Path):
        return masked(str(value))
    return value  # type: ignore[no-any-return]


def _default_source(name: str) -> str:
    return "the machine" if name in ("memory_mb", "cpu_cores") else "default"
