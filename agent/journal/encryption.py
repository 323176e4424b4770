"""Optional encryption of record bodies at rest: ChaCha20-Poly1305, for a Pi 4 has no AES instructions.

The key of a run is derived from the key file and the run's boot id (`start_name.py`: 30 bits of it are drawn); the
nonce is the record's seq and a count of how often this run has sealed. A seq is never used twice in a run and a retry
counts as a new seal, so a (key, nonce) pair never repeats. The record's header is authenticated with it: a body cannot
be moved under another name.
"""

from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING

from agent.journal.start_name import start_text
from protocols.errors import Reasoned
from protocols.system import os_reason

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_NONCE = Struct(">QI")
_COUNT = Struct(">I")
KEY_BYTES = 32


class KeyTrouble(Reasoned):
    """The key file cannot be used, or a body was not sealed with it. The reason says what to do."""


def read_key(path: Path) -> bytes:
    """The 32 bytes in a credential file, raw or as 64 hex digits."""
    try:
        raw = path.read_bytes()
    except OSError as trouble:
        raise KeyTrouble("journal.no_key", file=str(path), why=os_reason(trouble)) from None
    text = raw.strip()
    if len(raw) == KEY_BYTES:
        return raw
    if len(text) == 2 * KEY_BYTES:
        try:
            return bytes.fromhex(text.decode("ascii"))
        except ValueError:
            pass
    raise KeyTrouble("journal.not_a_key", file=str(path), bytes=len(raw))


class Encryption:
    """Seals and opens bodies under one master key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise KeyTrouble("journal.key_length", wanted=KEY_BYTES, bytes=len(key))
        self._key = key
        self._runs: dict[int, ChaCha20Poly1305] = {}
        self._sealed = 0

    def _run(self, boot: int) -> "ChaCha20Poly1305":
        aead = self._runs.get(boot)
        if aead is None:
            from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # only where a key is set
            from cryptography.hazmat.primitives.hashes import SHA256
            from cryptography.hazmat.primitives.kdf.hkdf import HKDF

            info = b"hydronest journal " + boot.to_bytes(8, "big")
            aead = ChaCha20Poly1305(HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self._key))
            self._runs[boot] = aead
        return aead

    def close(self, boot: int, seq: int, header: bytes, plain: bytes) -> bytes:
        """`plain` sealed under the record's name and header."""
        self._sealed += 1
        nonce = _NONCE.pack(seq, self._sealed)
        return _COUNT.pack(self._sealed) + self._run(boot).encrypt(nonce, plain, header)

    def open(self, boot: int, seq: int, header: bytes, sealed: bytes) -> bytes:
        """What was sealed. Raises KeyTrouble under another key, name or header."""
        from cryptography.exceptions import InvalidTag

        (count,) = _COUNT.unpack_from(sealed)
        try:
            return self._run(boot).decrypt(_NONCE.pack(seq, count), sealed[4:], header)
        except InvalidTag:
            raise KeyTrouble("journal.other_key", record=f"{start_text(boot)}/{seq}") from None
