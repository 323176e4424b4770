"""Writes a backup: a tar.gz whose last member is a manifest with the digest of every other one."""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import orjson

from agent.cli.backup.sealed import seal

MANIFEST, SECRETS = "manifest.json", "secrets"
VERSION = 1
STATE, SETTINGS, JOURNAL = "state/", "settings/", "journal/"
LEFT_OUT = ("*.sock", "*.lock", "tree.json", "journal.db*", "journal.copy*", "*.damaged-*", ".*.new", "restored.json")
"""Of the state directory: what is made anew, what a salvage could not use, and the journal, which goes by itself."""
SECRET = ("identity.key", "*.key", "*.pem", "*.der")


def kept_in(state: Path) -> Iterator[Path]:
    """Files of a state directory, secrets included, that belong into a backup."""
    for path in sorted(state.rglob("*")):
        if path.is_file() and not path.is_symlink() and not any(path.match(pattern) for pattern in LEFT_OUT):
            yield path


def is_secret(path: Path) -> bool:
    """Whether it must not lie about: a key, a certificate's key with it."""
    return any(path.match(pattern) for pattern in SECRET)


def write(
    out: Path, files: Iterable[tuple[str, Path]], about: Mapping[str, object], secrets: Mapping[str, bytes], words: str
) -> dict[str, object]:
    """Write the backup whole or not at all; the manifest. A file that became shorter meanwhile is filled with zeros.

    `secrets` are sealed with `words`; none are where that is empty. Raises OSError.
    """
    beside = out.with_name(f".{out.name}.{os.getpid()}.new")
    sums: dict[str, list[object]] = {}
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(fd, "wb") as raw, tarfile.open(fileobj=raw, mode="w:gz", compresslevel=1) as archive:
            for name, path in files:
                with path.open("rb") as content:
                    summing = _Summing(content, os.fstat(content.fileno()).st_size)
                    archive.addfile(_member(name, summing.size), summing)
                sums[name] = [summing.size, summing.sum.hexdigest()]
            if words:
                sealed = seal(secrets, words)
                archive.addfile(_member(SECRETS, len(sealed)), io.BytesIO(sealed))
                sums[SECRETS] = [len(sealed), sha256(sealed).hexdigest()]
            manifest: dict[str, object] = {"v": VERSION, **about, "files": sums}
            text = orjson.dumps(manifest)
            archive.addfile(_member(MANIFEST, len(text)), io.BytesIO(text))
        with beside.open("rb") as whole:
            os.fsync(whole.fileno())
        beside.replace(out)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return manifest


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(time.time())
    return member


class _Summing(io.RawIOBase):
    """A file of the size it had when it was opened, summed as it is read."""

    def __init__(self, content: io.BufferedReader, size: int) -> None:
        self.size = size
        self.sum = sha256()
        self._content = content
        self._left = size

    def read(self, size: int = -1) -> bytes:
        """The next bytes, zeros where the file ends too early."""
        size = self._left if size < 0 else min(size, self._left)
        part = self._content.read(size)
        part += bytes(size - len(part))
        self._left -= size
        self.sum.update(part)
        return part
