"""What strangers send is parsed in one way only, or refused with a reason."""

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import strict_json
from events.strict_json import MAX_BYTES, MAX_DEPTH, NotStrict, canonical, dumps, loads
from tests.support.drawn import json_values


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{}{}", "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'{"a":1,}', "not JSON"),
        (b"\xff", "not JSON"),
        (b'"\xed\xa0\x80"', "not JSON"),
        (b'"\\ud800"', "not JSON"),
        (b"\xef\xbb\xbf1", "not JSON"),
        (b"NaN", "not JSON"),
        (b"[Infinity]", "not JSON"),
        (b" -Infinity", "not JSON"),
        (b"1e400", "not JSON"),
        (b"01", "not JSON"),
        (b'{"a":1,"a":1}', "'a' occurs twice"),
        (b'{"b":{"a":1,"\\u0061":2}}', "'a' occurs twice"),
        (b'[{"":1, "":2}]', "'' occurs twice"),
        (b"18446744073709551616", "64 bits"),
        (b"[-9223372036854775809]", "64 bits"),
        (b"9" * 100, "64 bits"),
        (b"9" * 300, "64 bits"),
    ],
)
def test_what_is_not_strict_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(NotStrict, match=why):
        loads(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b' { "a" : [ 1 , 2 ] }\n', {"a": [1, 2]}),
        (b'{"a":{"a":1},"b":{"a":1}}', {"a": {"a": 1}, "b": {"a": 1}}),
        (b'"\\u00fc"', "ü"),
        (b'"\\ud83d\\ude00"', "😀"),
        (b"1E2", 100.0),
        (b"18446744073709551615", 2**64 - 1),
        (b"-9223372036854775808 ", -(2**63)),
        (b"null", None),
    ],
)
def test_any_spelling_of_json_is_read(raw: bytes, value: Any) -> None:
    assert loads(raw) == value


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
@pytest.mark.parametrize("spaces", [b"", b" "])
def test_depth_is_bounded(opening: bytes, closing: bytes, spaces: bytes) -> None:
    def nested(levels: int) -> bytes:
        return opening * levels + b"1" + spaces + closing * levels

    each = opening.count(b"[") + opening.count(b"{")
    loads(nested(MAX_DEPTH // each))
    for deeper in (MAX_DEPTH // each + 1, 200, 300, 5_000, 100_000):
        with pytest.raises(NotStrict, match=r"deep|not JSON"):
            loads(nested(deeper))


def test_many_brackets_that_are_not_deep_are_fine() -> None:
    assert loads(b"[" + b",".join([b"[]"] * 1000) + b"]") == [[]] * 1000
    assert loads(b'"' + b"[" * 1000 + b'"') == "[" * 1000


def test_size_is_bounded() -> None:
    assert loads(b'"' + b"x" * (MAX_BYTES - 2) + b'"')
    with pytest.raises(NotStrict, match="at most 1048576"):
        loads(b'"' + b"x" * (MAX_BYTES - 1) + b'"')
    with pytest.raises(NotStrict, match="at most 4"):
        loads(b'"abc"', max_bytes=4)


@given(json_values)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert loads(dumps(value)) == loads(canonical(value)) == value
    assert loads(json.dumps(value).encode()) == value


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 9), min_size=2))
def test_the_canonical_form_does_not_depend_on_order(value: dict[str, int]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical(value) == canonical(turned)
    assert dumps(value) != dumps(turned)


@pytest.mark.parametrize("value", ["\ud800", 2**64, -(2**63) - 1, {1: 2}, object()])
@pytest.mark.parametrize("write", [dumps, canonical])
def test_what_json_cannot_hold_is_not_written(write: Any, value: Any) -> None:
    with pytest.raises(NotStrict, match="not JSON"):
        write({"a": value})


def test_the_fast_parser_is_trusted_only_where_it_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(raw: bytes) -> Any:
        raise AssertionError("the slow parser was asked")

    monkeypatch.setattr(strict_json, "_slow", refuse)
    assert math.isclose(loads(b'{"a":[1,"x",null,0.5]}')["a"][3], 0.5)
    for raw in (b'{"a":1,"a":1}', b"[1, 2]", b"1e5", b"18446744073709551616"):
        with pytest.raises(AssertionError, match="slow parser"):
            loads(raw)


def test_a_repeated_key_is_found_in_one_pass() -> None:
    raw = b"{" + b",".join(b'"%05d":1' % number for number in range(90_000)) + b',"89999":2}'
    began = time.process_time()
    with pytest.raises(NotStrict, match="'89999' occurs twice"):
        loads(raw)
    assert time.process_time() - began < 5
