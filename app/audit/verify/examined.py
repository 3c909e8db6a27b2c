"""What is known of a piece of the log when each message in it was looked at alone."""

from array import array
from dataclasses import dataclass, field

from .problems import Problems


@dataclass(slots=True)
class Run:
    """Events of one boundary with consecutive revisions."""

    revision: int
    """Of the first of them."""
    seqs: "array[int]"


@dataclass(slots=True)
class Produced:
    """What one key signed: the positions, and the leaves as its statements cover them."""

    seqs: "array[int]" = field(default_factory=lambda: array("Q"))
    leaves: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, slots=True)
class Statement:
    """A producer statement, in the log or outside it."""

    seq: int
    """Its position in the log; 0 for a copy."""
    key_id: str
    n: int
    prev: str
    first: int
    last: int
    count: int
    root: str
    digest: str
    """Of its payload: what the next one's *prev* says."""
    time_ns: int
    """When it was made, as its producer says."""


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """`log.checkpoint.sealed`: the log says what it was when it was sealed."""

    seq: int
    time_ns: int
    size: int
    root: str
    chain_hash: str
    note: str


@dataclass(frozen=True, slots=True)
class AttestedEvent:
    """`log.checkpoint.witnessed` or `log.timestamped`: what an outsider signed, with a time."""

    seq: int
    size: int
    root: str
    proof: str
    """The witness's signature line, or the token in base64."""
    by_witness: bool


@dataclass(slots=True)
class Examined:
    """A piece of the log: consecutive positions from *first* on."""

    first: int
    leaves: bytes = b""
    """The leaf of each position: of the tile where there is one, else of the message."""
    tile_roots: list[bytes] = field(default_factory=list)
    """The root over each 256 leaves; what is left over has none."""
    stored: "array[int]" = field(default_factory=lambda: array("Q"))
    """When each was stored, in nanoseconds; 0 where it is not known."""
    problems: Problems = field(default_factory=Problems)
    events: int = 0
    """Messages that were there."""
    signatures: int = 0
    """Signatures that were good."""
    runs: dict[str, list[Run]] = field(default_factory=dict)
    """The revisions, by boundary."""
    produced: dict[str, Produced] = field(default_factory=dict)
    """By key."""
    statements: list[Statement] = field(default_factory=list)
    sealed: list[SealedEvent] = field(default_factory=list)
    attested: list[AttestedEvent] = field(default_factory=list)
    identities: list[tuple[int, bytes]] = field(default_factory=list)
    """Position and leaf of each decision about identities."""
    late: list[tuple[int, int]] = field(default_factory=list)
    """Position and claimed time of decisions that say to be much older than when they were stored."""
    doubtful: list[tuple[int, str]] = field(default_factory=list)
    """Position and key of events since when the key is suspected."""
    missing: list[str] = field(default_factory=list)
    """Files that are not there."""

    @property
    def size(self) -> int:
        """How many positions there are."""
        return len(self.leaves) // 32
