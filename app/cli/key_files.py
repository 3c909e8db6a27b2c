"""Private keys as files: made here, readable by their owner only, and never sent anywhere."""

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from nkeys import NkeysError  # type: ignore[import-untyped]

from events.commands import IssueKey, RotateKey, possession_payload
from events.identity import KeyUse
from events.signing import POSSESSION_TYPE, SigningKey, provider

from ..config import Settings
from ..embedded.data_dir import DataDir
from ..embedded.files import private_files
from ..embedded.nats_logins import NatsLogin, new_seed
from ..errors import Invalid, Rejected


class KeyFileUnusable(Invalid):
    """{path} holds no key of the kind that belongs there. Move it away, or choose another --out."""


class KeyFileExists(Rejected):
    """{path} exists already; a new key would replace it. Move it away, or choose another --out."""


class OutNotWritable(Invalid):
    """{path} cannot hold keys: {reason}. Choose another --out."""


@dataclass(frozen=True)
class MadeKey:
    """One key: where its private half lies, and what the runtime is told."""

    identity_id: str
    use: KeyUse
    path: Path
    key_id: str
    public_key: str
    possession: str = ""

    def issue(self) -> IssueKey:
        """The command that lets it speak for the identity."""
        return IssueKey(
            identity_id=self.identity_id, public_key=self.public_key, use=self.use, possession=self.possession
        )

    def take_over(self, old_key_id: str) -> RotateKey:
        """The command that lets it take over from an old one."""
        return RotateKey(
            identity_id=self.identity_id,
            old_key_id=old_key_id,
            public_key=self.public_key,
            use=self.use,
            possession=self.possession,
        )


@dataclass(frozen=True)
class KeyFiles:
    """Where keys of identities are kept: the data directory, or a directory of the caller's choice."""

    settings: Settings
    out: Path | None = None

    def path(self, name: str, use: KeyUse) -> Path:
        """Where the key of *name* for this use lies; nothing is made but the directory."""
        if self.out is None:
            data = DataDir.open(self.settings.data_dir, create=False)
            return data.login_path(name) if use is KeyUse.LOGIN else data.key_path(name)
        try:
            self.out.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutNotWritable(path=self.out, reason=error.strerror) from None
        return self.out / f"{name}.{'nk' if use is KeyUse.LOGIN else 'key'}"

    def unused(self, name: str, use: KeyUse) -> Path:
        """The path of a key that does not exist yet. Raises `KeyFileExists`."""
        path = self.path(name, use)
        if os.path.lexists(path):
            raise KeyFileExists(path=path)
        return path

    def make(self, name: str, use: KeyUse, path: Path) -> MadeKey:
        """The key in *path*, made where there is none: a second try goes on with the key of the first."""
        make = new_seed if use is KeyUse.LOGIN else new_signing_seed
        text = private_files.read_or_create(path, make).strip()
        try:
            return self._made(name, use, path, text)
        except (ValueError, NkeysError):
            raise KeyFileUnusable(path=path) from None

    def _made(self, name: str, use: KeyUse, path: Path, text: bytes) -> MadeKey:
        if use is KeyUse.LOGIN:
            public = NatsLogin(name, text.decode()).public_nkey
            return MadeKey(name, use, path, f"nats:{public}", public)
        seed = base64.b64decode(text, validate=True)
        key = SigningKey.from_seed(seed, provider(self.settings.security.crypto_provider))
        public = base64.b64encode(key.public_key).decode()
        proof = key.sign(POSSESSION_TYPE, possession_payload(name, use, public))
        return MadeKey(name, use, path, key.key_id, public, proof)


def replace(old: Path, new: Path) -> None:
    """Let *new* take the place of *old*, whose content is gone for good."""
    os.replace(new, old)
    private_files.sync_directory(old.parent)


def new_signing_seed() -> bytes:
    """What a key file holds: 32 random bytes, in base64."""
    return base64.b64encode(os.urandom(32)) + b"\n"
