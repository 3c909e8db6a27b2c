"""Becomes a server process that ends with its parent and, when started by root, is not root.

Run as a program: `python -I -S launch.py PARENT DEATH_SIGNAL UID GID COMMAND...`, UID and GID being -1
to stay who we are. It is a program of its own, and not a hook between fork and exec, since Python code
between those two may deadlock in a process that has threads. It knows the standard library only.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAPABILITY_VERSION_3 = 0x20080522


class Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def main(arguments: list[str]) -> None:
    parent, death_signal, uid, gid = (int(argument) for argument in arguments[:4])
    command = arguments[4:]
    if uid >= 0:
        leave_root(uid, gid)
    if sys.platform == "linux":
        # After the change of user, which clears it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the process that wanted this server has gone")
    os.umask(0o077)
    os.execv(command[0], command)


def leave_root(uid: int, gid: int) -> None:
    """Become `uid`, keeping of root's powers only to walk through private directories.

    The server's files and its program may lie below directories that only root enters (the data
    directory itself, or a home); opening those to everybody would be worse. Where the kernel has no
    such power to give, a container without it for instance, the ordinary permissions decide.
    """
    kept = keepable()
    libc = ctypes.CDLL(None)
    if kept is not None:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if kept is not None:
        bit = 1 << kept
        header, sets = Header(CAPABILITY_VERSION_3, 0), (Sets * 2)(Sets(bit, bit, bit), Sets(0, 0, 0))
        libc.capset(ctypes.byref(header), ctypes.byref(sets))
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept, 0, 0)


def keepable() -> int | None:
    """The weaker of the two capabilities that this process may pass on; None if it has neither."""
    if sys.platform != "linux":
        return None
    header, sets = Header(CAPABILITY_VERSION_3, 0), (Sets * 2)()
    if ctypes.CDLL(None).capget(ctypes.byref(header), ctypes.byref(sets)) != 0:
        return None
    permitted: int = sets[0].permitted
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if permitted & 1 << capability:
            return capability
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
