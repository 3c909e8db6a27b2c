"""How content is encrypted, named and checked; the same in every blob store."""

import hashlib
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from events.content import ContentRef
from events.personal import DataKeys, KeyDestroyed

from ...ports.blobs import BlobCorrupt, BlobErased

FORMAT = b"symbi-blob/v1"
OVERHEAD_BYTES = 16
"""By how much what is stored is longer than the content."""


class SealedBlob(NamedTuple):
    """Content as it is stored, and the pointer to it."""

    ref: ContentRef
    stored: bytes
    """AES-SIV (RFC 5297): the synthetic IV, 16 bytes, and the ciphertext."""


def seal(content: bytes, *, scope: str, media_type: str, keys: DataKeys) -> SealedBlob:
    """Encrypt *content* so that the same content, scope and media type give the same bytes.

    The key is HKDF-SHA256(data key of the scope, info = "symbi-blob/v1", 64 bytes), the associated data are
    "symbi-blob/v1", the scope and the media type; the digest is over what is stored.

    Raises:
        BlobErased: the data key of *scope* was destroyed.
    """
    try:
        key = _blob_key(keys.data_key(scope))
    except KeyDestroyed:
        reason = f"Nothing more can be stored for {scope}: its data key was destroyed."
        raise BlobErased(reason, scope=scope) from None
    stored = AESSIV(key).encrypt(content, _associated(scope, media_type))
    digest = f"sha256:{hashlib.sha256(stored).hexdigest()}"
    ref = ContentRef(digest=digest, size=len(content), media_type=media_type, scope=scope)
    return SealedBlob(ref, stored)


def unseal(ref: ContentRef, stored: bytes, keys: DataKeys) -> bytes:
    """The content.

    Raises:
        BlobCorrupt: *stored* is not what *ref* points to, or *ref* itself was altered.
        BlobErased: the data key of its scope was destroyed.
    """
    if ref.digest != f"sha256:{hashlib.sha256(stored).hexdigest()}":
        raise BlobCorrupt(digest=ref.digest)
    try:
        key = _blob_key(keys.data_key(ref.scope))
    except KeyDestroyed:
        raise BlobErased(digest=ref.digest, scope=ref.scope) from None
    try:
        content = AESSIV(key).decrypt(stored, _associated(ref.scope, ref.media_type))
    except InvalidTag:
        raise BlobCorrupt(digest=ref.digest) from None
    if len(content) != ref.size:
        raise BlobCorrupt(digest=ref.digest)
    return content


def digest_hex(ref: ContentRef) -> str:
    """The digest without its prefix: 64 hex digits."""
    return ref.digest.removeprefix("sha256:")


def _blob_key(data_key: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=64, salt=None, info=FORMAT).derive(data_key)


def _associated(scope: str, media_type: str) -> list[bytes]:
    return [FORMAT, scope.encode(), media_type.encode()]
