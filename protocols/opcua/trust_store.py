"""Where a server's certificate is kept once a person accepted it. Files only, and no cryptography."""

import hashlib
from pathlib import Path
from typing import Final

SUFFIXES: Final = (".der", ".pem", ".crt", ".cer")


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of the DER form, as people compare it: `AB:CD:…`."""
    digest = hashlib.sha256(certificate).hexdigest().upper()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def accept(server_certificate: bytes, trust: Path) -> Path:
    """Write the server's certificate where `trust` points (a file, or into a folder), and say where."""
    target = trust
    if trust.is_dir() or trust.suffix.lower() not in SUFFIXES:
        trust.mkdir(parents=True, exist_ok=True)
        target = trust / f"{hashlib.sha256(server_certificate).hexdigest()[:16]}.der"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(server_certificate)
    return target
