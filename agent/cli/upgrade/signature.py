"""Whether a package is the one that was released: SHA256SUMS beside it, signed by a key this gateway knows."""

from __future__ import annotations

import base64
import os
import stat
from hashlib import sha256

from agent.runtime.ed25519 import verifies
from protocols.errors import Reasoned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

SUMS, SIGNATURE, PUBLIC = "SHA256SUMS", "SHA256SUMS.sig", "release.pem"
"""As `make bundle` writes them."""
SPKI = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 key in RFC 8410's form."""
LONGEST_BYTES = 1 << 16
PIECE_BYTES = 1 << 20
BEGIN, END = b"-----BEGIN PUBLIC KEY-----", b"-----END PUBLIC KEY-----"


class NotProven(Reasoned):
    """It is not to be installed; says why."""


def key_of(pinned: Path, folder: Path, told_sum: str, *, owner: int = 0) -> bytes:
    """The PEM of the key that counts: the pinned one, or the stick's where its sum is the one that was told.

    `owner`: whose the pinned file must be, and nobody else's to write. Raises NotProven, OSError.
    """
    if told_sum:
        pem = _short(folder / PUBLIC)
        if sha256(pem).hexdigest() != told_sum.lower():
            raise NotProven("upgrade.other_key", file=str(folder / PUBLIC))
        return pem
    try:
        pem = _short(pinned)
        who = pinned.stat()
    except FileNotFoundError:
        raise NotProven("upgrade.no_key", file=str(pinned)) from None
    if who.st_uid != owner or who.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise NotProven("upgrade.key_of_another", file=str(pinned))
    return pem


def digest_of(package: Path, pem: bytes) -> str:
    """The SHA-256 that was signed for this file's name. Raises NotProven, OSError."""
    folder = package.parent
    sums = _short(folder / SUMS)
    if not verifies(_raw(pem), _short(folder / SIGNATURE), sums):
        raise NotProven("upgrade.bad_signature", file=str(folder / SUMS))
    for line in sums.decode("utf-8", "replace").splitlines():
        digest, _space, name = line.partition("  ")
        if name == package.name:
            return digest
    raise NotProven("upgrade.not_in_sums", file=package.name)


def taken(package: Path, into: Path, digest: str) -> None:
    """Copy it, and believe the copy: what lies on a stick may change between two looks. Raises NotProven, OSError."""
    summed, left = sha256(), package.stat().st_size
    beside = into.with_name(f".{into.name}.new")
    try:
        with _at_once(package) as source, beside.open("wb") as out:
            while part := source.read(min(PIECE_BYTES, left)):  # no more than there was room for
                summed.update(part)
                out.write(part)
                left -= len(part)
            out.flush()
            os.fsync(out.fileno())
        if summed.hexdigest() != digest:
            raise NotProven("upgrade.other_bytes", file=str(package))
        beside.replace(into)
    finally:
        beside.unlink(missing_ok=True)


def _at_once(path: Path) -> BinaryIO:
    """A stick may hold a pipe or a link to a device, and nobody writes into that: it is not waited for."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")


def _raw(pem: bytes) -> bytes:
    _head, begin, rest = pem.partition(BEGIN)
    text, end, _tail = rest.partition(END)
    try:
        der = base64.b64decode(b"".join(text.split()), validate=True)
    except ValueError:
        der = b""
    if not (begin and end and der.startswith(SPKI)) or len(der) != len(SPKI) + 32:
        raise NotProven("upgrade.no_ed25519")
    return der[len(SPKI) :]


def _short(path: Path) -> bytes:
    with _at_once(path) as file:
        content = file.read(LONGEST_BYTES + 1) or b""
    if len(content) > LONGEST_BYTES:
        raise NotProven("upgrade.too_long", file=str(path))
    return content
