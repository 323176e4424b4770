"""What is secret in a backup: sealed with a passphrase, or not in it at all."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import orjson

HEAD = b"hydronest secrets v1\n"
SALT_BYTES, NONCE_BYTES = 16, 12
COST = 1 << 15
"""scrypt's N, with r = 8: 32 MB and a tenth of a second on a Pi 4."""
LEAST_LETTERS = 12
LONGEST_BYTES = 4 << 20


class WrongPassphrase(Exception):
    """Or the file was changed: the two cannot be told apart."""


def seal(files: Mapping[str, bytes], passphrase: str) -> bytes:
    """Names and contents, sealed."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    plain = orjson.dumps({name: content.hex() for name, content in files.items()})
    return HEAD + salt + nonce + ChaCha20Poly1305(_key(passphrase, salt)).encrypt(nonce, plain, HEAD)


def unseal(sealed: bytes, passphrase: str) -> dict[str, bytes]:
    """What `seal` was given. Raises WrongPassphrase."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    salt, rest = sealed[len(HEAD) :][:SALT_BYTES], sealed[len(HEAD) + SALT_BYTES :]
    if not sealed.startswith(HEAD) or len(rest) <= NONCE_BYTES:
        raise WrongPassphrase
    try:
        plain = ChaCha20Poly1305(_key(passphrase, salt)).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], HEAD)
    except InvalidTag:
        raise WrongPassphrase from None
    return {name: bytes.fromhex(content) for name, content in orjson.loads(plain).items()}


def _key(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(passphrase.encode())
