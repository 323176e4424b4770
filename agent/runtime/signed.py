"""Ed25519 over a text and what it is meant for: signed and proved here, whoever signs and whatever it says."""

import base64
from typing import Protocol

from agent.runtime.ed25519 import verifies

ORDER = b"hydronest order v1\n"
FACT = b"hydronest fact v1\n"
ACKNOWLEDGEMENT = b"hydronest acknowledgement v1\n"
MISSING = b"hydronest missing v1\n"
SEAL = b"hydronest seal v1\n"
ACCEPTANCE = b"hydronest acceptance v1\n"
"""Put before what is signed, so that a signature over one kind of text is none over another."""


class Signs(Protocol):
    """A private key, of whatever library."""

    def sign(self, data: bytes, /) -> bytes:
        """64 bytes."""


def signature(private: Signs, meant_for: bytes, text: str) -> str:
    """Base64."""
    return base64.b64encode(private.sign(meant_for + text.encode())).decode()


def is_signed(public_key: str, meant_for: bytes, text: str, signature: str) -> bool:
    """Whether `signature` is that of the owner of `public_key` (both base64) over `text`, meant for this."""
    try:
        public, proof = base64.b64decode(public_key), base64.b64decode(signature, validate=True)
        return verifies(public, proof, meant_for + text.encode())
    except ValueError:  # no base64, or half of a surrogate pair
        return False
