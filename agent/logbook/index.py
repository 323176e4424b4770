"""The index beside the flights: one line a flight, so that nobody need open five thousand folders to know the ledger.

It is made from the folders and can always be made anew; where the two differ, the folders are right.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agent.logbook.reading import SUMMARY, summary
from agent.runtime.durable import append_line, lines, write_whole
from protocols.foreign_json import read_json_object
from protocols.reason import plain

LONGEST_LINE = 1 << 20
INDEX = "index.jsonl"
Summary = Mapping[str, Any]
Stamp = list[int] | None
"""Size and modification time of the summary a line was made from; None for a flight still open."""


class Found(NamedTuple):
    """`flights` by number, oldest first. `mended`: the index file did not say so, and should be written anew."""

    flights: list[Summary]
    mended: bool


def read(folder: Path) -> Found:
    """The ledger of a folder of flights; only flights the index does not know as they are, are opened. Writes nothing.

    Raises OSError where the folder cannot be read; one that is not there holds no flights.
    """
    told: dict[str, tuple[Stamp, Summary]] = {}
    mended = False
    for line in lines(folder / INDEX):
        try:
            entry = read_json_object(line, LONGEST_LINE)
            told[entry["flight"]["id"]] = entry["stamp"], entry["flight"]
        except (ValueError, KeyError, TypeError):
            mended = True  # torn by a power cut, or damaged
    flights = []
    names = _names(folder)
    for name in names:
        stamp = _stamp(folder / name)
        known = told.get(name)
        if known is None or known[0] != stamp:
            mended = True
            flights.append(_opened(folder / name))
        else:
            flights.append(known[1])
    return Found(flights, mended or len(told) != len(names))


def write(folder: Path, flights: list[Summary]) -> None:
    """The whole index, anew. Raises OSError."""
    write_whole(folder / INDEX, "".join(f"{_line(folder, flight)}\n" for flight in flights).encode())


def add(folder: Path, flight: Summary) -> None:
    """Add what a flight has come to; its last line counts. Raises OSError."""
    append_line(folder / INDEX, _line(folder, flight), sync=False)


def number(flight_id: str) -> int:
    """A flight's number: ids count up, for no clock can be relied on to tell flights apart. 0 for what is no flight."""
    last = flight_id.rpartition("-")[2]
    return int(last) if last.isascii() and last.isdigit() else 0


def _opened(flight: Path) -> Summary:
    try:
        return {**summary(flight), "id": flight.name}
    except OSError:  # a bad spot of the card costs this flight's line, not the ledger
        return {"id": flight.name, "outcome": "unreadable"}


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as found:
            names = [entry.name for entry in found if number(entry.name) and entry.is_dir()]
    except FileNotFoundError:
        return []
    return sorted(names, key=number)


def _stamp(flight: Path) -> Stamp:
    try:
        found = (flight / SUMMARY).stat()
    except FileNotFoundError:
        return None
    return [found.st_size, found.st_mtime_ns]


def _line(folder: Path, flight: Summary) -> str:
    told = {"stamp": _stamp(folder / str(flight["id"])), "flight": flight}
    return json.dumps(told, ensure_ascii=False, default=plain)
