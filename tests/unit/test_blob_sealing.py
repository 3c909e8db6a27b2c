"""How content is encrypted: deterministic per scope, and unreadable for everybody else."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.adapters.blobs.sealing import OVERHEAD_BYTES, seal, unseal
from app.adapters.data_keys import MemoryDataKeys
from app.ports.blobs import BlobCorrupt, BlobErased
from events.personal import DataKeys

CONTENT = b"the minutes of the meeting"


class FixedKeys:
    """The data key 00 01 … 1f for every scope."""

    def data_key(self, scope: str) -> bytes:
        return bytes(range(32))


def test_the_bytes_are_those_of_the_published_construction() -> None:
    blob = seal(CONTENT, scope="task/t-1", media_type="text/plain", keys=FixedKeys())
    key = HKDF(algorithm=SHA256(), length=64, salt=None, info=b"symbi-blob/v1").derive(bytes(range(32)))
    associated = [b"symbi-blob/v1", b"task/t-1", b"text/plain"]
    assert AESSIV(key).decrypt(blob.stored, associated) == CONTENT
    # Recorded: whoever changes this makes every stored digest point nowhere.
    assert blob.ref.digest == "sha256:e3236bf823b778a7ddf160b0e91857b2c7bc7e2783fcea4c9982cf86dbec36e8"


@pytest.mark.parametrize(
    ("scope", "media_type", "content"),
    [
        ("task/t-2", "text/plain", CONTENT),
        ("task/t-1", "text/html", CONTENT),
        ("task/t-1", "text/plain", CONTENT + b"."),
        ("task/t-1text", "/plain", CONTENT),
    ],
)
def test_anything_else_has_another_digest(scope: str, media_type: str, content: bytes) -> None:
    keys = FixedKeys()
    blob = seal(CONTENT, scope="task/t-1", media_type="text/plain", keys=keys)
    assert seal(content, scope=scope, media_type=media_type, keys=keys).ref.digest != blob.ref.digest


@pytest.mark.parametrize("content", [b"", b"\0", CONTENT, bytes(100_000)])
def test_content_comes_back(content: bytes) -> None:
    keys = MemoryDataKeys()
    blob = seal(content, scope="task/t-1", media_type="text/plain", keys=keys)
    assert len(blob.stored) == len(content) + OVERHEAD_BYTES
    assert blob.ref.size == len(content)
    assert unseal(blob.ref, blob.stored, keys) == content


@pytest.mark.parametrize(
    "altered",
    [{"media_type": "text/html"}, {"scope": "task/t-2"}, {"size": 3}, {"digest": "sha256:" + "0" * 64}],
)
def test_an_altered_pointer_opens_nothing(altered: dict[str, object]) -> None:
    keys = MemoryDataKeys()
    blob = seal(CONTENT, scope="task/t-1", media_type="text/plain", keys=keys)
    with pytest.raises(BlobCorrupt):
        unseal(blob.ref.model_copy(update=altered), blob.stored, keys)


def test_bytes_that_fit_the_digest_but_not_the_key_open_nothing() -> None:
    blob = seal(CONTENT, scope="task/t-1", media_type="text/plain", keys=MemoryDataKeys())
    with pytest.raises(BlobCorrupt):
        unseal(blob.ref, blob.stored, MemoryDataKeys())


def test_nothing_is_sealed_or_opened_for_an_erased_scope() -> None:
    keys = MemoryDataKeys()
    blob = seal(CONTENT, scope="task/t-1", media_type="text/plain", keys=keys)
    keys.destroy("task/t-1")
    with pytest.raises(BlobErased, match="can never be read again: the data key of task/t-1"):
        unseal(blob.ref, blob.stored, keys)
    with pytest.raises(BlobErased, match="Nothing more can be stored for task/t-1"):
        seal(CONTENT, scope="task/t-1", media_type="text/plain", keys=keys)


def test_both_key_providers_are_what_the_events_ask_for() -> None:
    keys: DataKeys = MemoryDataKeys()
    assert len(keys.data_key("task/t-1")) == 32
