"""Both providers give one verdict on signatures at the edges of the curve, where implementations differ.

The cases are those of C2SP's CCTV vectors and of "Taming the many EdDSAs" (ePrint 2020/1244), made here.
"""

import itertools

import pytest

from events.signing import PROVIDERS
from tests.support.edwards import BASE, L, P, Point, at, challenge, torsion

BOTH = [make() for make in PROVIDERS.values()]
TORSION = torsion()
SECRET, NONCE = 0x1234567890ABCDEF % L, 0xFEDCBA0987654321 % L
MESSAGE = b"edge"


def verdicts(key: bytes, message: bytes, signature: bytes) -> set[bool]:
    return {provider.verify(key, message, signature) for provider in BOTH}


def signature(r: Point, key: bytes, message: bytes) -> bytes:
    """What the holder of `SECRET` and `NONCE` makes for an *r* and a *key* of a choice of their own."""
    encoded = r.encoded()
    s = (NONCE + challenge(encoded, key, message) * SECRET) % L
    return encoded + s.to_bytes(32, "little")


def test_the_arithmetic_is_that_of_the_curve() -> None:
    assert BASE.encoded().hex() == "58" + "66" * 31
    assert Point(0, 1) == L * BASE
    assert len(set(TORSION)) == 8
    assert all(8 * point == Point(0, 1) for point in TORSION)
    key = (SECRET * BASE).encoded()
    assert verdicts(key, MESSAGE, signature(NONCE * BASE, key, MESSAGE)) == {True}


@pytest.mark.parametrize(("in_key", "in_r"), list(itertools.product(range(8), range(8))))
def test_points_with_a_part_of_small_order_get_one_verdict(in_key: int, in_r: int) -> None:
    """The equation without cofactor decides: s·B = R + k·A as points, whatever their parts."""
    key = (SECRET * BASE + TORSION[in_key]).encoded()
    seen = set()
    for number in range(12):
        message = MESSAGE + bytes([number])
        r = NONCE * BASE + TORSION[in_r]
        k = challenge(r.encoded(), key, message)
        holds = (in_r + k * in_key) % 8 == 0
        assert verdicts(key, message, signature(r, key, message)) == {holds}
        seen.add(holds)
    if in_key == in_r == 0:
        assert seen == {True}


def non_canonical() -> list[bytes]:
    """Encodings of y + p that fit into 255 bits: y below 19 where the curve has such a point."""
    found = []
    for y in range(19):
        try:
            at(y)
        except ValueError:
            continue
        found += [(y + P | sign << 255).to_bytes(32, "little") for sign in (0, 1)]
    return found


@pytest.mark.parametrize("encoded", non_canonical(), ids=lambda encoded: encoded.hex()[:4])
def test_a_point_that_is_not_encoded_as_it_must_be_gets_one_verdict(encoded: bytes) -> None:
    key = (SECRET * BASE).encoded()
    s = (challenge(encoded, key, MESSAGE) * SECRET % L).to_bytes(32, "little")
    assert verdicts(key, MESSAGE, encoded + s) == {False}
    assert verdicts(encoded, MESSAGE, signature(NONCE * BASE, encoded, MESSAGE)) == {False}


@pytest.mark.parametrize("excess", [1, 2, 7, 8])
def test_an_s_beyond_the_order_is_refused(excess: int) -> None:
    key = (SECRET * BASE).encoded()
    good = signature(NONCE * BASE, key, MESSAGE)
    s = int.from_bytes(good[32:], "little") + excess * L
    assert verdicts(key, MESSAGE, good[:32] + s.to_bytes(32, "little")) == {False}


@pytest.mark.parametrize("y", [2, 5, 2**255 - 20])
def test_a_key_that_is_no_point_verifies_nothing(y: int) -> None:
    assert verdicts(y.to_bytes(32, "little"), MESSAGE, bytes(64)) == {False}
