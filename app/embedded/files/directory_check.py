"""Is this directory ours to use? The checks before anything is changed in it."""

import os
import pwd
import stat
from pathlib import Path

from ..errors import (
    DataDirForeign,
    DataDirIsLink,
    DataDirMissing,
    DataDirNotWritable,
    DataDirTooNew,
    NotADataDir,
)

LAYOUT = 1
SETTINGS = "symbi.toml"
"""What may lie in a directory before its first start."""


def make_root(path: Path) -> None:
    """Make the directory, and those above it, where they do not exist."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise DataDirNotWritable(path=path, reason=error.strerror) from error


def check_ours(path: Path) -> None:
    """Refuse a missing one, a link, a file, somebody else's, and one that cannot be written."""
    try:
        found = path.lstat()
    except FileNotFoundError as error:
        raise DataDirMissing(path=path) from error
    except OSError as error:
        raise DataDirNotWritable(path=path, reason=error.strerror) from error
    if stat.S_ISLNK(found.st_mode):
        raise DataDirIsLink(path=path)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADataDir(f"{path} is not a directory. Choose another one with --data-dir.", path=path)
    if found.st_uid != os.geteuid():
        raise DataDirForeign(path=path, owner=_user_name(found.st_uid))
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise DataDirNotWritable(path=path, reason="permission denied")


def check_version(path: Path, create: bool) -> None:
    """Refuse what symbi did not make and what a newer symbi made; mark an empty one as ours."""
    version = path / "VERSION"
    if version.is_file() and not version.is_symlink():
        _check_known(path, version.read_text().strip())
    elif set(os.listdir(path)) - {SETTINGS}:
        raise NotADataDir(path=path)
    elif not create:
        raise DataDirMissing(path=path)
    try:
        path.chmod(0o700)
        # An empty VERSION is a first start that was cut off.
        if not version.exists() or not version.stat().st_size:
            version.write_text(f"{LAYOUT}\n")
    except OSError as error:
        raise DataDirNotWritable(path=path, reason=error.strerror) from error


def make_private(path: Path) -> None:
    """Make a directory inside, or refuse what stands in its place."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
    except FileExistsError as error:
        raise NotADataDir(f"{path} stands where symbi keeps a directory. Move it.", path=path) from error
    except OSError as error:
        raise DataDirNotWritable(path=path, reason=error.strerror) from error
    if stat.S_ISLNK(found.st_mode):
        raise DataDirIsLink(path=path)
    if found.st_uid != os.geteuid():
        raise DataDirForeign(path=path, owner=_user_name(found.st_uid))


def _check_known(path: Path, found: str) -> None:
    if found and not found.isdigit():
        raise NotADataDir(path=path)
    if int(found or LAYOUT) > LAYOUT:
        raise DataDirTooNew(path=path, found=found, known=LAYOUT)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"
