"""What a witness cosigned last, one file for each log."""

import fcntl
import hashlib
from pathlib import Path
from typing import BinaryIO

from ...errors import Rejected, Unavailable
from .. import durable_files


class WitnessRunning(Rejected):
    """Another witness uses {directory} already."""


class WitnessStateUnavailable(Unavailable):
    """The witness cannot use {path}: {reason}."""


class FileWitnessState:
    """`app.ports.witness.WitnessState`: `<SHA-256 of the origin>.note`, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        """Make the directory where it is missing.

        Raises:
            WitnessRunning: another process has it.
            WitnessStateUnavailable: it cannot be used.
        """
        self._directory = directory
        self._lock = self._locked()

    def close(self) -> None:
        """Let others have the directory."""
        self._lock.close()

    def load(self, origin: str) -> bytes | None:
        """See `WitnessState.load`."""
        path = self._path(origin)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise WitnessStateUnavailable(path=path, reason=error.strerror or str(error)) from error

    def save(self, origin: str, note: bytes) -> None:
        """See `WitnessState.save`."""
        path = self._path(origin)
        try:
            durable_files.replace(path, note)
        except OSError as error:
            raise WitnessStateUnavailable(path=path, reason=error.strerror or str(error)) from error

    def _path(self, origin: str) -> Path:
        return self._directory / f"{hashlib.sha256(origin.encode()).hexdigest()}.note"

    def _locked(self) -> BinaryIO:
        path = self._directory / ".lock"
        try:
            durable_files.make_directory(self._directory)
            lock = path.open("ab")
        except OSError as error:
            raise WitnessStateUnavailable(path=path, reason=error.strerror or str(error)) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise WitnessRunning(directory=self._directory) from None
        return lock
