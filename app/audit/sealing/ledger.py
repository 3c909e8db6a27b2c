"""The log as it is sealed: each event becomes an entry, a leaf of the tree and a link of the chain."""

from dataclasses import dataclass

from events import chain
from events.codec import Raw

from ...errors import Corrupt
from ..tree import MAX_ENTRY, Growth

LOG_SUBJECTS = "symbi.evt._.log."
"""Where the log speaks of itself; that alone is no reason to seal again, or sealing would never end."""


class SequenceGap(Corrupt):
    """Position {expected} is missing from the log: {found} comes next. Nothing more is sealed."""


class SequenceBackwards(Corrupt):
    """The log went back: position {found} came again after {last}. Nothing more is sealed."""


class Unsealable(Corrupt):
    """The event at position {seq} cannot be sealed: {reason}."""


@dataclass(frozen=True, slots=True)
class Link:
    """What one event of the log is in chain and tree."""

    seq: int
    entry: bytes
    leaf: bytes
    chain_hash: bytes
    """C_seq: this event, and everything before it."""


class Ledger:
    """Chain and tree over a log, in the memory that their ends need.

    It does no I/O, and the same events give the same bytes, whoever seals them and how often it restarts.
    """

    def __init__(self, origin: str, growth: Growth | None = None, chain_hash: bytes | None = None) -> None:
        """The ledger of the log *origin* before its first event, or where tree and chain stand already."""
        self.origin = origin
        self.growth = growth or Growth()
        self.chain_hash = chain_hash or chain.genesis(origin)
        self.unsealed = 0
        """Events since the newest checkpoint, those of the log about itself left out."""

    @property
    def size(self) -> int:
        """The position of the newest event that was taken."""
        return self.growth.size

    def take(self, raw: Raw) -> Link:
        """Take the next event.

        Raises:
            SequenceGap, SequenceBackwards: it is not the next one. Nothing was taken.
            Unsealable: it has no time, or does not fit an entry. Nothing was taken.
        """
        link = link_of(raw, self.chain_hash, after=self.size)
        self.growth.append(link.entry, link.leaf)
        self.chain_hash = link.chain_hash
        self.unsealed += not raw.subject.startswith(LOG_SUBJECTS)
        return link


def link_of(raw: Raw, before: bytes, *, after: int) -> Link:
    """What *raw* is after position *after* and the chain hash *before*. Raises as `Ledger.take` does."""
    if raw.seq > after + 1:
        raise SequenceGap(expected=after + 1, found=raw.seq)
    if raw.seq <= after:
        raise SequenceBackwards(found=raw.seq, last=after)
    if raw.stored_at <= 0:
        raise Unsealable(seq=raw.seq, reason="the broker's time of it is not known")
    try:
        entry = chain.entry(raw.seq, raw.stored_at, raw.subject, raw.payload, raw.signature)
    except ValueError as error:
        raise Unsealable(seq=raw.seq, reason=error) from None
    if len(entry) > MAX_ENTRY:
        raise Unsealable(seq=raw.seq, reason=f"its entry of {len(entry)} bytes fits no bundle")
    leaf = chain.leaf(entry)
    return Link(raw.seq, entry, leaf, chain.extend(before, leaf))
