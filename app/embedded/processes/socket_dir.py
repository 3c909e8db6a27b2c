"""A private directory for a Unix socket, with a path that is short enough for one."""

import os
import secrets
import stat
import tempfile
from pathlib import Path

from .account import Account

# sockaddr_un has 108 bytes for a path and its closing zero.
LONGEST = 107


def prepare(preferred: Path, socket: str, remembered: Path, account: Account | None) -> Path:
    """A directory of mode 0700 owned by `account` in which a socket called `socket` can be made.

    It is `preferred` where the path is short enough; otherwise one with an unguessable name in
    $XDG_RUNTIME_DIR or the temporary directory, the same at every start: `remembered` keeps its name.
    """
    if _fits(preferred, socket):
        preferred.mkdir(mode=0o700, exist_ok=True)
        if account:
            account.own(preferred)
        return preferred
    if remembered.exists():
        known = Path(remembered.read_text().strip())
        if _fits(known, socket) and _make_ours(known, account):
            return known
    fresh = _short_base(socket) / f"symbi-{secrets.token_hex(6)}"
    if not _make_ours(fresh, account):
        raise FileExistsError(fresh)
    remembered.write_text(f"{fresh}\n")
    return fresh


def _fits(directory: Path, socket: str) -> bool:
    return len(os.fsencode(directory / socket)) <= LONGEST


def _short_base(socket: str) -> Path:
    bases = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"]
    for base in bases:
        if base and os.access(base, os.W_OK) and _fits(Path(base, "symbi-0123456789ab"), socket):
            return Path(base)
    return Path("/tmp")


def _make_ours(directory: Path, account: Account | None) -> bool:
    """Make the directory, or find that it is already ours alone; in /tmp anybody can take a name first."""
    owner = account.uid if account else os.geteuid()
    try:
        directory.mkdir(mode=0o700)
        if account:
            account.own(directory)
    except FileExistsError:
        pass
    except OSError:
        return False
    found = directory.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & 0o077
