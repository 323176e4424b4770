"""One flight's record as it is written: a chained log, a track, a summary, a manifest that shows any later change."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from agent.logbook.reading import COLUMNS, ENDED, FILES, LOG, MANIFEST, SUMMARY, TRACK, link, whole
from agent.runtime.buffered_appender import BufferedAppender
from agent.runtime.durable import lines, write_whole
from agent.runtime.durable import sync as on_disk
from agent.runtime.write_behind import Writer
from protocols.reason import Reason, plain


class FlightRecord:
    """A folder, written through `writer`: `note` and `track` wait for nothing.

    Every log line carries the hash of itself and the line before, so an edited line names itself.
    """

    def __init__(self, folder: Path, writer: Writer) -> None:
        self.folder = folder
        self._writer = writer
        self._log = BufferedAppender(folder / LOG, writer)
        self._track = BufferedAppender(folder / TRACK, writer)
        self._headed = False
        self._track_sha = hashlib.sha256()
        self._chain = ""
        self._count = 0
        self._lost = 0

    @classmethod
    def reopened(cls, folder: Path, writer: Writer) -> Self:
        """A record that goes on after a restart. Reads it: not for the loop."""
        record = cls(folder, writer)
        found = [line for line in lines(folder / LOG) if whole(line)]
        record._chain = json.loads(found[-1])["hash"] if found else ""
        record._count = len(found)
        record._headed = (folder / TRACK).exists()
        if record._headed:
            track = (folder / TRACK).read_bytes()
            record._track_sha.update(track if track.endswith(b"\n") else track + b"\n")  # as it is gone on with
        return record

    @property
    def id(self) -> str:
        """The flight's id: the folder's name."""
        return self.folder.name

    @property
    def trouble(self) -> Reason | None:
        """Why the log's last lines are not in their file yet; None when they are, or are on their way."""
        return self._log.trouble

    async def make(self) -> None:
        """Return when the folder is there: before anything is noted. Raises OSError."""
        await self._writer.done(lambda: self.folder.mkdir(parents=True, exist_ok=True))

    async def written(self) -> None:
        """Return when what was noted so far is in the log. Raises OSError."""
        await self._writer.done(self._log.catch_up)

    def sync(self) -> None:
        """The log so far is on the disk when this returns: for the writer's thread. Raises OSError."""
        self._log.catch_up()
        if (self.folder / LOG).exists():
            on_disk(self.folder / LOG)

    def note(self, kind: str, t_s: float, utc: str, **what: Any) -> None:
        """One line of the log. `t_s` seconds since boot; `utc` empty when no clock can be trusted.

        A line that finds too many waiting for the card is counted, and their number is the next line's to tell.
        """
        if self._log.full:
            self._lost += 1
            return
        if self._lost:
            what["lines_lost"], self._lost = self._lost, 0
        self._count += 1
        body = json.dumps({"n": self._count, "t_s": round(t_s, 3), "utc": utc, "kind": kind, **what},
                          ensure_ascii=False, default=plain)  # fmt: skip
        self._chain = link(self._chain, body)
        self._log.add(body[:-1] + f', "hash": "{self._chain}"}}')

    def track(self, row: Mapping[str, Any]) -> None:
        """One point of the track."""
        if not self._headed:
            self._headed = self._add_to_track(",".join(COLUMNS))
        text = io.StringIO()
        csv.writer(text).writerow([_cell(row.get(name)) for name in COLUMNS])
        self._add_to_track(text.getvalue().rstrip("\r\n"))
        self._log.ask()  # its lines are few: those a dead card left waiting would wait for the next one

    def _add_to_track(self, line: str) -> bool:
        taken = self._track.add(line)
        if taken:
            self._track_sha.update(f"{line}\n".encode())
        return taken

    def end(self, t_s: float, utc: str, summary: Mapping[str, Any]) -> str:
        """The flight ended so: its last line holds what the summary and the track are, and so does its seal, the hash
        of that line. Where the flight goes on after all, a later end counts.
        """
        files = {SUMMARY: hashlib.sha256(_text(summary)).hexdigest()}
        if self._headed:
            files[TRACK] = self._track_sha.hexdigest()
        self.note(ENDED, t_s, utc, files=files)
        return self._chain

    def close(self, summary: Mapping[str, Any]) -> None:
        """Write the summary and the manifest of hashes; done again when a flight thought over goes on.

        For the writer's thread. Raises OSError.
        """
        self._track.catch_up()
        self.sync()
        write_whole(self.folder / SUMMARY, _text(summary))
        there = [name for name in FILES if (self.folder / name).exists()]
        hashes = {name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for name in there}
        manifest = json.dumps({"flight": self.id, "sha256": hashes}, indent=1) + "\n"
        write_whole(self.folder / MANIFEST, manifest.encode())


def _text(summary: Mapping[str, Any]) -> bytes:
    return (json.dumps(summary, ensure_ascii=False, indent=1, default=plain) + "\n").encode()


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "" if value != value else f"{value:.7f}".rstrip("0").rstrip(".")
    return "" if value is None else value
