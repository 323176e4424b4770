"""A flight's record as anybody can read it from its folder: nothing here writes, or knows a running flight."""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.runtime.durable import lines
from protocols.reason import Reason

ENDED = "ended"
"""The last line of a log: what summary and track are, by their hashes."""
LOG, TRACK, SUMMARY, MANIFEST = "log.jsonl", "track.csv", "flight.json", "manifest.json"
FILES = (LOG, TRACK, SUMMARY)
"""What the manifest covers."""
COLUMNS = ("t_s", "utc", "phase", "lat", "lon", "altitude_m", "height_m", "speed_ms", "battery_percent", "wind_ms",
           "gust_ms", "rain")  # fmt: skip
"""Of the track."""


def summary(folder: Path) -> dict[str, Any]:
    """The summary, or what the log's first line says of a flight still open."""
    try:
        return dict(json.loads((folder / SUMMARY).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError, RecursionError):
        first: Mapping[str, Any] = next(entries(folder), {})
        return {"id": folder.name, "outcome": "open", **first.get("flight", {})}


def entries(folder: Path) -> Iterator[dict[str, Any]]:
    """The log's lines that can be read."""
    return (json.loads(line) for line in lines(folder / LOG) if whole(line))


def points(folder: Path) -> list[dict[str, str]]:
    """The track's rows as texts by column."""
    return list(csv.DictReader(lines(folder / TRACK)))


def verify(folder: Path) -> list[Reason]:
    """What does not match the manifest and the chain; empty when nothing was changed."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        hashes = dict(manifest["sha256"])
    except FileNotFoundError:
        return [Reason("record.no_manifest")]
    except (ValueError, KeyError, TypeError, RecursionError):
        return [Reason("record.manifest_unreadable")]
    wrong: list[Reason] = []
    for name, digest in hashes.items():
        path = folder / name
        if not path.exists():
            wrong.append(Reason("record.missing", file=name))
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            wrong.append(Reason("record.changed", file=name))
    beside = [name for name in FILES if name not in hashes and (folder / name).exists()]
    wrong += [Reason("record.not_in_manifest", file=name) for name in beside]
    return wrong + (_chain_mistakes(folder / LOG) or _contradictions(folder))


def seal(folder: Path) -> str:
    """The hash of the log's last line, on which everything of the flight hangs; empty where there is none."""
    found = lines(folder / LOG)
    return str(json.loads(found[-1])["hash"]) if found and whole(found[-1]) else ""


def _contradictions(folder: Path) -> list[Reason]:
    """What the flight's last line says otherwise of summary and track, where it has ended."""
    found = lines(folder / LOG)
    last = json.loads(found[-1]) if found else {}
    if last.get("kind") != ENDED or not isinstance(last.get("files"), dict):
        return []  # of an earlier version, or not over
    return [
        Reason("record.contradicts", file=name)
        for name, digest in sorted(last["files"].items())
        if name in FILES
        and not ((path := folder / name).exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest)
    ]


def link(chain: str, body: str) -> str:
    """The hash a line of the log ends with: of itself and of the line before."""
    return hashlib.sha256(f"{chain}\n{body}".encode()).hexdigest()[:32]


def whole(line: str) -> bool:
    """Whether a line of the log was written to its end."""
    try:
        return isinstance(json.loads(line), dict) and '"hash": "' in line
    except (ValueError, RecursionError):
        return False


def _chain_mistakes(log: Path) -> list[Reason]:
    chain = ""
    for number, line in enumerate(lines(log), 1):
        if not whole(line):
            return [Reason("record.line_unreadable", file=LOG, line=number)]
        body, _, told = line.rpartition(', "hash": "')
        chain = link(chain, body + "}")
        if told != f'{chain}"}}':
            return [Reason("record.line_changed", file=LOG, line=number)]
    return []
