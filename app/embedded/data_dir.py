"""The data directory: everything one runtime keeps, owned by one user and used by one process."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from .errors import UnusableName
from .files import private_files
from .files.directory_check import check_ours, check_version, make_private, make_root
from .files.lock import DirectoryLock
from .files.runtime_info import RuntimeInfo

FOLDERS = ("keys", "nats", "nats/jetstream", "postgres", "blobs", "datakeys", "audit", "logs")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class DataDir:
    """One data directory, mode 0700:

        VERSION  lock  runtime.json  keys/<name>.key  nats/<login>.nk  nats/nats.conf
        nats/jetstream/  postgres/  blobs/  datakeys/  audit/  logs/

    Obtain one with `DataDir.open`. Whoever runs servers in it or writes `runtime.json` holds it:
    `with DataDir.open(path) as data: ...`, or `acquire()` and `release()`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keys = path / "keys"
        self.nats = path / "nats"
        self.postgres = path / "postgres"
        self.blobs = path / "blobs"
        self.datakeys = path / "datakeys"
        self.audit = path / "audit"
        self.logs = path / "logs"
        self._runtime = path / "runtime.json"
        self._lock = DirectoryLock(path / "lock")

    @classmethod
    def open(cls, path: Path | str, create: bool = True) -> "DataDir":
        """The directory at `path`, checked; an absent or empty one is set up if `create` is true.

        Raises `DataDirMissing`, `DataDirIsLink`, `DataDirForeign`, `DataDirNotWritable`, `NotADataDir`
        or `DataDirTooNew`, before anything in it is changed.
        """
        plain = Path(os.path.abspath(Path(path).expanduser()))
        if create:
            make_root(plain)
        check_ours(plain)
        check_version(plain, create)
        for folder in FOLDERS:
            make_private(plain / folder)
        return cls(plain)

    @property
    def held(self) -> bool:
        """Whether this object holds the directory."""
        return self._lock.held

    def acquire(self) -> None:
        """Hold the directory until `release()` or the end of this process; holding it twice is once.

        Raises `DataDirInUse`, which names the process that holds it.
        """
        if not self._lock.held:
            self._lock.acquire()
            # Whoever wrote it held the lock and is gone.
            self._runtime.unlink(missing_ok=True)

    def release(self) -> None:
        """Let go of the directory and remove `runtime.json`; nothing happens when it is not held."""
        if self._lock.held:
            self.clear_runtime()
            self._lock.release()

    def __enter__(self) -> "DataDir":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def secret(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The secret `keys/<name>.key`, stored from `make()` at its first use, mode 0600.

        Raises `SecretExposed` when others could read it.
        """
        return private_files.read_or_create(self.key_path(name), make)

    def key_path(self, name: str) -> Path:
        """Where the key called `name` lies, whether it exists or not."""
        return self.keys / f"{_usable(name)}.key"

    def login_path(self, name: str) -> Path:
        """Where the NATS seed of the login called `name` lies, whether it exists or not."""
        return self.nats / f"{_usable(name)}.nk"

    def write_runtime(self, info: RuntimeInfo) -> None:
        """Tell other processes how to reach the runtime. Only whoever holds the directory may."""
        assert self.held, "acquire() the data directory before write_runtime()"
        private_files.write_atomically(self._runtime, info.to_json())

    def read_runtime(self) -> RuntimeInfo | None:
        """How to reach the runtime of this directory; None when nobody holds it or it is not ready yet."""
        try:
            info = RuntimeInfo.from_json(private_files.read(self._runtime))
        except FileNotFoundError:
            return None
        return info if self._lock.is_held() else None

    def clear_runtime(self) -> None:
        """Say that no runtime can be reached here."""
        self._runtime.unlink(missing_ok=True)


def _usable(name: str) -> str:
    if not NAME.fullmatch(name):
        raise UnusableName(name=name)
    return name
