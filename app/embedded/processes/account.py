"""Who runs a server that refuses to be root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from ..errors import NoAccountForServer


@dataclass(frozen=True)
class Account:
    """A user to run a server as, and to own its files."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give the file or directory to this account. Raises `NoAccountForServer` when that is forbidden."""
        try:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
        except OSError as error:
            # Root without the usual powers, in a container for instance.
            raise NoAccountForServer(reason="this root may not act for another user") from error


def unprivileged() -> Account | None:
    """`nobody` when this process is root, else None: the server runs as we do.

    No user is added to the machine. Raises `NoAccountForServer` where there is no `nobody`.
    """
    if os.geteuid() != 0:
        return None
    try:
        found = pwd.getpwnam("nobody")
    except KeyError as error:
        raise NoAccountForServer(reason="this machine has no user `nobody` for it") from error
    return Account(found.pw_uid, found.pw_gid)
