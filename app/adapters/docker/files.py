"""The files of a task as the archive that the engine unpacks."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from .errors import UnusableJob


def pack(files: Mapping[str, bytes]) -> bytes:
    """A tar archive of *files* and their directories, owned by root, for everybody to read and run.

    Raises:
        UnusableJob: a path leads elsewhere, or through another file.
    """
    paths = {_checked(name): content for name, content in files.items()}
    directories = {parent for path in paths for parent in path.parents if parent.name}
    if through := sorted(directories & paths.keys()):
        raise UnusableJob(reason=f"{through[0]} is both a file and a directory")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for directory in sorted(directories):
            archive.addfile(_entry(directory, tarfile.DIRTYPE))
        for path, content in paths.items():
            entry = _entry(path, tarfile.REGTYPE)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _checked(name: str) -> PurePosixPath:
    parts = name.split("/")
    if "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise UnusableJob(reason=f"{name!r} is no path below the working directory")
    return PurePosixPath(name)


def _entry(path: PurePosixPath, kind: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(str(path))
    entry.type, entry.mode, entry.uname, entry.gname = kind, 0o555, "root", "root"
    return entry
