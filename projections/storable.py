"""Text as PostgreSQL can hold it: it has no NUL, which JSON has."""

from dataclasses import replace
from typing import Any

from events.codec import Fact

STAND_IN = "\N{REPLACEMENT CHARACTER}"


def storable(fact: Fact) -> Fact:
    """*fact* with a stand-in for every NUL; the log keeps what was signed."""
    if b"\\u0000" not in fact.raw.payload:
        return fact
    envelope = type(fact.envelope).model_validate(_clean(fact.envelope.model_dump()))
    event = type(fact.event).model_validate(_clean(fact.event.model_dump()))
    return replace(fact, envelope=envelope, event=event)


def storable_text(text: str) -> str:
    """*text* with a stand-in for what is not a character or cannot be stored."""
    return text.replace("\0", STAND_IN).encode("utf-8", "replace").decode()


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", STAND_IN)
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
