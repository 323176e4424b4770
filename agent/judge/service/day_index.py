"""The ledger's index: one line per day that is over, so that years are summed up without reading each thing's minutes.

`ledger/2026-11.days` holds chained lines (`agent/runtime/chained.py`); of one day the last counts. A line seals its
day's file by that file's SHA-256. Columns are minutes as little-endian 16 bit, base64, in the order of `ids`.
"""

import re
import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from agent.judge.days import UNDATED
from agent.judge.ledger import because_of, below_of
from agent.judge.marks import counts
from agent.judge.minutes import Minutes, counted, is_of_sums
from agent.judge.service.files import LEDGER, days_on_disk, ledger_file
from agent.runtime import chained
from agent.runtime.envelope import content_of
from agent.runtime.readable import read
from protocols.reason import Reason
from protocols.system import why_failed

SUFFIX = ".days"
_BETWEEN = " "


class DaySums(NamedTuple):
    """One day of every thing: minutes by verdict, in the order of `ids`; `judged` is how many anything was judged in.

    `below` and `because` are {thing: {limit or rule: minutes}}. `file` is the SHA-256 of the day's file, empty where it
    is not sealed yet.
    """

    ids: str
    serviceable: "array[int]"
    not_serviceable: "array[int]"
    unknown: "array[int]"
    judged: int
    below: Mapping[str, Mapping[str, int]]
    because: Mapping[str, Mapping[str, int]]
    file: str = ""

    @property
    def assets(self) -> list[str]:
        """The ids."""
        return self.ids.split(_BETWEEN) if self.ids else []


def sums_of(minutes: Mapping[str, Minutes], most_min: int) -> DaySums:
    """A day's sums, up to the minute `most_min` of it."""
    sums = []
    for entry in minutes.values():
        tally = entry.within(0, most_min)
        sums.append((tally.serviceable, tally.not_serviceable, tally.unknown))
    return _columns(list(minutes), sums, below_of(minutes.items()), because_of(minutes.items()))


def _sums_of_kept(entries: Mapping[str, list[Any]], most_min: int) -> DaySums:
    """As `sums_of`, of a day as its file holds it, with a tenth of the work. Raises ValueError, TypeError."""
    sums: list[tuple[int, int, int]] = []
    below: dict[str, dict[str, int]] = {}
    because: dict[str, dict[str, int]] = {}
    for asset, entry in entries.items():
        rules: dict[str, list[int]] = {}
        if is_of_sums(entry):
            good, bad, unknown, limits = entry
            sums.append((int(good), int(bad), int(unknown)))
        else:
            runs, end, limits, *more = entry
            rules = more[0] if more else {}
            sums.append(counted(runs, end, 0, most_min))
        if limits:
            below[asset] = counts(limits)
        if rules:
            because[asset] = counts(rules)
    return _columns(list(entries), sums, below, because)


def _columns(
    assets: list[str],
    sums: list[tuple[int, int, int]],
    below: Mapping[str, Mapping[str, int]],
    because: Mapping[str, Mapping[str, int]],
) -> DaySums:
    good, bad, unknown = (array("H", column) for column in zip(*sums, strict=True)) if sums else (array("H"),) * 3
    return DaySums(_BETWEEN.join(assets), good, bad, unknown, max(map(sum, sums), default=0), below, because)


_DAY = re.compile(rb'\{"day":"([^"]{1,20})"(,"file":"")?')


def index_file(directory: Path, month: str) -> Path:
    """Where a month's days are summed up."""
    return directory / LEDGER / f"{month}{SUFFIX}"


def read_index(directory: Path, month: str, trouble: list[Reason]) -> dict[str, DaySums]:
    """A month's days that are in the index. Raises OSError; what cannot be read is told in `trouble`."""
    found: dict[str, DaySums] = {}
    for line in chained.read(index_file(directory, month), trouble):
        try:
            if line.content["file"]:
                found[str(line.content["day"])] = _sums_from(line.content)
            else:
                found.pop(str(line.content["day"]), None)
        except (KeyError, ValueError, TypeError) as error:
            trouble.append(Reason("judge.minutes_left_aside", day=month, why=why_failed(error)))
    return found


class DayIndex:
    """Writes it. Blocking: for a thread of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: dict[str, set[str]] = {}

    def waiting(self, open_days: Iterable[str]) -> list[str]:
        """The days on disk that are over and not in it, by rising date. Raises OSError."""
        closed = [day for day in days_on_disk(self._directory) if day != UNDATED and day not in set(open_days)]
        months: dict[str, set[str]] = {}
        for day in closed:
            if day[:7] not in months:
                months[day[:7]] = _days_in(index_file(self._directory, day[:7]))
        return [day for day in closed if day not in months[day[:7]]]

    def add(self, day: str, length_min: int) -> str:
        """Seal a day as its file says it; the hash of its line. Raises OSError, ValueError, TypeError, AttributeError,
        OverflowError.
        """
        file = ledger_file(self._directory, day)
        raw, unreadable = read(file)
        if unreadable:
            raise ValueError(f"{unreadable} bytes of {file} cannot be read")
        sums = _sums_of_kept(orjson.loads(content_of(raw, LEDGER)), length_min)
        path = index_file(self._directory, day[:7])
        chained.cut_torn(path)
        lines, head = chained.chained(self._before(path), [_line(day, sums, sha256(raw).hexdigest())])
        chained.append(path, lines)
        if path.name in self._known:
            self._known[path.name].add(day)
        return head

    def reopen(self, day: str) -> None:
        """A day that is about to be written: from now on its sums, if there are any, count no more. Raises OSError."""
        path = index_file(self._directory, day[:7])
        if path.name not in self._known:
            self._known[path.name] = _days_in(path)
        if day in self._known[path.name]:
            chained.cut_torn(path)
            chained.append(path, chained.chained(self._before(path), [{"day": day, "file": ""}])[0])
            self._known[path.name].remove(day)

    def _before(self, path: Path) -> str:
        """The hash that the next line of a month's file goes on from: its last, or that of the month before."""
        earlier = sorted(one for one in path.parent.glob(f"*{SUFFIX}") if one.name <= path.name)
        for file in reversed(earlier):
            lines = read(file).data.splitlines()
            if lines:
                return lines[-1][:64].decode("ascii", "replace")
        return chained.FIRST


def _days_in(path: Path) -> set[str]:
    """The days of a month's file, their sums unread: of a large site they are a million objects. Raises OSError."""
    found = [found for text in chained.texts(path) if (found := _DAY.match(text))]
    last = {one[1].decode(): one[2] for one in found}
    return {day for day, reopened in last.items() if reopened is None}


def line_of(directory: Path, day: str) -> bytes:
    """A day's line as it stands, of several the last; empty where there is none. Raises OSError."""
    try:
        raw = read(index_file(directory, day[:7])).data
    except FileNotFoundError:
        return b""
    lines = raw[: raw.rfind(b"\n") + 1].splitlines()
    for line in reversed(lines):
        if (of := _DAY.match(line[65:])) and of[1].decode() == day:
            return b"" if of[2] else line
    return b""


def is_sealed(directory: Path, day: str, sums: DaySums) -> bool:
    """Whether a day's file is the one that was summed up. Raises OSError."""
    return sha256(read(ledger_file(directory, day)).data).hexdigest() == sums.file


def _line(day: str, sums: DaySums, file: str) -> dict[str, Any]:
    return {
        "day": day,
        "file": file,
        "judged": sums.judged,
        "ids": sums.ids,
        "serviceable": _packed(sums.serviceable),
        "not_serviceable": _packed(sums.not_serviceable),
        "unknown": _packed(sums.unknown),
        "below": sums.below,
        "because": sums.because,
    }


def _sums_from(content: Mapping[str, Any]) -> DaySums:
    good, bad, unknown = (_unpacked(content[name]) for name in ("serviceable", "not_serviceable", "unknown"))
    because = content.get("because", {})  # an earlier version kept none
    marks = content["below"], because
    sums = DaySums(content["ids"], good, bad, unknown, int(content["judged"]), *marks, content["file"])
    if {len(good), len(bad), len(unknown)} != {sums.ids.count(_BETWEEN) + bool(sums.ids)}:
        raise ValueError("columns of other lengths")
    return sums


def _packed(column: "array[int]") -> str:
    if sys.byteorder == "big":
        column = array("H", column)
        column.byteswap()
    return b64encode(column.tobytes()).decode()


def _unpacked(text: str) -> "array[int]":
    column = array("H")
    column.frombytes(b64decode(text, validate=True))
    if sys.byteorder == "big":
        column.byteswap()
    return column
