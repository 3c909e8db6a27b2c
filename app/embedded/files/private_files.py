"""Secrets as files: made once, complete or not at all, readable by their owner only."""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from ..errors import SecretExposed


def read_or_create(path: Path, make: Callable[[], bytes]) -> bytes:
    """The secret in `path`; `make()` is stored there first when there is none.

    Of two processes that race, one wins and both return the same bytes.
    Raises `SecretExposed` when the file is a link, somebody else's, or open to others.
    """
    if not os.path.lexists(path):
        _create(path, make())
    return read(path)


def read(path: Path) -> bytes:
    """The secret in `path`. Raises FileNotFoundError, or `SecretExposed` as `read_or_create` does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SecretExposed(path=path) from error
    with open(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        private = found.st_uid == os.geteuid() and not found.st_mode & 0o077
        if not private or not stat.S_ISREG(found.st_mode):
            raise SecretExposed(path=path)
        return file.read()


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content` with mode 0600: readers see the old bytes or the new, after a crash too."""
    draft = _draft(path, content)
    os.replace(draft, path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(path: Path, content: bytes) -> None:
    draft = _draft(path, content)
    try:
        # A link, not a rename: it fails when the other racer was first, and never shows half a secret.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    sync_directory(path.parent)


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft
