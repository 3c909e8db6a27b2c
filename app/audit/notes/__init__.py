"""Signed notes: checkpoints of logs, cosignatures of witnesses, and whom to trust."""

from .checkpoint import Checkpoint
from .keys import MalformedKey, SignatureType, VerifierKey
from .note import MalformedNote, Note, SignatureLine, parse_lines
from .opening import NoteRejected, OpenedNote, Signed, good_signatures, open_note
from .policy import KnownLog, KnownWitness, MalformedPolicy, TrustPolicy
from .signers import Cosigner, NoteSigner

__all__ = [
    "Checkpoint",
    "Cosigner",
    "KnownLog",
    "KnownWitness",
    "MalformedKey",
    "MalformedNote",
    "MalformedPolicy",
    "Note",
    "NoteRejected",
    "NoteSigner",
    "OpenedNote",
    "SignatureLine",
    "SignatureType",
    "Signed",
    "TrustPolicy",
    "VerifierKey",
    "good_signatures",
    "open_note",
    "parse_lines",
]
