"""Content that events speak of but do not hold."""

from typing import Protocol

from events.content import ContentRef

from ..errors import Corrupt, Rejected


class BlobMissing(Rejected):
    """The content {digest} is not in the blob store; it was removed or never stored."""


class BlobCorrupt(Corrupt):
    """The content {digest} does not match its digest, or does not decrypt under its scope's key."""


class BlobErased(Rejected):
    """The content {digest} can never be read again: the data key of {scope} was destroyed."""


class Blobs(Protocol):
    """A content-addressed store of encrypted content.

    Content is encrypted deterministically (AES-SIV, RFC 5297) under its scope's data key, so that the same
    content under the same scope has the same digest, and the digest tells nothing without the key.
    """

    async def put(self, content: bytes, *, scope: str, media_type: str) -> ContentRef:
        """Store *content* durably; storing it twice stores it once."""
        ...

    async def get(self, ref: ContentRef) -> bytes:
        """The content.

        Raises:
            BlobMissing: it is not there.
            BlobErased: its key was destroyed.
            BlobCorrupt: its bytes do not match.
        """
        ...
