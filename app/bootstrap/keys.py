"""The keys of one data directory: made at first start, one per component and use."""

import base64
import hashlib
import os
from dataclasses import dataclass

from events.signing import Provider, SigningKey, provider

from ..adapters.data_keys import FileDataKeys
from ..embedded.data_dir import DataDir
from ..errors import Corrupt, Invalid


class KeyFileMalformed(Corrupt):
    """{path} does not hold a key: it must be one line, the base64 of 32 bytes. Restore it from a backup."""


class KeyFileMissing(Invalid):
    """{path} is missing. It is the private key of {name}; copy it there, or use another --data-dir."""


def runtime_id(data: DataDir, node: str) -> str:
    """Names this runtime and node to a container engine that others may share."""
    founding = Keys(data, provider()).founding_seed()
    return hashlib.sha256(f"{founding}/{node}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Keys:
    """Reads and makes the keys of a data directory."""

    data: DataDir
    provider: Provider

    def signing(self, name: str) -> SigningKey:
        """The key called *name*, made when it is not there yet."""
        return SigningKey.from_seed(self._seed(name), self.provider)

    def existing(self, name: str) -> SigningKey:
        """The key called *name*.

        Raises:
            KeyFileMissing: there is none.
        """
        path = self.data.key_path(name)
        if not path.exists():
            raise KeyFileMissing(path=path, name=name)
        return self.signing(name)

    def data_keys(self) -> FileDataKeys:
        """Where the keys of personal data and content lie."""
        return FileDataKeys(self.data.datakeys, self._seed("kek"))

    def founding_seed(self) -> str:
        """Random, and the same at every start of this runtime."""
        return self._seed("founding").hex()

    def _seed(self, name: str) -> bytes:
        text = self.data.secret(name, lambda: base64.b64encode(os.urandom(32)) + b"\n")
        try:
            seed = base64.b64decode(text.strip(), validate=True)
        except ValueError:
            seed = b""
        if len(seed) != 32:
            raise KeyFileMalformed(path=self.data.key_path(name))
        return seed
