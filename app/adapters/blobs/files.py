"""Blobs in files: what one machine needs."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from events.content import ContentRef
from events.personal import DataKeys

from ...ports.blobs import BlobMissing
from .. import durable_files
from .errors import BlobStoreUnavailable
from .sealing import digest_hex, seal, unseal


class FileBlobs:
    """`app.ports.blobs.Blobs` below one directory: `ab/cd/abcd…`, named by the digest, mode 0600.

    Any number of processes may use the directory at once. Encryption and files are left to threads.
    """

    def __init__(self, directory: Path, keys: DataKeys) -> None:
        self._directory = directory
        self._keys = keys

    async def put(self, content: bytes, *, scope: str, media_type: str) -> ContentRef:
        """Store *content*, synced to the disk; a stored copy that was damaged is made good."""
        return await asyncio.to_thread(self._put, content, scope, media_type)

    async def get(self, ref: ContentRef) -> bytes:
        """The content; the errors are those of the port."""
        return await asyncio.to_thread(self._get, ref)

    def _put(self, content: bytes, scope: str, media_type: str) -> ContentRef:
        blob = seal(content, scope=scope, media_type=media_type, keys=self._keys)
        path = self._path(blob.ref)
        with self._translated():
            if _read(path) == blob.stored:
                # Whoever wrote it may not have come to this yet, and we are about to say that it is durable.
                durable_files.sync_directory(path.parent)
            else:
                durable_files.make_directory(path.parent)
                durable_files.replace(path, blob.stored)
        return blob.ref

    def _get(self, ref: ContentRef) -> bytes:
        with self._translated():
            stored = _read(self._path(ref))
        if stored is None:
            raise BlobMissing(digest=ref.digest)
        return unseal(ref, stored, self._keys)

    def _path(self, ref: ContentRef) -> Path:
        name = digest_hex(ref)
        return self._directory / name[:2] / name[2:4] / name

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise BlobStoreUnavailable(store=self._directory, reason=reason) from error


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
