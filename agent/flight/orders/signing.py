"""Signing an order: what the command line and a platform do. Nothing here knows keys of anyone else."""

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from agent.runtime.durable import put
from agent.runtime.signed import ORDER, signature
from protocols.errors import Reasoned
from protocols.system import file_reason

ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


class BadKey(Reasoned):
    """A file that holds no key to sign with."""


def sign(
    private: Ed25519PrivateKey, key_id: str, payload: Mapping[str, Any], meant_for: bytes = ORDER
) -> dict[str, str]:
    """The envelope of an order, or of what else it is meant for: payload (the signed text, which names the key), key,
    signature.
    """
    text = json.dumps({**payload, "key": key_id}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {"payload": text, "key": key_id, "signature": signature(private, meant_for, text)}


def public_text(private: Ed25519PrivateKey) -> str:
    """The public key as it stands in the site file."""
    return base64.b64encode(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def read_key(path: Path, passphrase: Callable[[], str] | None = None) -> Ed25519PrivateKey:
    """A private key in PEM. BadKey says what is wrong with the file; `passphrase` is asked where it has one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadKey(file_reason(path, error)) from None
    if ENCRYPTED in content:
        if passphrase is None:
            raise BadKey("order.key_locked", file=str(path))
        return _loaded(path, content, passphrase().encode(), "order.wrong_passphrase")
    return _loaded(path, content, None, "order.no_private_key")


def _loaded(path: Path, content: bytes, passphrase: bytes | None, otherwise: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(content, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadKey(otherwise, file=str(path)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey("order.other_key", file=str(path))
    return key


def make_key(path: Path, passphrase: str = "") -> Ed25519PrivateKey:
    """A new private key in `path`, readable by its owner only. FileExistsError rather than overwriting one."""
    key = Ed25519PrivateKey.generate()
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(_written(key, passphrase))
    return key


def lock_key(path: Path, key: Ed25519PrivateKey, passphrase: str) -> None:
    """The same key under another passphrase; empty: under none. The old file is there until the new one is whole."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600, exist_ok=False)
    beside.write_bytes(_written(key, passphrase))
    put(beside, path)


def _written(key: Ed25519PrivateKey, passphrase: str) -> bytes:
    closed = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed)
