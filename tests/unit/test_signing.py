"""A signature is good for one key, one kind of payload and one sequence of bytes, whoever verifies it."""

import base64
import hashlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import signing
from events.signing import PROVIDERS, Provider, SigningKey, key_id, pae, verify

KINDS = [value for name, value in vars(signing).items() if name.endswith("_TYPE")]
BOTH = [make() for make in PROVIDERS.values()]
EACH = pytest.mark.parametrize("using", BOTH, ids=lambda using: using.name)

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
OF_NOTHING = bytes.fromhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
    "d25bf5f0595bbe24655141438e7a100b"
)
"""RFC 8032, 7.1, test 1: the signature over no bytes."""

KEY = SigningKey.from_seed(SEED)
PAYLOAD = b'{"a":1}'


def test_the_encoding_is_that_of_dsse() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("ü", "ü".encode()) == b"DSSEv1 2 \xc3\xbc 2 \xc3\xbc"


def test_a_key_id_is_the_head_of_the_keys_digest() -> None:
    assert KEY.key_id == key_id(PUBLIC) == "ed25519:" + hashlib.sha256(PUBLIC).hexdigest()[:32]


@EACH
def test_providers_keep_rfc_8032(using: Provider) -> None:
    assert using.public_key(SEED) == PUBLIC
    assert using.signer(SEED)(b"") == OF_NOTHING
    assert using.verify(PUBLIC, b"", OF_NOTHING)
    assert not using.verify(PUBLIC, b"x", OF_NOTHING)


@given(seed=st.binary(min_size=32, max_size=32), payload=st.binary(max_size=100))
@settings(max_examples=30)
def test_providers_make_the_same_signatures_and_accept_each_others(seed: bytes, payload: bytes) -> None:
    one, other = (SigningKey.from_seed(seed, using) for using in BOTH)
    signature = one.sign(signing.EVENT_TYPE, payload)
    assert (other.key_id, other.sign(signing.EVENT_TYPE, payload)) == (one.key_id, signature)
    for using in BOTH:
        assert verify(using, one.public_key, signing.EVENT_TYPE, payload, signature)


@EACH
@pytest.mark.parametrize(("signed", "read"), list(itertools.permutations(KINDS, 2)))
def test_a_signature_of_one_kind_is_none_of_another(using: Provider, signed: str, read: str) -> None:
    signature = KEY.sign(signed, PAYLOAD)
    assert verify(using, PUBLIC, signed, PAYLOAD, signature)
    assert not verify(using, PUBLIC, read, PAYLOAD, signature)


@EACH
@given(st.data())
@settings(max_examples=60)
def test_a_changed_bit_spoils_a_signature(using: Provider, data: st.DataObject) -> None:
    good = (PUBLIC, PAYLOAD, base64.b64decode(KEY.sign(signing.EVENT_TYPE, PAYLOAD)))
    which = data.draw(st.integers(0, 2))
    bit = data.draw(st.integers(0, len(good[which]) * 8 - 1))
    changed = bytearray(good[which])
    changed[bit // 8] ^= 1 << bit % 8
    public, payload, signature = (bytes(changed) if at == which else good[at] for at in range(3))
    assert not verify(using, public, signing.EVENT_TYPE, payload, base64.b64encode(signature).decode())


@EACH
@given(public=st.binary(max_size=40), signature=st.text(max_size=100) | st.binary(max_size=70).map(str))
@settings(max_examples=60)
def test_malformed_keys_and_signatures_are_bad_ones(using: Provider, public: bytes, signature: str) -> None:
    good = KEY.sign(signing.EVENT_TYPE, PAYLOAD)
    assert not verify(using, PUBLIC, signing.EVENT_TYPE, PAYLOAD, signature)
    assert not verify(using, public, signing.EVENT_TYPE, PAYLOAD, good)


@EACH
def test_a_signature_has_one_spelling(using: Provider) -> None:
    good = KEY.sign(signing.EVENT_TYPE, PAYLOAD)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet.index(good[85])
    same_bytes = good[:85] + alphabet[last ^ 1] + good[86:]
    assert base64.b64decode(same_bytes) == base64.b64decode(good)
    for other in (
        same_bytes,
        good + "\n",
        f" {good}",
        good.rstrip("="),
        f"{good}==",
        good.replace("/", "_") + "!",
    ):
        assert not verify(using, PUBLIC, signing.EVENT_TYPE, PAYLOAD, other)


P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
BASE_POINT = bytes.fromhex("58" + "66" * 31)
SMALL_ORDER = [
    bytes.fromhex(text)
    for text in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
]
"""The points of small order as libsodium lists them; each with either sign bit."""


@EACH
@pytest.mark.parametrize("sign_bit", [0, 0x80])
@pytest.mark.parametrize("point", SMALL_ORDER, ids=lambda point: point.hex()[:8])
def test_a_key_that_anybody_can_sign_with_verifies_nothing(
    using: Provider, point: bytes, sign_bit: int
) -> None:
    """With R = B and s = 1 the equation holds wherever the challenge is a multiple of the key's order."""
    weak = point[:31] + bytes([point[31] | sign_bit])
    forged = BASE_POINT + (1).to_bytes(32, "little")
    assert not any(using.verify(weak, b"%d" % number, forged) for number in range(64))


@EACH
def test_a_signature_on_a_point_of_small_order_is_refused(using: Provider) -> None:
    """Who knows the key can make one (s = challenge × key); only some implementations refuse it."""
    identity = SMALL_ORDER[0]
    digest = hashlib.sha512(SEED).digest()
    clamped = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    challenge = int.from_bytes(hashlib.sha512(identity + PUBLIC + b"m").digest(), "little")
    crafted = identity + (challenge * clamped % L).to_bytes(32, "little")
    assert not using.verify(PUBLIC, b"m", crafted)


@EACH
def test_the_second_form_of_a_signature_is_refused(using: Provider) -> None:
    """s + L satisfies the same equation; RFC 8032 forbids it."""
    second = OF_NOTHING[:32] + (int.from_bytes(OF_NOTHING[32:], "little") + L).to_bytes(32, "little")
    assert not using.verify(PUBLIC, b"", second)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_has_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SigningKey.from_seed(bytes(length))


def test_a_signing_key_does_not_show_its_private_part() -> None:
    shown = repr(KEY)
    assert KEY.key_id in shown
    assert "_sign" not in shown
    assert SEED.hex() not in shown


def test_an_unknown_provider_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        signing.provider("ring")
    assert signing.provider().name == signing.DEFAULT_PROVIDER
