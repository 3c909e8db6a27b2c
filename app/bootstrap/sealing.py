"""Encrypts the bytes of commands before they are kept outside the process."""

import os
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from events.personal import DataKeys

SCOPE = "commands"


def request_cipher(keys: DataKeys) -> Callable[[bytes], bytes]:
    """AES-256-GCM under the data key of the scope `commands`: nonce (12 bytes) || ciphertext."""
    cipher = AESGCM(keys.data_key(SCOPE))

    def encrypt(plain: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + cipher.encrypt(nonce, plain, b"symbi-command/v1")

    return encrypt
