"""What is known about the log itself, and what people found in it."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, StringConstraints

from .base import Event, recorded_as
from .content import Digest
from .identifiers import Token

Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


@recorded_as("log.producer.acknowledged", aggregate="log", asserts_nothing=True)
class ProducerAcknowledged(Event):
    """A component states which events the broker acknowledged to its key, so that their loss shows."""

    producer: Token
    n: int
    """Counts the key's statements, from 1."""
    prev: Sha256Hex | Literal[""]
    """Hex SHA-256 of the previous statement's payload; empty for the first."""
    first_seq: int
    last_seq: int
    count: int
    root: Sha256Hex
    """Hex Merkle root (RFC 6962) over u64 seq || event id || SHA-256(payload)."""
    recovered: bool = False
    """True when it covers events re-read from the log after a crash."""


@recorded_as("log.checkpoint.sealed", aggregate="log", asserts_nothing=True)
class CheckpointSealed(Event):
    """The sealer signed the log's size and root."""

    size: int
    root: Sha256Hex
    chain_hash: Sha256Hex
    note: str
    """The whole C2SP signed note."""


@recorded_as("log.checkpoint.witnessed", aggregate="log", asserts_nothing=True)
class CheckpointWitnessed(Event):
    """A witness cosigned a checkpoint."""

    size: int
    root: Sha256Hex
    witness: str
    cosignature: str
    trust: str = "external"
    """`internal` where operator and user of the witness are the runtime's own."""


@recorded_as("log.timestamped", aggregate="log", asserts_nothing=True)
class LogTimestamped(Event):
    """A timestamp authority signed the time of a checkpoint."""

    size: int
    root: Sha256Hex
    tsa: str
    token: str
    """Base64 of the RFC 3161 token."""
    trust: str = "external"


@recorded_as("log.verified", aggregate="log", asserts_nothing=True)
class LogVerified(Event):
    """Somebody verified the log up to a position, with this result."""

    up_to: int
    result: str
    problems: dict[str, int] = Field(default_factory=dict)


@recorded_as("log.gap.detected", aggregate="log", asserts_nothing=True)
class LogGapDetected(Event):
    """Positions are missing from the log."""

    expected: int
    found: int
    detected_by: str


@recorded_as("log.exported", aggregate="log", asserts_nothing=True)
class LogExported(Event):
    """A part of the log was exported."""

    first_seq: int
    last_seq: int
    agent_id: Token | None = None
    digest: Digest
    destination: str


@recorded_as("log.config.changed", aggregate="log", asserts_nothing=True)
class LogConfigChanged(Event):
    """The configuration of the stream that holds the log changed."""

    changes: dict[str, Any]
    """Setting → what it is now."""
    noticed_by: str


@recorded_as("report.generated", aggregate="log", asserts_nothing=True)
class ReportGenerated(Event):
    """A report was made from the log."""

    report_id: Token
    framework: str
    digest: Digest
    checkpoint_size: int


@recorded_as("finding.opened", aggregate="log")
class FindingOpened(Event):
    """A control was found violated."""

    finding_id: Token
    framework: str
    control: str
    evidence: list[int]
    """Positions of the events that make the finding."""


@recorded_as("finding.accepted", aggregate="log")
class FindingAccepted(Event):
    """A person accepted the risk of a finding until a time."""

    finding_id: Token
    reason: str
    expires_at: str
    """RFC 3339 in UTC."""


@recorded_as("finding.remediated", aggregate="log")
class FindingRemediated(Event):
    """A person declared a finding mended."""

    finding_id: Token
    reason: str


LogEvent: TypeAlias = (
    ProducerAcknowledged
    | CheckpointSealed
    | CheckpointWitnessed
    | LogTimestamped
    | LogVerified
    | LogGapDetected
    | LogExported
    | LogConfigChanged
    | ReportGenerated
    | FindingOpened
    | FindingAccepted
    | FindingRemediated
)
