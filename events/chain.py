"""The hash chain over the log: what one position holds, and everything before it, in 32 bytes.

`||` is concatenation, `u64`, `u32` and `u16` are big-endian, hashes are SHA-256:

    entry = "SYE1" || u64 seq || u64 stored_at || u16 len(subject) || subject
            || u32 len(payload) || SHA256(payload) || SHA256(raw Symbi-Signature header, empty if absent)
    leaf  = SHA256(0x00 || entry)                      the leaf of the Merkle tree too
    C_0   = SHA256("symbi-chain-v1\\n" || origin || "\\n")
    C_i   = SHA256(0x02 || C_(i-1) || leaf_i)
"""

import hashlib
import struct

from .merkle import leaf_hash


def entry(seq: int, stored_at: int, subject: str, payload: bytes, signature: str) -> bytes:
    """What the log holds at position *seq*, as it enters chain and tree.

    *stored_at* is the broker's own time in nanoseconds since the epoch, *signature* the header as it came.

    Raises:
        ValueError: a number or a length does not fit its field.
    """
    return entry_of_digests(
        seq, stored_at, _utf8(subject), len(payload), _sha256(payload), _sha256(_utf8(signature))
    )


def entry_of_digests(
    seq: int, stored_at: int, subject: bytes, length: int, payload: bytes, signature: bytes
) -> bytes:
    """The same, from the payload's *length* in bytes and the digests of *payload* and *signature*.

    Raises:
        ValueError: a number or a length does not fit its field.
    """
    try:
        place = struct.pack(">QQH", seq, stored_at, len(subject))
        return b"SYE1" + place + subject + struct.pack(">I", length) + payload + signature
    except struct.error as error:
        raise ValueError(f"position {seq} does not fit an entry of the chain: {error}") from None


def leaf(entry: bytes) -> bytes:
    """The leaf of an entry: the same in the chain and in the Merkle tree."""
    return leaf_hash(entry)


def genesis(origin: str) -> bytes:
    """C_0, the chain before the first entry of the log that is called *origin*."""
    return _sha256(b"symbi-chain-v1\n" + origin.encode() + b"\n")


def extend(chain: bytes, leaf: bytes) -> bytes:
    """C_i, from C_(i-1) and the leaf of entry i."""
    return _sha256(b"\x02" + chain + leaf)


def producer_leaf(seq: int, event_id: str, payload: bytes) -> bytes:
    """The leaf of one event in its producer's statement: over u64 seq || event id || SHA256(payload)."""
    return producer_leaf_of_digest(seq, event_id, _sha256(payload))


def producer_leaf_of_digest(seq: int, event_id: str, payload: bytes) -> bytes:
    """The same, from the digest of the payload."""
    return leaf_hash(struct.pack(">Q", seq) + event_id.encode() + payload)


def _utf8(text: str) -> bytes:
    # A header or subject of other bytes, read with `surrogateescape`, gives those bytes again.
    return text.encode("utf-8", "surrogateescape")


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
