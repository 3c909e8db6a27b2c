"""Files that are there whole and for good, or not at all."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path


def create(path: Path, content: bytes) -> bool:
    """Make the file *path* with mode 0600 unless it is there already; True if this call made it.

    It is durable when this returns. Of concurrent creators exactly one wins.
    """
    draft = _draft(path, content)
    try:
        # A link, not a rename: it fails when somebody else was first.
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
        sync_directory(path.parent)
    return True


def replace(path: Path, content: bytes) -> None:
    """Put *content* in place of what *path* holds: readers see the old bytes or the new, never a mixture."""
    draft = _draft(path, content)
    try:
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def replace_all(files: Mapping[Path, bytes]) -> None:
    """Put each content in place of what its path holds, one after the other, and make the directories.

    All of them are durable when this returns; after an error, each is there whole, or as it was.
    """
    for directory in {path.parent for path in files}:
        make_directory(directory)
    drafts: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            drafts[path] = _draft(path, content)
        for path in files:
            os.replace(drafts[path], path)
            del drafts[path]
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    for directory in {path.parent for path in files}:
        sync_directory(directory)


def make_directory(path: Path) -> None:
    """Make *path*, mode 0700, and what is missing above it, durably."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft
