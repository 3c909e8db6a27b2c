"""Puts a witness together: its key, the logs that it looks after, what it keeps."""

import base64
import time
from collections.abc import Iterable
from pathlib import Path

from events.signing import SigningKey, provider

from ..adapters.witness import FileWitnessState
from ..audit.notes import Cosigner, MalformedPolicy, TrustPolicy, VerifierKey
from ..embedded.files import private_files
from ..errors import Invalid
from ..services.witness import Witness
from .key_files import KeyFileUnusable, new_signing_seed

KEY_FILE = "witness.key"


class NoLogs(Invalid):
    """The witness needs a log to look after: give --log or --policy."""


class NotAnAddress(Invalid):
    """{text!r} is no address to listen at; one is like 127.0.0.1:8765."""


def cosigner(directory: Path, name: str, crypto: str) -> Cosigner:
    """The witness's key, made in its directory at the first call.

    Raises:
        MalformedKey: a key of notes cannot have that name.
        KeyFileUnusable: the file holds no key.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / KEY_FILE
    try:
        seed = base64.b64decode(private_files.read_or_create(path, new_signing_seed).strip(), validate=True)
        made = Cosigner(name, SigningKey.from_seed(seed, provider(crypto)))
    except ValueError:
        raise KeyFileUnusable(path=path) from None
    VerifierKey.parse(str(made.verifier))  # refuses a name that no note can hold
    return made


def witnessed(logs: Iterable[str], policy: Path | None) -> dict[str, list[VerifierKey]]:
    """The keys of each log by its origin, from `VKEY` and `ORIGIN=VKEY`, and from the logs of a policy.

    Raises:
        NoLogs, MalformedKey, MalformedPolicy: there is none, or it cannot be read.
    """
    found: dict[str, list[VerifierKey]] = {}
    for text in logs:
        origin, _, vkey = text.rpartition("=")
        key = VerifierKey.parse(vkey)
        found.setdefault(origin or key.name, []).append(key)
    for log in read_policy(policy).logs if policy is not None else ():
        found.setdefault(log.key.name, []).append(log.key)
    if not found:
        raise NoLogs()
    return found


def read_policy(path: Path) -> TrustPolicy:
    """The trust policy in a file. Raises `MalformedPolicy`; also where it cannot be read."""
    try:
        return TrustPolicy.parse(path.read_bytes())
    except OSError as error:
        raise MalformedPolicy(f"{path} cannot be read: {error.strerror}") from None


def witness(key: Cosigner, logs: dict[str, list[VerifierKey]], directory: Path, crypto: str) -> Witness:
    """A witness that goes on from what it keeps in *directory*."""
    return Witness(key, logs, FileWitnessState(directory), provider(crypto), lambda: int(time.time()))


def address(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8765` or `[::1]:8765`. Raises `NotAnAddress`."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise NotAnAddress(text=text)
    return host.removeprefix("[").removesuffix("]"), int(port)
