"""What is handed in as a definition need not be a text."""

import pytest

from app.dsl.syntax import MAX_BYTES, load
from app.dsl.tree import AgentDef


def told(data: bytes) -> list[tuple[str, str, int, int]]:
    parsed = load(data, "a.symbi")
    assert parsed.program.items == ()
    return [
        (told.code, told.message, *parsed.source.position(told.span.start)) for told in parsed.diagnostics
    ]


def test_a_byte_order_mark_is_ignored() -> None:
    parsed = load(b"\xef\xbb\xbfagent a { }", "a.symbi")
    assert parsed.ok
    assert isinstance(parsed.program.items[0], AgentDef)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"agent \xff { }", ("not-utf8", "this is not UTF-8: the byte 0xFF does not fit here", 1, 7)),
        (b"//\n// caf\xe9\n", ("not-utf8", "this is not UTF-8: the byte 0xE9 does not fit here", 2, 7)),
        ("// é".encode()[:-1], ("not-utf8", "this is not UTF-8: the byte 0xC3 does not fit here", 1, 4)),
        ("agent".encode("utf-16"), ("not-utf8", "this file is UTF-16, not UTF-8", 1, 1)),
        (b"agent\n\0", ("binary", "this is no text: it has a zero byte", 2, 1)),
        (b"\x7fELF\x02\x01\0\xff", ("binary", "this is no text: it has a zero byte", 1, 7)),
        (
            b"a" * (MAX_BYTES + 1),
            ("file-too-large", "this file is too large: it has 1,048,577 bytes", 1, 1),
        ),
        (
            b"a " * 300_000,
            ("file-too-large", "this file is too large: it has more than 250,000 words and signs", 1, 1),
        ),
    ],
)
def test_what_is_no_text_is_told_and_not_read(data: bytes, expected: tuple[str, str, int, int]) -> None:
    assert told(data) == [expected]


def test_lines_may_end_as_they_like() -> None:
    parsed = load(b"agent a {\r\n  memory = x\r\r  what\n}", "a.symbi")
    assert [parsed.source.position(told.span.start) for told in parsed.diagnostics] == [(5, 1)]
    assert parsed.source.line(4) == "  what"
