"""A VFS that writes down every write, truncation and sync in order, so that any power cut can be played back later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apsw


class Op(NamedTuple):
    """One thing done to a file. `data` is None for a truncation to `offset`."""

    file: str  # "db" or "wal"
    offset: int
    data: bytes | None


@dataclass
class Log:
    """What happened, in order: an Op, ("sync", file), or ("acked", tick)."""

    entries: list[Op | tuple[str, str | int]] = field(default_factory=list)
    recording: bool = True


class RecordingVFS(apsw.VFS):
    """The ordinary VFS, with a log."""

    def __init__(self, name: str, log: Log) -> None:
        self._log = log
        super().__init__(name, base="")

    def xOpen(self, name: Any, flags: list[int]) -> RecordingFile:  # noqa: N802
        return RecordingFile(name, flags, self._log)


class RecordingFile(apsw.VFSFile):
    """One file of the VFS."""

    def __init__(self, name: Any, flags: list[int], log: Log) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else (name or "")
        self._file = "wal" if path.endswith("-wal") else "db"
        self._kept = flags[0] & (apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_WAL)
        self._log = log
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self._kept and self._log.recording:
            self._log.entries.append(Op(self._file, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        if self._kept and self._log.recording:
            self._log.entries.append(Op(self._file, newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        if self._kept and self._log.recording:
            self._log.entries.append(("sync", self._file))
