"""Personal fields: encrypted per subject and purpose before signing, so that they can be erased."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Protocol, TypeAlias, TypeVar, Union, get_args, get_origin

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Field, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from . import strict_json
from .base import Event, Record

T = TypeVar("T")


class Sealed(Record):
    """A personal value as it lies in the log (AES-256-GCM, plaintext padded to 64 bytes)."""

    enc: Literal["A256GCM"] = Field(alias="$enc")
    sk: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}/[a-z][a-z0-9_]{0,63}$")
    """`<subject>/<purpose>`: which data key opens it."""
    n: str = Field(pattern=r"^[A-Za-z0-9+/]{16}$")
    """Base64 of the 12 bytes of the nonce."""
    c: str = Field(pattern=r"^([A-Za-z0-9+/]{4})+([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$")
    """Base64 of the ciphertext and its tag; what was encrypted is JSON, zeros up to 64 bytes."""


class Erased(Record):
    """What a query shows where the key of a personal value has been destroyed."""

    erased: Literal[True] = True
    sk: str


@dataclass(frozen=True)
class PersonalMark:
    """Marks a field whose plaintext never reaches the log."""

    def __get_pydantic_json_schema__(
        self, plain: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """What others read is always sealed."""
        return handler(Sealed.__pydantic_core_schema__)


PERSONAL = PersonalMark()
Personal: TypeAlias = Annotated[T | Sealed, PERSONAL]
"""`Personal[str]`: a `str` until the event is sealed, a `Sealed` in the log."""


class DataKeys(Protocol):
    """Where data keys live: with the key provider, never in the log."""

    def data_key(self, scope: str) -> bytes:
        """The 32-byte key of *scope*, made at first use. Raises `KeyDestroyed` after its destruction."""
        ...


class KeyDestroyed(Exception):
    """The data key was destroyed; what it encrypted can never be read again."""


@cache
def personal_fields(event_type: type[Event]) -> tuple[str, ...]:
    """The names of the event's personal fields.

    Raises:
        TypeError: the event declares a personal value where sealing would not find it, inside a list, a
            mapping or another record, or does not say whose it is in a field `subject_ref`.
    """
    names = tuple(name for name, field in event_type.model_fields.items() if _marked(field))
    for name, field in event_type.model_fields.items():
        if name not in names and _mentions_mark(field.annotation):
            raise TypeError(f"{event_type.__qualname__}.{name}: only a whole field of an event is personal")
    if names and "subject_ref" not in event_type.model_fields:
        raise TypeError(f"{event_type.__qualname__} has personal fields, but no subject_ref: whose are they?")
    return names


def _marked(field: FieldInfo) -> bool:
    """Whether the field is `Personal[...]` or `Personal[...] | None`."""
    if PERSONAL in field.metadata:
        return True
    parts = get_args(field.annotation) if get_origin(field.annotation) in (Union, UnionType) else ()
    return any(PERSONAL in getattr(part, "__metadata__", ()) for part in parts)


def _mentions_mark(annotation: Any) -> bool:
    if PERSONAL in getattr(annotation, "__metadata__", ()):
        return True
    if isinstance(annotation, type) and issubclass(annotation, Record):
        fields = annotation.model_fields.values()
        return any(PERSONAL in field.metadata or _mentions_mark(field.annotation) for field in fields)
    return any(_mentions_mark(part) for part in get_args(annotation))


def seal(event: Event, event_id: str, keys: DataKeys, random: Callable[[int], bytes]) -> dict[str, Any]:
    """The event's `data` as it is signed: every personal field encrypted (standards: erasure).

    The event names whose data it is in a field `subject_ref`. *random* gives that many random bytes.
    What is sealed already stays as it is, so that a decoded event seals to the data it came from.

    Raises:
        KeyDestroyed: the subject's data was erased; nothing personal can be recorded of it any more.
    """
    data = event.model_dump(mode="json", exclude_none=True)
    for name in personal_fields(type(event)):
        if name in data and not isinstance(getattr(event, name), Sealed):
            scope = f"{event.subject_ref}/{event.personal_purpose}"  # type: ignore[attr-defined]
            data[name] = _encrypt(data[name], event_id, f"data.{name}", scope, keys, random)
    return data


def reveal(event: Event, event_id: str, keys: DataKeys) -> dict[str, Any]:
    """The event's data with personal fields decrypted, or `Erased` where the key is gone."""
    data = event.model_dump(mode="json", exclude_none=True)
    for name in personal_fields(type(event)):
        value = getattr(event, name)
        if isinstance(value, Sealed):
            data[name] = open_sealed(value, event_id, f"data.{name}", keys)
    return data


def open_sealed(value: Sealed, event_id: str, path: str, keys: DataKeys) -> Any:
    """The plaintext of *value*, or an `Erased` record as a dict.

    Raises:
        ValueError: the ciphertext was moved to another event or field, or changed.
    """
    try:
        key = keys.data_key(value.sk)
    except KeyDestroyed:
        return Erased(sk=value.sk).model_dump(mode="json")
    aad = _aad(event_id, path, value.sk)
    try:
        padded = AESGCM(key).decrypt(base64.b64decode(value.n), base64.b64decode(value.c), aad)
    except (InvalidTag, ValueError):
        raise ValueError(f"{path} of event {event_id} does not decrypt under its own key") from None
    return strict_json.loads(padded.rstrip(b"\0"))


def _encrypt(
    plain: Any, event_id: str, path: str, scope: str, keys: DataKeys, random: Callable[[int], bytes]
) -> dict[str, Any]:
    text = strict_json.dumps(plain)
    padded = text + b"\0" * (-len(text) % 64)
    nonce = random(12)
    cipher = AESGCM(keys.data_key(scope)).encrypt(nonce, padded, _aad(event_id, path, scope))
    encoded = {"n": base64.b64encode(nonce).decode(), "c": base64.b64encode(cipher).decode()}
    return Sealed.model_validate({"$enc": "A256GCM", "sk": scope, **encoded}).model_dump(mode="json")


def _aad(event_id: str, path: str, scope: str) -> bytes:
    return f"pii/v1|{event_id}|{path}|{scope}".encode()
