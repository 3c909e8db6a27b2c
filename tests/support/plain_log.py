"""Messages as a log holds them, which nothing needs to understand: for what only numbers and hashes them."""

from events import chain, merkle
from events.codec import Raw

BEGAN_NS = 1_790_000_000_000_000_000
ORIGIN = "symbi/test"


def plain(seq: int, text: str = "") -> Raw:
    """The message at position *seq*; another *text* is another message."""
    subject = f"symbi.evt.a{seq % 7}.agent.a{seq % 7}.suspended"
    payload = f'{{"number":{seq},"text":"{text}"}}'.encode()
    return Raw(seq, BEGAN_NS + seq * 1_000_000, subject, payload, f"signature {seq}", "ed25519:" + "0" * 32)


def plain_log(count: int, text: str = "") -> list[Raw]:
    """The first *count* messages."""
    return [plain(seq, text) for seq in range(1, count + 1)]


def entry_of(raw: Raw) -> bytes:
    """What it is in the tree."""
    return chain.entry(raw.seq, raw.stored_at, raw.subject, raw.payload, raw.signature)


def root_of(log: list[Raw]) -> bytes:
    """The root of the tree over all of *log*."""
    return merkle.root(chain.leaf(entry_of(raw)) for raw in log)


def chain_of(log: list[Raw]) -> bytes:
    """The chain hash of its last message."""
    value = chain.genesis(ORIGIN)
    for raw in log:
        value = chain.extend(value, chain.leaf(entry_of(raw)))
    return value
