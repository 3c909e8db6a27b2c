"""What one check found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.config import Settings
from app.embedded.data_dir import DataDir
from app.embedded.files.runtime_info import RuntimeInfo
from app.errors import SymbiError

Result = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked, how it is, and what to do about it."""

    name: str
    result: Result
    detail: str
    advice: str = ""


def existing(path: Path) -> Path:
    """*path*, or the nearest directory above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def running(settings: Settings) -> RuntimeInfo | None:
    """The runtime that uses the data directory, where one does and the directory can be read."""
    try:
        return DataDir.open(settings.data_dir, create=False).read_runtime()
    except SymbiError:
        return None
