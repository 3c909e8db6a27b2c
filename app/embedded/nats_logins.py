"""Logins to NATS: an nkey per role or principal, its seed kept in the data directory."""

import os
from dataclasses import dataclass, field

import nkeys  # type: ignore[import-untyped]

from .data_dir import DataDir
from .files import private_files


@dataclass(frozen=True)
class NatsLogin:
    """What one login needs: `nats.connect(url, nkeys_seed_str=seed, inbox_prefix=inbox_prefix)`."""

    name: str
    seed: str = field(repr=False)

    @property
    def public_nkey(self) -> str:
        """The half that goes into the server's configuration: "U…"."""
        key = nkeys.from_seed(bytearray(self.seed.encode()))
        return bytes(key.public_key).decode().rstrip("=")

    @property
    def inbox_prefix(self) -> str:
        """The only place where this login may receive answers."""
        return f"_INBOX.{self.name}"


def login(data: DataDir, name: str) -> NatsLogin:
    """The login called `name`, its seed made at first use in `nats/<name>.nk`, mode 0600.

    Raises `SecretExposed` or `UnusableName` as `DataDir.secret` does.
    """
    seed = private_files.read_or_create(data.login_path(name), new_seed)
    return NatsLogin(name, seed.decode().strip())


def new_seed() -> bytes:
    """A fresh user seed: "SU…" and a line end."""
    return bytes(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)) + b"\n"
