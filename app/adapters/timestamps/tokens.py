"""Timestamp tokens (RFC 3161), verified without any network.

Checked are the signature, the certificates up to a root at the time of the token, the purpose of the
authority's certificate (critical, timeStamping alone), and that the token is over the very bytes. Whether the
certificate was revoked since is not.
"""

from collections.abc import Sequence
from datetime import UTC

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    TimeStampRequest,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from ...audit.verify.course import Stamped
from ...ports.timestamps import MalformedRoots, TokenRejected


def read_tokens(roots: Sequence[bytes]) -> Stamped:
    """See `app.ports.timestamps.TokenReader`."""
    trusted = certificates(roots)

    def stamped(token: bytes, content: bytes) -> int | None:
        try:
            return verify_token(token, content, trusted)
        except TokenRejected:
            return None

    return stamped


def certificates(roots: Sequence[bytes]) -> list[Certificate]:
    """The certificates in PEM files. Raises `MalformedRoots`; also where there is none."""
    try:
        found = [one for pem in roots for one in load_pem_x509_certificates(pem)]
    except ValueError as error:
        raise MalformedRoots(reason=error) from None
    if not found:
        raise MalformedRoots(reason="there is none")
    return list(dict.fromkeys(found))


def verify_token(
    token: bytes, content: bytes, roots: Sequence[Certificate], request: TimeStampRequest | None = None
) -> int:
    """The time at which *content* was seen, in nanoseconds since the epoch.

    With *request* it must be the answer to that one.

    Raises:
        TokenRejected: the token does not prove it.
    """
    builder = VerifierBuilder() if request is None else VerifierBuilder.from_request(request)
    builder = VerifierBuilder(policy_id=builder._policy_id, nonce=builder._nonce, roots=list(roots))
    try:
        answer: TimeStampResponse = decode_timestamp_response(token)
        builder.build().verify_message(answer, content)
    except (VerificationError, ValueError) as error:
        raise TokenRejected(reason=error) from None
    seen = answer.tst_info.gen_time.replace(tzinfo=UTC)
    return int(seen.timestamp()) * 1_000_000_000 + seen.microsecond * 1000
