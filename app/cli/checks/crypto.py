"""Are the keys there, private, and good for signing?"""

import os
from pathlib import Path

from app.bootstrap.keys import Keys
from app.config import Settings
from app.embedded.data_dir import DataDir
from app.embedded.files import private_files
from app.errors import SymbiError
from events.signing import EVENT_TYPE, SigningKey, provider, verify

from .finding import Finding

NAME = "keys"
NEEDED = ("registrar", "gateway", "operator", "kek")


async def check_keys(settings: Settings) -> Finding:
    name = settings.security.crypto_provider
    try:
        using = provider(name)
    except ImportError as error:
        advice = "Install it, or set security.crypto_provider to another."
        return Finding(NAME, "fail", f"the crypto provider {name} is not installed ({error.name})", advice)
    key = SigningKey.from_seed(os.urandom(32), using)
    if not verify(using, key.public_key, EVENT_TYPE, b"x", key.sign(EVENT_TYPE, b"x")):
        return Finding(NAME, "fail", f"the crypto provider {name} does not verify what it signed")
    try:
        data = DataDir.open(settings.data_dir, create=False)
        found = _secrets(data)
        for path in found:
            private_files.read(path)
        if not found:
            return Finding(NAME, "ok", f"none yet; the first start makes them ({name})")
        missing = [part for part in NEEDED if not data.key_path(part).exists()]
        if missing:
            return Finding(
                NAME,
                "fail",
                f"missing in {data.keys}: {', '.join(missing)}",
                "Restore them from a backup; without them this data directory cannot be used.",
            )
        Keys(data, using).existing("operator")
        Keys(data, using).data_keys()
    except SymbiError as error:
        return Finding(NAME, "fail", error.message) if settings.data_dir.exists() else _none_yet(name)
    return Finding(NAME, "ok", f"{len(found)} files, all private; {name} signs and verifies")


def _none_yet(name: str) -> Finding:
    return Finding(NAME, "ok", f"none yet; the first start makes them ({name})")


def _secrets(data: DataDir) -> list[Path]:
    return sorted([*data.keys.glob("*.key"), *data.nats.glob("*.nk")])
