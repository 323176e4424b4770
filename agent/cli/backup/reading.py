"""Reads a backup: whoever made it is a stranger, and nothing of it counts before every digest is right."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, NamedTuple

from agent.cli.backup.sealed import LONGEST_BYTES as MOST_SECRET_BYTES
from agent.cli.backup.writing import MANIFEST, SECRETS, VERSION
from protocols.errors import Reasoned
from protocols.foreign_json import BadJson, read_json_object

NAME = re.compile(r"(?:state|settings|journal)(?:/[\w@%+,=:#~-][\w.@%+,=:#~-]*)+")
"""Of a member: below one of these, and no way up."""
MOST_FILES = 200_000
MOST_BYTES = 64 << 30
LONGEST_MANIFEST = 64 << 20
LONGEST_NAME = 64
PIECE_BYTES = 1 << 20


class NoBackup(Reasoned):
    """It is none, or it is damaged; says where."""


class Content(NamedTuple):
    """What a backup says of itself, of which and of when (`gateway`, `made`) for sure; and its sealed secrets."""

    manifest: dict[str, object]
    secrets: bytes = b""


def unpack(archive: Path, into: Path | None = None, only: str = "") -> Content:
    """Check all of it, and write what begins with `only` below `into`. Raises NoBackup or OSError.

    On NoBackup what was written so far lies there: throw it away.
    """
    sums: dict[str, tuple[int, str]] = {}
    manifest: dict[str, object] = {}
    secrets = b""
    try:
        with tarfile.open(archive, mode="r|gz") as members:
            for name, content, size in _members(members):
                if name == MANIFEST:
                    manifest = read_json_object(content.read(LONGEST_MANIFEST), LONGEST_MANIFEST, 10 * MOST_FILES)
                    continue
                if manifest:
                    raise NoBackup("backup.behind_manifest", file=name)
                to = into / name if into is not None and name.startswith(only) and name != SECRETS else None
                digest, kept = _taken(content, to, keep=name == SECRETS)
                sums[name] = size, digest
                secrets = kept or secrets
    except BadJson:
        raise NoBackup("backup.bad_manifest") from None
    except (tarfile.TarError, EOFError, ValueError):
        raise NoBackup("backup.damaged") from None
    _compare(manifest, sums)
    return Content(manifest, secrets)


def _members(members: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes], int]]:
    count = size = 0
    for member in members:
        count, size = count + 1, size + member.size
        if count > MOST_FILES or size > MOST_BYTES:
            raise NoBackup("backup.too_large")
        content = members.extractfile(member) if member.isreg() else None
        if content is None or not (member.name in (MANIFEST, SECRETS) or NAME.fullmatch(member.name)):
            raise NoBackup("backup.foreign_file", file=repr(member.name[:200]))
        if member.name == SECRETS and member.size > MOST_SECRET_BYTES:
            raise NoBackup("backup.too_large")
        yield member.name, content, member.size


def _taken(content: IO[bytes], to: Path | None, *, keep: bool) -> tuple[str, bytes]:
    digest, kept = sha256(), bytearray()
    if to is None:
        while part := content.read(PIECE_BYTES):
            digest.update(part)
            if keep:
                kept += part
        return digest.hexdigest(), bytes(kept)
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with to.open("xb") as out:
        to.chmod(0o600)
        while part := content.read(PIECE_BYTES):
            digest.update(part)
            out.write(part)
    return digest.hexdigest(), b""


def _compare(manifest: dict[str, object], sums: dict[str, tuple[int, str]]) -> None:
    if not manifest:
        raise NoBackup("backup.no_manifest")
    files = manifest.get("files")
    if manifest.get("v") != VERSION or not isinstance(files, dict):
        raise NoBackup("backup.other_version")
    for name in ("gateway", "made"):
        said = manifest.get(name)
        if not isinstance(said, str) or len(said) > LONGEST_NAME or not said.isprintable():
            raise NoBackup("backup.bad_manifest")
    told = {name: tuple(one) if isinstance(one, list) else one for name, one in files.items()}
    for name in sorted(told.keys() | sums.keys()):
        if told.get(name) != sums.get(name):
            raise NoBackup("backup.not_as_told", file=name)
