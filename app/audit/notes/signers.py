"""Keys that sign notes: a log's, and a witness's with the time."""

from dataclasses import dataclass

from events.signing import SigningKey

from .keys import SignatureType, VerifierKey, cosigned_message
from .note import SignatureLine


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A log's key, under the log's origin. It signs checkpoints and nothing else."""

    name: str
    key: SigningKey

    @property
    def verifier(self) -> VerifierKey:
        """What verifies its lines."""
        return VerifierKey(self.name, SignatureType.ED25519, self.key.public_key)

    def sign(self, text: str) -> SignatureLine:
        """Its line under *text*, which ends in a newline; the same text gives the same line."""
        return SignatureLine(self.name, self.verifier.key_id, self.key.sign_note(text.encode()))


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's key, under the witness's name."""

    name: str
    key: SigningKey

    @property
    def verifier(self) -> VerifierKey:
        """What verifies its lines."""
        return VerifierKey(self.name, SignatureType.COSIGNATURE, self.key.public_key)

    def sign(self, text: str, time_s: int) -> SignatureLine:
        """Its line under a checkpoint's *text*, as of *time_s* seconds since the epoch."""
        signature = self.key.sign_note(cosigned_message(text, time_s))
        return SignatureLine(self.name, self.verifier.key_id, time_s.to_bytes(8, "big") + signature)
