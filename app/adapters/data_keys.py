"""Data keys: one per scope, wrapped by a key-encryption key, and destroyed for good when asked."""

import hashlib
import os
import secrets
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from events.personal import KeyDestroyed

from ..errors import Corrupt, Invalid, Unavailable
from . import durable_files

KEY_BYTES = 32
NONCE_BYTES = 12
CANARY = "symbi/key-encryption-key"
"""A scope of our own: its key tells at once whether the key-encryption key fits the directory."""

# A file is one of these two. The tombstone is the longer one, so that one write covers every byte of a key.
WRAPPED = b"symbi-dk-v1\n"
DESTROYED = b"destroyed-1\n".ljust(128, b"\0")


class UnusableKek(Invalid):
    """The key-encryption key has {size} bytes; it must have 32. Put the right `kek.key` back in its place."""


class WrongKek(Corrupt):
    """{path} does not open: the key-encryption key is another one, or the file was changed. \
Put back the `kek.key` that this data directory was made with, or restore both from the same backup."""


class DataKeysUnavailable(Unavailable):
    """The data keys in {directory} cannot be used: {reason}."""


class FileDataKeys:
    """`events.personal.DataKeys` in files, for any number of threads and processes at once.

    Each scope has one file, named by the SHA-256 of the scope, with
    `"symbi-dk-v1\\n" || nonce[12] || AES-256-GCM(kek, nonce, data key, aad = scope)`.
    A destroyed key's file holds a tombstone instead; whoever has the key in memory notices at the next use.
    """

    def __init__(self, directory: Path, kek: bytes, *, cached: int = 4096) -> None:
        """Open *directory*, made if it is absent; at most *cached* keys are kept in memory.

        Raises:
            UnusableKek: *kek* is no 32-byte key.
            WrongKek: the directory belongs to another key.
        """
        if len(kek) != KEY_BYTES:
            raise UnusableKek(size=len(kek))
        self._directory = directory
        self._kek = AESGCM(kek)
        self._cached = cached
        self._cache: OrderedDict[str, _Cached] = OrderedDict()
        self._lock = Lock()
        with self._translated():
            durable_files.make_directory(directory)
        self.data_key(CANARY)

    def data_key(self, scope: str) -> bytes:
        """The 32-byte key of *scope*, made at first use and durable before it is returned.

        Raises:
            KeyDestroyed: it was destroyed, by whichever process.
            WrongKek: it does not open.
            DataKeysUnavailable: the files cannot be read or written.
        """
        path = self._path(scope)
        with self._translated():
            stamp = _stamp(path)
            if stamp is None:
                durable_files.create(path, self._wrap(scope, secrets.token_bytes(KEY_BYTES)))
                stamp = _stamp(path)
            elif key := self._remembered(scope, stamp):
                return key
            key = self._read(path, scope)
        self._remember(scope, key, stamp)
        return key

    def destroy(self, scope: str) -> None:
        """Destroy the key of *scope*: once this returns, nobody can obtain it, nor make another.

        Doing it again changes nothing. Copies of the files, such as backups, are beyond its reach.
        """
        path = self._path(scope)
        with self._translated():
            if not durable_files.create(path, DESTROYED):
                _overwrite(path, DESTROYED)
        with self._lock:
            self._cache.pop(scope, None)

    def _path(self, scope: str) -> Path:
        return self._directory / hashlib.sha256(scope.encode()).hexdigest()

    def _wrap(self, scope: str, key: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return WRAPPED + nonce + self._kek.encrypt(nonce, key, scope.encode())

    def _read(self, path: Path, scope: str) -> bytes:
        for _ in range(2):  # a read that meets a destruction may see half of each; the next one does not
            record = path.read_bytes()
            if record.startswith(DESTROYED[: len(WRAPPED)]):
                raise KeyDestroyed(f"the data key of {scope} was destroyed")
            if key := self._unwrap(record, scope):
                return key
        raise WrongKek(path=path)

    def _unwrap(self, record: bytes, scope: str) -> bytes | None:
        nonce, wrapped = record[len(WRAPPED) :][:NONCE_BYTES], record[len(WRAPPED) + NONCE_BYTES :]
        if not record.startswith(WRAPPED) or len(nonce) < NONCE_BYTES:
            return None
        try:
            return self._kek.decrypt(nonce, wrapped, scope.encode())
        except InvalidTag:
            return None

    def _remembered(self, scope: str, stamp: "_Stamp") -> bytes | None:
        with self._lock:
            found = self._cache.get(scope)
            if found is None or found.stamp != stamp:
                self._cache.pop(scope, None)
                return None
            self._cache.move_to_end(scope)
            return found.key

    def _remember(self, scope: str, key: bytes, stamp: "_Stamp | None") -> None:
        # A stamp from before the read: if the key was destroyed since, the next use sees another stamp.
        if stamp is None:
            return
        with self._lock:
            self._cache[scope] = _Cached(key, stamp)
            while len(self._cache) > self._cached:
                self._cache.popitem(last=False)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataKeysUnavailable(directory=self._directory, reason=reason) from error


class MemoryDataKeys:
    """`events.personal.DataKeys` that end with the process: for tests, and for embedding."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}
        self._destroyed: set[str] = set()
        self._lock = Lock()

    def data_key(self, scope: str) -> bytes:
        """The 32-byte key of *scope*, made at first use. Raises `KeyDestroyed` after its destruction."""
        with self._lock:
            if scope in self._destroyed:
                raise KeyDestroyed(f"the data key of {scope} was destroyed")
            return self._keys.setdefault(scope, secrets.token_bytes(KEY_BYTES))

    def destroy(self, scope: str) -> None:
        """Destroy the key of *scope* for good."""
        with self._lock:
            self._destroyed.add(scope)
            self._keys.pop(scope, None)


class _Stamp(NamedTuple):
    """What changes when a file's content does; the size differs between a key and a tombstone."""

    inode: int
    size: int
    changed_ns: int


class _Cached(NamedTuple):
    key: bytes
    stamp: _Stamp


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return _Stamp(found.st_ino, found.st_size, found.st_mtime_ns)


def _overwrite(path: Path, content: bytes) -> None:
    """Overwrite in place, in one write: the wrapped key's own bytes go."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, content, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
