"""Checkpoints in files: each one a line of JSON, their cosignatures too, and the newest as it is served."""

import asyncio
import fcntl
import heapq
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path

import orjson

from ...audit.notes import MalformedNote, Note
from ...audit.sealing import Sealed
from ...ports.checkpoints import CheckpointDamaged, CheckpointTaken
from .. import durable_files
from .errors import translated
from .lines import Lines

NEWEST = "checkpoint"
"""Where c2sp.org/tlog-tiles wants it, with all its signatures."""

_AT_ONCE = 500


class FileCheckpoints:
    """`app.ports.checkpoints.CheckpointStore` in one directory, which several processes may use at once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._signed = Lines(directory / "checkpoints.jsonl")
        """Each larger than the one before."""
        self._cosigned_later = Lines(directory / "cosigned.jsonl")

    async def newest(self) -> Sealed | None:
        """See `CheckpointStore.newest`."""
        return await asyncio.to_thread(self._locked_newest)

    async def append(self, sealed: Sealed, *, after: int | None) -> None:
        """See `CheckpointStore.append`."""
        await asyncio.to_thread(self._append, sealed, after)

    async def cosigned(self, sealed: Sealed) -> None:
        """See `CheckpointStore.cosigned`."""
        await asyncio.to_thread(self._cosigned, sealed)

    async def read(self, *, after: int = 0) -> AsyncIterator[Sealed]:
        """See `CheckpointStore.read`."""
        kept = self.read_now(after=after)
        while batch := await asyncio.to_thread(lambda: list(islice(kept, _AT_ONCE))):
            for sealed in batch:
                yield sealed

    def read_now(self, *, after: int = 0) -> Iterator[Sealed]:
        """The same, read where this is called."""
        with translated(self._directory):
            files = (map(self._parsed, file) for file in (self._signed, self._cosigned_later))
            in_order = heapq.merge(*files, key=lambda sealed: sealed.size)
            for size, same in groupby(in_order, key=lambda sealed: sealed.size):
                if size > after:
                    yield _merged(list(same))

    def _locked_newest(self) -> Sealed | None:
        with self._locked():
            return self._newest()

    def _append(self, sealed: Sealed, after: int | None) -> None:
        with self._locked():
            newest = self._newest()
            found = newest.size if newest else None
            if found != after:
                raise CheckpointTaken(found=found, expected=after)
            self._signed.append(_line(sealed))
            # Kept; a crash here leaves an older one to be served, until the next.
            durable_files.replace(self._directory / NEWEST, sealed.note)

    def _cosigned(self, sealed: Sealed) -> None:
        with self._locked():
            self._cosigned_later.append(_line(sealed))
            newest = self._newest()
            if newest is not None and newest.size == sealed.size:
                durable_files.replace(self._directory / NEWEST, _merged([newest, sealed]).note)

    def _newest(self) -> Sealed | None:
        line = self._signed.last()
        if not line:
            return None
        newest = self._parsed(line)
        try:
            served = Note.parse((self._directory / NEWEST).read_bytes())
        except (FileNotFoundError, MalformedNote):
            return newest
        same = served.text == Note.parse(newest.note).text
        return newest.with_lines(served.signatures) if same else newest

    def _parsed(self, line: bytes) -> Sealed:
        try:
            document = orjson.loads(line)
            root, chain_hash = bytes.fromhex(document["root"]), bytes.fromhex(document["chain_hash"])
            return Sealed(int(document["size"]), root, chain_hash, document["note"].encode())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointDamaged(place=self._directory, reason=repr(error)) from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with translated(self._directory):
            durable_files.make_directory(self._directory)
            with (self._directory / ".checkpoints.lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield


def _merged(same: list[Sealed]) -> Sealed:
    """One checkpoint with the signatures of all of *same*."""
    return same[0].with_lines(line for one in same[1:] for line in Note.parse(one.note).signatures)


def _line(sealed: Sealed) -> bytes:
    document = {
        "size": sealed.size,
        "root": sealed.root.hex(),
        "chain_hash": sealed.chain_hash.hex(),
        "note": sealed.note.decode(),
    }
    return orjson.dumps(document) + b"\n"
