"""Which keys there are, which will come, and which one was meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from ..errors import Invalid
from .errors import SettingNotYet, UnknownSetting
from .settings import keys, sections

NAMED_VARIABLES = {
    "SYMBI_DATA_DIR": "data_dir",
    "SYMBI_CONFIG_PATH": "config_path",
    "SYMBI_LOG_LEVEL": "runtime.log_level",
    "SYMBI_RUNTIME_MODE": "runtime.mode",
    "SYMBI_CRYPTO_PROVIDER": "security.crypto_provider",
    "SYMBI_AUDIT_STORAGE": "security.audit_storage",
    "SYMBI_TASK_IMAGE": "worker.task_image",
}
"""Variables with a name of their own; any key is also `SYMBI_<SECTION>__<KEY>`."""

NOT_YET = {
    "runtime": {"scheduler_threads", "gc_interval_ms"},
    "security": {"default_sandbox_tier", "enforce_policies", "audit_enabled"},
    "context": {"vector_db_url", "embedding_dimension", "context_cache_size", "knowledge_retention_days"},
    "mcp": {"discovery_enabled", "tool_verification", "connection_timeout_s", "max_concurrent_connections"},
}
"""Keys that belong to the system but to no part of it that this version has."""


def variable(key: str) -> str:
    """`SYMBI_NATS__PORT` for `nats.port`."""
    section, _, name = key.partition(".")
    return f"SYMBI_{section.upper()}__{name.upper()}"


def problem_with_key(section: str, name: str, where: str) -> Invalid:
    """Why `section.name` is no key of this version."""
    key = f"{section}.{name}"
    if name in NOT_YET.get(section, ()):
        return SettingNotYet(where=where, key=key)
    same_name = [known for known in keys() if known.partition(".")[2] == name]
    known_names = [known for known in keys() if known.startswith(f"{section}.")]
    meant = same_name[:1] or nearest(key, known_names) or nearest(key, keys())
    return UnknownSetting(
        where=where, key=f"key {key}", nearest=meant[0] if meant else None, hint=_hint(meant)
    )


def problem_with_section(name: str, where: str) -> Invalid:
    """Why `[name]`, or the top-level key *name*, does not belong into a file."""
    if name in NOT_YET:
        return SettingNotYet(where=where, key=f"[{name}]")
    if name in ("data_dir", "config_path"):
        return UnknownSetting(
            where=where,
            key=f"key {name} in a file",
            nearest=None,
            hint=f"; set SYMBI_{name.upper()} or give the option",
        )
    meant = nearest(name, sections())
    named = [f"[{section}]" for section in meant] or [key for key in keys() if key.partition(".")[2] == name]
    return UnknownSetting(
        where=where, key=f"section [{name}]", nearest=named[0] if named else None, hint=_hint(named)
    )


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> list[str]:
    """The known word that *word* most likely was meant to be, if any is near."""
    return get_close_matches(word, list(known), n=1, cutoff=cutoff)


def _hint(meant: list[str]) -> str:
    return f"; the nearest is {meant[0]}." if meant else ". `symbi config show` lists every key."
