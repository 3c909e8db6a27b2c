"""What can go wrong with the data directory and the servers that run in it."""

from ..errors import Denied, Invalid, Rejected, Unavailable


class DataDirMissing(Invalid):
    """There is no data directory at {path}. Name it with --data-dir, or make one with `symbi up`."""


class DataDirIsLink(Invalid):
    """{path} is a symbolic link. Give --data-dir the directory it should point to instead."""


class NotADataDir(Invalid):
    """{path} is not empty and was not made by symbi. Choose an empty or a new directory with --data-dir."""


class DataDirTooNew(Invalid):
    """{path} was made by a newer symbi (layout {found}; this one knows {known}). Upgrade symbi to use it."""


class DataDirForeign(Denied):
    """{path} belongs to {owner}, not to you. Run as that user, or choose another --data-dir."""


class DataDirNotWritable(Denied):
    """{path} cannot be written: {reason}. Correct its permissions, or choose another --data-dir."""


class DataDirInUse(Rejected):
    """{path} is in use by the runtime with process id {pid}. Stop it, or choose another --data-dir."""


class UnusableName(Invalid):
    """{name!r} cannot name a key. Use letters, digits, `_`, `-` and `.`, beginning with a letter or digit."""


class SecretExposed(Denied):
    """Others could read or replace the secret {path}. Look who did, then `chmod 600` it or remove it."""


class PortInUse(Unavailable):
    """Port {port} is taken by {holder}. Stop it, or choose another port."""


class ServerMissing(Unavailable):
    """The program of the {server} server is not installed here. Run `make setup` again."""


class NoAccountForServer(Unavailable):
    """PostgreSQL refuses to run as root, and {reason}. Start symbi as an ordinary user."""


class ServerNotStarted(Unavailable):
    """The {server} server did not start: {reason}. Its log, {log}, ends with:
    {tail}"""


class ServerDied(Unavailable):
    """The {server} server stopped by itself ({how}). Start symbi again. Its log, {log}, ends with:
    {tail}"""


class ReloadRefused(Invalid):
    """The NATS server refused its new configuration and keeps the old one: {reason}"""
