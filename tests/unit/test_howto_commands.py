"""What docs/howto/commands.md shows is what the code does, to the byte."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from app.errors import Denied, Invalid, Rejected, SymbiError, Unavailable
from app.services.answers import refused
from events import signing, strict_json
from events.commands import BY_NAME, Answer, Request, possession_payload
from events.identity import KeyUse
from events.signing import SigningKey
from scripts.golden import SEED
from tests.support.snippets import snippets

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "commands.md"
SHOWN = snippets(PAGE)
PAYLOAD = SHOWN["payload"].rstrip("\n").encode()
KEY = SigningKey.from_seed(SEED)

FAMILIES = {"rejected": Rejected, "invalid": Invalid, "denied": Denied, "unavailable": Unavailable}
HEX_LINE = re.compile(r"([0-9a-f]{4})  ((?:[0-9a-f]{2} ?){1,16}) +(.{1,16})")


def test_the_payload_is_a_command_of_its_stated_length() -> None:
    request = Request.model_validate(strict_json.loads(PAYLOAD))
    BY_NAME[request.name].model_validate(request.data)
    assert f"symbi.cmd.{request.principal}.{request.name}" in PAGE.read_text()
    assert f"{len(PAYLOAD)} bytes" in PAGE.read_text()


def test_the_hex_dump_is_the_encoding_that_is_signed() -> None:
    dumped = b""
    for line in SHOWN["pae"].splitlines():
        match = HEX_LINE.fullmatch(line)
        assert match is not None, line
        row = bytes.fromhex(match[2])
        assert int(match[1], 16) == len(dumped)
        assert match[3] == row.decode()
        dumped += row
    assert dumped == signing.pae(signing.COMMAND_TYPE, PAYLOAD)


def test_the_headers_are_those_of_the_example_key() -> None:
    assert dict(line.split(": ") for line in SHOWN["headers"].splitlines()) == {
        signing.SIGNATURE_HEADER: KEY.sign(signing.COMMAND_TYPE, PAYLOAD),
        signing.KEY_HEADER: KEY.key_id,
    }


def test_a_proof_of_possession_is_over_these_bytes() -> None:
    public = re.search(r'"public_key":"([^"]+)"', SHOWN["possession"])
    assert public is not None
    made = possession_payload("robot", KeyUse.COMMAND, public[1])
    assert made == SHOWN["possession"].rstrip("\n").encode()


@pytest.mark.parametrize(("name", "accepted"), [("accepted", True), ("refused", False)])
def test_the_answers_are_answers(name: str, accepted: bool) -> None:
    shown = strict_json.loads(SHOWN[name].encode())
    answer = Answer.model_validate(shown)
    assert answer.accepted is accepted
    assert strict_json.loads(answer.to_bytes()).items() >= shown.items()
    if answer.error is not None:
        [error] = [error for error in errors() if error.__name__ == answer.error.code]
        assert refused(answer.command_id, error(**answer.error.facts)) == answer


def test_every_code_in_the_table_is_an_error_of_that_family() -> None:
    rows = re.findall(r"^\| `([a-z]+)` \| (.+?) \| ", PAGE.read_text(), re.MULTILINE)
    shown = [(family, code) for family, text in rows for code in re.findall(r"`([A-Z][a-zA-Z]+)`", text)]
    assert {family for family, _ in shown} == {"rejected", "invalid", "denied", "unavailable"}
    known = {
        (family, error.__name__)
        for error in errors()
        for family, of in FAMILIES.items()
        if issubclass(error, of)
    }
    assert set(shown) <= known


def errors() -> Iterator[type[SymbiError]]:
    """Every kind of error that the runtime has."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if "__main__" not in module.name:
            importlib.import_module(module.name)
    waiting = [SymbiError]
    while waiting:
        error = waiting.pop()
        yield error
        waiting.extend(error.__subclasses__())
