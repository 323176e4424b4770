"""One flight's record: a chained log, a track, a summary, and a manifest that shows any later change."""

import csv
import errno
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.flight.logbook.buffered_appender import BufferedAppender
from agent.runtime.durable import lines, write_whole
from agent.runtime.durable import sync as on_disk

TRACK = ("t_s", "utc", "phase", "lat", "lon", "altitude_m", "height_m", "speed_ms", "battery_percent", "wind_ms",
         "gust_ms", "rain")  # fmt: skip
FILES = ("log.jsonl", "track.csv", "flight.json")


class FlightRecord:
    """A folder. Every log line carries the hash of itself and the line before, so an edited line names itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "log.jsonl"
        self.track_file = folder / "track.csv"
        self._log_pen, self._track_pen = BufferedAppender(self.log), BufferedAppender(self.track_file)
        found = [line for line in lines(self.log) if _whole(line)]
        self._chain = json.loads(found[-1])["hash"] if found else ""
        self._count = len(found)

    @property
    def id(self) -> str:
        """The flight's id: the folder's name."""
        return self.folder.name

    @property
    def trouble(self) -> str:
        """Why the log's last lines are not in their file yet; empty when they are."""
        return self._log_pen.trouble

    def sync(self) -> None:
        """The log so far is on the disk when this returns. Raises OSError."""
        if self.trouble:
            raise OSError(errno.EIO, self.trouble, str(self.log))
        if self.log.exists():
            on_disk(self.log)

    def note(self, kind: str, t_s: float, utc: str, **what: Any) -> None:
        """One line of the log. `t_s` seconds since boot; `utc` empty when no clock can be trusted."""
        self._count += 1
        body = json.dumps({"n": self._count, "t_s": round(t_s, 3), "utc": utc, "kind": kind, **what},
                          ensure_ascii=False, default=str)  # fmt: skip
        self._chain = _link(self._chain, body)
        self._log_pen.add(body[:-1] + f', "hash": "{self._chain}"}}')

    def track(self, row: Mapping[str, Any]) -> None:
        """One point of the track."""
        if not self._track_pen.begun:
            self._track_pen.add(",".join(TRACK))
        text = io.StringIO()
        csv.writer(text).writerow([_cell(row.get(name)) for name in TRACK])
        self._track_pen.add(text.getvalue().rstrip("\r\n"))

    def close(self, summary: Mapping[str, Any]) -> None:
        """Write the summary and the manifest of hashes; done again when a flight thought over goes on. OSError."""
        self._log_pen.catch_up()
        self._track_pen.catch_up()
        self.sync()
        told = json.dumps(summary, ensure_ascii=False, indent=1, default=str) + "\n"
        write_whole(self.folder / "flight.json", told.encode())
        there = [name for name in FILES if (self.folder / name).exists()]
        hashes = {name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for name in there}
        manifest = json.dumps({"flight": self.id, "sha256": hashes}, indent=1) + "\n"
        write_whole(self.folder / "manifest.json", manifest.encode())

    def summary(self) -> dict[str, Any]:
        """The summary, or what the log's first line says of a flight still open."""
        try:
            return dict(json.loads((self.folder / "flight.json").read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError):
            first = next(self.entries(), {})
            return {"id": self.id, "outcome": "open", **first.get("flight", {})}

    def entries(self) -> Iterator[dict[str, Any]]:
        """The log's lines that can be read."""
        return (json.loads(line) for line in lines(self.log) if _whole(line))

    def points(self) -> list[dict[str, str]]:
        """The track's rows as texts by column."""
        return list(csv.DictReader(lines(self.track_file)))


def verify(folder: Path) -> list[str]:
    """What does not match the manifest and the chain, each as one sentence; empty when nothing was changed."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        hashes = dict(manifest["sha256"])
    except FileNotFoundError:
        return ["manifest.json is missing: the flight is still open, or the file was taken away"]
    except (ValueError, KeyError, TypeError):
        return ["manifest.json cannot be read"]
    wrong = []
    for name, digest in hashes.items():
        path = folder / name
        if not path.exists():
            wrong.append(f"{name} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            wrong.append(f"{name} is not what it was when the flight was closed")
    wrong += [f"{name} is not in the manifest" for name in FILES if name not in hashes and (folder / name).exists()]
    return wrong + _chain_mistakes(folder / "log.jsonl")


def _chain_mistakes(log: Path) -> list[str]:
    chain = ""
    for number, line in enumerate(lines(log), 1):
        if not _whole(line):
            return [f"log.jsonl line {number} cannot be read"]
        body, _, told = line.rpartition(', "hash": "')
        chain = _link(chain, body + "}")
        if told != f'{chain}"}}':
            return [f"log.jsonl line {number} was changed, or a line before it taken out"]
    return []


def _link(chain: str, body: str) -> str:
    return hashlib.sha256(f"{chain}\n{body}".encode()).hexdigest()[:32]


def _whole(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict) and '"hash": "' in line
    except ValueError:
        return False


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "" if value != value else f"{value:.7f}".rstrip("0").rstrip(".")
    return "" if value is None else value
