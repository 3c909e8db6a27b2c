"""TCP ports on the loopback interface."""

import errno
import random
import socket

import psutil

from ..errors import PortInUse

HOST = "127.0.0.1"
# Below the range from which operating systems take ports for outgoing connections, so that the port is
# still free after a restart.
FIRST, LAST = 14222, 32767


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def choose() -> int:
    """A free port, at random so that two runtimes which start at once do not meet."""
    for _ in range(100):
        port = random.randint(FIRST, LAST)
        if is_free(port):
            return port
    raise PortInUse("No free port was found on 127.0.0.1. Choose one.", port=0, holder="everybody")


def in_use(port: int) -> PortInUse:
    """The error of a port that is not free, naming who holds it where the system tells."""
    return PortInUse(port=port, holder=_holder(port))


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listening = connection.status == psutil.CONN_LISTEN
            if listening and connection.laddr and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process id {connection.pid})"
    except psutil.Error:
        pass
    return "another process"
