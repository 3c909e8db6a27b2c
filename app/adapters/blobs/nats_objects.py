"""Blobs in a JetStream object store: what several machines share.

The objects are those of the object store format (NATS ADR-20), so `nats object` shows them. Chunks lie
under the digest instead of a random id, each written on condition that it follows the one before: writers
of the same content complete one another's work, and nobody ever has to purge.
"""

import asyncio
import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, BadRequestError, NotFoundError

from events import strict_json
from events.content import ContentRef
from events.personal import DataKeys

from ...ports.blobs import BlobCorrupt, BlobMissing
from .errors import BlobStoreUnavailable, BucketMissing
from .sealing import OVERHEAD_BYTES, SealedBlob, digest_hex, seal, unseal

CHUNK_BYTES = 128 * 1024
CHUNK_INDEX = "Symbi-Chunk"
STREAM_MISSING = 10059
WRONG_LAST_SEQUENCE = 10071


class NatsBlobs:
    """`app.ports.blobs.Blobs` in the object store *bucket*; its login needs no right to purge or delete.

    Every read goes to the stream's leader: what `put` has returned, `get` finds from anywhere.
    """

    def __init__(self, client: Client, keys: DataKeys, *, bucket: str = "SYMBI_BLOBS") -> None:
        self._jetstream: JetStreamContext = client.jetstream()
        self._keys = keys
        self._bucket = bucket
        self._stream = f"OBJ_{bucket}"

    async def make_bucket(self, *, replicas: int = 1) -> None:
        """Make the object store unless it is there. This takes a login that may create streams."""
        with self._translated():
            try:
                await self._jetstream.stream_info(self._stream)
            except NotFoundError:
                await self._jetstream.create_object_store(
                    self._bucket, replicas=replicas, storage=api.StorageType.FILE
                )

    async def put(self, content: bytes, *, scope: str, media_type: str) -> ContentRef:
        """Store *content*; once this returns, the server has acknowledged all of it."""
        blob = await asyncio.to_thread(seal, content, scope=scope, media_type=media_type, keys=self._keys)
        with self._translated():
            await self._write_chunks(blob)
            if await self._described(blob.ref) != (self._chunks(digest_hex(blob.ref)), len(blob.stored)):
                await self._describe(blob)
        return blob.ref

    async def get(self, ref: ContentRef) -> bytes:
        """The content; the errors are those of the port."""
        with self._translated():
            found = await self._described(ref)
            if found is None:
                raise BlobMissing(digest=ref.digest)
            stored = await self._read_chunks(found, ref)
        return await asyncio.to_thread(unseal, ref, stored, self._keys)

    async def _write_chunks(self, blob: SealedBlob) -> None:
        subject = self._chunks(digest_hex(blob.ref))
        position = await self._written(subject)
        while (start := position.chunks * CHUNK_BYTES) < len(blob.stored):
            headers = {
                api.Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: str(position.seq),
                CHUNK_INDEX: str(position.chunks),
            }
            chunk = blob.stored[start : start + CHUNK_BYTES]
            try:
                ack = await self._jetstream.publish(subject, chunk, headers=headers)
                position = _Written(position.chunks + 1, ack.seq)
            except BadRequestError as error:
                if error.err_code != WRONG_LAST_SEQUENCE:
                    raise
                position = await self._written(subject)  # somebody else stores the same, and is ahead

    async def _written(self, subject: str) -> "_Written":
        try:
            last = await self._jetstream.get_last_msg(self._stream, subject)
        except NotFoundError as error:
            _check_bucket(error, self._bucket)
            return _Written(0, 0)
        index = (last.headers or {}).get(CHUNK_INDEX, "")
        if not index.isdecimal():
            raise BlobStoreUnavailable(store=self._bucket, reason=f"{subject} holds what we did not write")
        return _Written(int(index) + 1, last.seq or 0)

    async def _describe(self, blob: SealedBlob) -> None:
        name = digest_hex(blob.ref)
        sha256 = base64.urlsafe_b64encode(hashlib.sha256(blob.stored).digest()).decode()
        about = {
            "name": name,
            "bucket": self._bucket,
            "nuid": name,
            "size": len(blob.stored),
            "chunks": -(-len(blob.stored) // CHUNK_BYTES),
            "digest": f"SHA-256={sha256}",
            "options": {"max_chunk_size": CHUNK_BYTES},
        }
        headers = {api.Header.ROLLUP.value: "sub"}
        await self._jetstream.publish(self._about(name), strict_json.dumps(about), headers=headers)

    async def _described(self, ref: ContentRef) -> "_Described | None":
        try:
            message = await self._jetstream.get_last_msg(self._stream, self._about(digest_hex(ref)))
        except NotFoundError as error:
            _check_bucket(error, self._bucket)
            return None
        try:
            about = strict_json.loads(message.data or b"")
            return None if about.get("deleted") else _Described(self._chunks(about["nuid"]), about["size"])
        except (ValueError, LookupError, AttributeError):
            return _Described("", 0)  # whatever it describes, it is not what we want

    async def _read_chunks(self, found: "_Described", ref: ContentRef) -> bytes:
        if found.size != ref.size + OVERHEAD_BYTES:
            raise BlobCorrupt(digest=ref.digest)
        parts: list[bytes] = []
        left, seq = found.size, 0
        while left > 0:
            try:
                message = await self._jetstream.get_msg(self._stream, seq + 1, found.subject, next=True)
            except NotFoundError:
                raise BlobCorrupt(digest=ref.digest) from None
            parts.append(message.data or b"")
            left, seq = left - len(parts[-1]), message.seq or 0
        return b"".join(parts)

    def _chunks(self, nuid: str) -> str:
        return f"$O.{self._bucket}.C.{nuid}"

    def _about(self, name: str) -> str:
        return f"$O.{self._bucket}.M.{base64.urlsafe_b64encode(name.encode()).decode()}"

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except NotFoundError as error:
            raise BucketMissing(bucket=self._bucket) from error
        except APIError as error:
            raise BlobStoreUnavailable(store=self._bucket, reason=error.description) from error
        except (NatsError, TimeoutError) as error:
            raise BlobStoreUnavailable(store=self._bucket, reason=str(error)) from error


class _Written(NamedTuple):
    """How far the chunks of one object have come."""

    chunks: int
    seq: int
    """The stream sequence of the last one; 0 when there is none."""


class _Described(NamedTuple):
    """Where the chunks of a complete object lie, and how many bytes they are."""

    subject: str
    size: int


def _check_bucket(error: NotFoundError, bucket: str) -> None:
    if error.err_code == STREAM_MISSING:
        raise BucketMissing(bucket=bucket) from error
