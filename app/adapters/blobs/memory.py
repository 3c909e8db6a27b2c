"""Blobs that end with the process: for tests, and for embedding."""

from events.content import ContentRef
from events.personal import DataKeys

from ...ports.blobs import BlobMissing
from .sealing import seal, unseal


class MemoryBlobs:
    """`app.ports.blobs.Blobs` in memory, encrypted like everywhere else."""

    def __init__(self, keys: DataKeys) -> None:
        self._keys = keys
        self._stored: dict[str, bytes] = {}

    async def put(self, content: bytes, *, scope: str, media_type: str) -> ContentRef:
        """Store *content* until the process ends."""
        blob = seal(content, scope=scope, media_type=media_type, keys=self._keys)
        self._stored[blob.ref.digest] = blob.stored
        return blob.ref

    async def get(self, ref: ContentRef) -> bytes:
        """The content; the errors are those of the port."""
        stored = self._stored.get(ref.digest)
        if stored is None:
            raise BlobMissing(digest=ref.digest)
        return unseal(ref, stored, self._keys)
