"""Personal values never reach the log in the open, and are gone for good with their key."""

import base64
from typing import ClassVar, Optional, TypeAlias

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from events.base import Event, Record
from events.codec import Undecodable, decode
from events.identity import IdentityKind, IdentityRegistered
from events.personal import KeyDestroyed, Personal, Sealed, open_sealed, personal_fields, reveal, seal
from tests.support.drawn import OneKey, fixed_random

ADA = IdentityRegistered(
    identity_id="u1", kind=IdentityKind.HUMAN, subject_ref="ps-1", display_name="Ada Lovelace"
)
ID = "6f1c2d3e-4a5b-4c6d-8e7f-001122334455"


def sealed_name() -> Sealed:
    return Sealed.model_validate(seal(ADA, ID, OneKey(), fixed_random)["display_name"])


def test_the_ciphertext_is_the_one_of_the_standard() -> None:
    """{"$enc","sk","n","c"}: AES-256-GCM, JSON padded to 64 bytes, AAD `pii/v1|event id|path|sk`."""
    made = seal(ADA, ID, OneKey(), fixed_random)["display_name"]
    assert {key: made[key] for key in ("$enc", "sk", "n")} == {
        "$enc": "A256GCM",
        "sk": "ps-1/account",
        "n": base64.b64encode(bytes(range(12))).decode(),
    }
    plain = AESGCM(OneKey().data_key("ps-1/account")).decrypt(
        bytes(range(12)),
        base64.b64decode(made["c"]),
        f"pii/v1|{ID}|data.display_name|ps-1/account".encode(),
    )
    assert plain == b'"Ada Lovelace"'.ljust(64, b"\0")


@pytest.mark.parametrize("name", ["", "A", "A" * 62, "A" * 63, "nul \0 at the end\0"])
def test_lengths_show_in_steps_of_64(name: str) -> None:
    event = ADA.model_copy(update={"display_name": name})
    made = seal(event, ID, OneKey(), fixed_random)
    assert (len(base64.b64decode(made["display_name"]["c"])) - 16) % 64 == 0
    assert open_sealed(Sealed.model_validate(made["display_name"]), ID, "data.display_name", OneKey()) == name


def test_no_value_is_no_ciphertext() -> None:
    nameless = ADA.model_copy(update={"display_name": None})
    assert "display_name" not in seal(nameless, ID, OneKey(), fixed_random)
    assert "display_name" not in reveal(nameless, ID, OneKey())


class Destroyed:
    def data_key(self, scope: str) -> bytes:
        raise KeyDestroyed(scope)


def test_after_erasure_a_tombstone_is_shown_and_nothing_new_is_sealed() -> None:
    event = ADA.model_copy(update={"display_name": sealed_name()})
    assert reveal(event, ID, Destroyed())["display_name"] == {"erased": True, "sk": "ps-1/account"}
    with pytest.raises(KeyDestroyed):
        seal(ADA, ID, Destroyed(), fixed_random)


@pytest.mark.parametrize("update", [{"c": "AAAA"}, {"c": "A" * 108}, {"n": "B" * 16}, {"sk": "ps-2/account"}])
def test_a_changed_ciphertext_does_not_open(update: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"data\.display_name of event 6f1c"):
        open_sealed(sealed_name().model_copy(update=update), ID, "data.display_name", OneKey())


@pytest.mark.parametrize(
    "change",
    [
        {"$enc": "none"},
        {"$enc": None},
        {"sk": "ps-1"},
        {"sk": "ps-1|x/account"},
        {"sk": "a/b/account"},
        {"n": "short"},
        {"n": "A" * 15 + "\n"},
        {"c": "not base64!"},
        {"c": ""},
        {"more": 1},
    ],
)
def test_a_sealed_value_has_one_form(change: dict[str, str | None]) -> None:
    document = sealed_name().model_dump(mode="json") | change
    with pytest.raises(ValueError, match="Sealed"):
        Sealed.model_validate({key: value for key, value in document.items() if value is not None})
    with pytest.raises(ValueError, match="display_name"):
        IdentityRegistered.model_validate(ADA.model_dump() | {"display_name": document})


def test_a_sealed_value_is_not_sealed_by_its_python_name() -> None:
    document = sealed_name().model_dump(mode="json")
    document["enc"] = document.pop("$enc")
    with pytest.raises(ValueError, match="enc"):
        Sealed.model_validate(document)


def test_an_open_personal_value_in_the_log_is_no_event() -> None:
    from scripts.golden import event_example

    payload = event_example(IdentityRegistered)["payload"].encode()
    start, end = payload.index(b'{"$enc"'), payload.index(b"}", payload.index(b'{"$enc"')) + 1
    with pytest.raises(Undecodable, match=r"data\.display_name: it is personal and not encrypted"):
        decode(payload[:start] + b'"Ada Lovelace"' + payload[end:])


Name: TypeAlias = Personal[str]
NameOrNone: TypeAlias = Personal[str] | None
NoneOrName: TypeAlias = Optional[Personal[str]]  # noqa: UP045 - the old way gives another type
Many: TypeAlias = list[Personal[str]]
Named: TypeAlias = dict[str, Personal[str]]


class Address(Record):
    street: Personal[str]


def _event(annotation: object, *, with_ref: bool = True) -> type[Event]:
    fields = {"subject_ref": str, "value": annotation} if with_ref else {"value": annotation}
    return type("Declared", (Event,), {"__annotations__": fields, "__module__": __name__, "name": ClassVar})


@pytest.mark.parametrize("annotation", [Name, NameOrNone, NoneOrName])
def test_a_personal_field_may_be_optional(annotation: object) -> None:
    assert personal_fields(_event(annotation)) == ("value",)


@pytest.mark.parametrize("annotation", [Many, Named, Address, Address | None, list[Address]])
def test_a_personal_value_that_sealing_would_miss_is_not_declared(annotation: object) -> None:
    with pytest.raises(TypeError, match="only a whole field"):
        personal_fields(_event(annotation))


def test_a_personal_field_needs_to_know_whose_it_is() -> None:
    with pytest.raises(TypeError, match="whose are they"):
        personal_fields(_event(Name, with_ref=False))
