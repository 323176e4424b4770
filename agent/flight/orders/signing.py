"""Signing an order: what the command line and a platform do. Nothing here knows keys of anyone else."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from agent.runtime.signed import ORDER, signature
from protocols.errors import Reasoned
from protocols.system import file_reason


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


def read_key(path: Path) -> Ed25519PrivateKey:
    """A private key in PEM. BadKey says what is wrong with the file."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise BadKey(file_reason(path, error)) from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadKey("order.no_private_key", file=str(path)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey("order.other_key", file=str(path))
    return key


def make_key(path: Path) -> Ed25519PrivateKey:
    """A new private key in `path`, readable by its owner only. FileExistsError rather than overwriting one."""
    key = Ed25519PrivateKey.generate()
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key
