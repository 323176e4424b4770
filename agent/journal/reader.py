"""The journal read for people: what `journal status|peek|verify|export|history` show, over any read connection.

The agent reads through its own connection, in small steps between commits; the command line, when no agent runs,
through sqlite-utils on a read-only one. Nothing here writes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

import orjson

from agent.journal import sql
from agent.journal.encryption import Encryption, KeyTrouble
from agent.journal.recovery import sum_of
from agent.journal.row import DamagedRow, Row, checked, unpack
from agent.journal.schema import VERSION
from agent.journal.spans import inside
from agent.journal.tally import Tally, checked_json
from agent.link.record import PriorityClass
from agent.runtime.clock.reckon import Almanac, Fix
from drivers.quality import Quality

Query = Callable[[str, Sequence[Any]], Iterable[Sequence[Any]]]
"""Runs one SELECT and yields its rows."""

_STEP = 200
_BATCH = 20  # records whose readings make one part of an export
_END = 1 << 62
_QUALITY = {int(quality): quality.code for quality in Quality}


class Reader:
    """One look at a journal. Make it anew for a new look: it reads the marks once."""

    def __init__(
        self, query: Query, seal: Encryption | None = None, account: Callable[[], Tally] | None = None
    ) -> None:
        self._query = query
        self._seal = seal
        self.tally = Tally()
        self.account: Callable[[], Tally] = account or (lambda: self.tally)  # the agent's own moves on while it is read
        self.unsent: dict[str, dict[str, list[list[int]]]] = {}
        for name, value in query("SELECT name, value FROM mark", ()):
            if name == "tally":
                self.tally = Tally.parse(value)
            elif name.startswith("outbox:"):
                self.unsent[name[7:]] = cast("tuple[int, Any]", checked_json(value))[1]
        runs = query("SELECT boot, kernel_boot, mono_ms, crc FROM run", ())
        self._kernel_boots = {run[0]: run[1] for run in runs if run[3] == sum_of(*run[:3])}
        fixes = query("SELECT kernel_boot, mono_ms, wall_ms, err_ms, source, crc FROM clock ORDER BY id", ())
        self._almanac = Almanac(Fix(*fix[:5]) for fix in fixes if fix[5] == sum_of(*fix[:5]))

    def rows(self, priority: PriorityClass, lo: int = 0, hi: int = _END) -> Iterator[Row | tuple[int, str]]:
        """Every row of a lane in steps; a damaged one as (seq, why)."""
        while lo <= hi:
            step = list(self._query(sql.ROWS[priority], (lo, hi, _STEP)))
            for columns in step:
                try:
                    yield checked(priority, tuple(columns))
                except DamagedRow as trouble:
                    yield columns[0], str(trouble)
            if len(step) < _STEP:
                return
            lo = step[-1][0] + 1

    def wall_ms(self, row: Row) -> tuple[int, int | None]:
        """UTC of a row's zero in milliseconds, and how far it can be off (None: unknown)."""
        wall = self._almanac.wall(self._kernel_boots.get(row.base or row.boot, ""), row.t0)
        return wall.wall_ns // 1_000_000, wall.err_ms

    def head(self, priority: PriorityClass, row: Row) -> dict[str, Any]:
        """A record without its body."""
        wall, err = self.wall_ms(row)
        spans = {name: [(lo, hi) for lo, hi in priorities[priority.code]] for name, priorities in self.unsent.items()}
        owed = [name for name, ranges in spans.items() if inside(ranges, row.seq)]
        return {
            "seq": row.seq,
            "boot": f"{row.boot:012x}",
            "lane": priority.code,
            "readings": row.n,
            "t0_ms": wall,
            "err_ms": err,
            "bytes": len(row.body),
            "unsent_to": owed,
        }

    def body(self, priority: PriorityClass, row: Row) -> dict[str, Any]:
        """A record's body. Raises KeyTrouble where it is sealed with another key."""
        content: dict[str, Any] = orjson.loads(unpack(priority, row, self._seal))
        return content

    def peek(self, priority: PriorityClass, count: int, first: int | None, with_body: bool) -> list[dict[str, Any]]:
        """`count` records of a lane from seq `first` on, or the newest ones."""
        if first is None:
            newest = sorted(int(row[0]) for row in self._query(sql.NEWEST[priority], (count,)))
            found: Iterable[Row | tuple[int, str]] = [row for seq in newest for row in self.rows(priority, seq, seq)]
        else:
            found = (row for row, _ in zip(self.rows(priority, first), range(count), strict=False))
        out = []
        for row in found:
            if not isinstance(row, Row):
                out.append({"seq": row[0], "lane": priority.code, "damaged": row[1]})
                continue
            head = self.head(priority, row)
            if with_body:
                try:
                    head["body"] = self.body(priority, row)
                except (KeyTrouble, DamagedRow) as trouble:
                    head["sealed"] = str(trouble)
            out.append(head)
        return out

    def verify(self) -> Iterator[dict[str, Any]]:
        """Walk every row: one progress object per step, the verdict last (`done` true). Commits may go on meanwhile."""
        began = self.account().tick
        records = readings = damaged = missing = 0
        wrong: list[str] = []
        for priority in PriorityClass:
            seq = cum = held = 0
            while step := list(self._query(sql.ROWS[priority], (seq + 1, _END, _STEP))):
                tally = self.account()[priority]
                known = not tally.covers(seq)
                for columns in step:
                    records += 1
                    try:
                        row = checked(priority, tuple(columns))
                    except DamagedRow as trouble:
                        damaged += 1
                        wrong.append(f"{priority.code} {columns[0]}: {trouble}")
                        seq, known = columns[0], False
                        continue
                    gap = row.cum - row.n - cum - tally.gone_between(seq, row.seq)
                    if known and gap > 0:
                        missing += gap
                        wrong.append(f"{priority.code} {seq + 1}-{row.seq - 1}: {gap} readings are missing")
                    seq, cum, known = row.seq, row.cum, True
                    held += row.n
                readings += 0 if not step else sum(columns[5] for columns in step if isinstance(columns[5], int))
                yield {
                    "done": False,
                    "records": records,
                    "of": sum(self.account()[priority].rows for priority in PriorityClass),
                }
            tally = self.account()[priority]
            if not tally.balanced or (held != tally.held and self.account().tick == began):
                wrong.append(f"{priority.code}: the account says {tally.held} readings are held, {held} were found")
        verdict = {"ok": not wrong, "records": records, "of": records, "readings": readings}
        yield {"done": True, **verdict, "damaged": damaged, "missing": missing, "wrong": wrong[:100]}

    def status(self) -> dict[str, Any]:
        """The account, and what was lost or set aside."""
        priorities = {}
        for priority in PriorityClass:
            t = self.tally[priority]
            priorities[priority.code] = {
                "records": t.rows,
                "bytes": t.size,
                "held": t.held,
                "taken": t.taken,
                "released": t.released,
                "condensed": t.condensed,
                "lost": t.lost,
            }
        losses = self._query("SELECT lane, lo, hi, records, n, why, uplinks FROM loss ORDER BY id DESC LIMIT 20", ())
        names = ("lane", "first_seq", "last_seq", "records", "readings", "why", "uplinks")
        return {
            "schema": VERSION,
            "next_seq": self.tally.next_seq,
            "lanes": priorities,
            "lost": sum(self.tally[priority].lost for priority in PriorityClass),
            "losses": [dict(zip(names, (PriorityClass(loss[0]).code, *loss[1:]), strict=True)) for loss in losses],
            "parked": next(iter(self._query("SELECT count(*) FROM parked", ())))[0],
            "quarantined": next(iter(self._query("SELECT count(*) FROM quarantine", ())))[0],
        }

    def readings(self, priority: PriorityClass, row: Row) -> Iterator[dict[str, Any]]:
        """A record as one flat object per reading, event or summary; times in UTC milliseconds."""
        wall, err = self.wall_ms(row)
        name = {"boot": f"{row.boot:012x}", "seq": row.seq, "err_ms": err}
        content = self.body(priority, row)
        if priority is PriorityClass.EVENT:
            for one in content["events"]:
                at = wall + one.pop("at_ms")
                yield {"t_ms": at, **one, "evidence": orjson.dumps(one["evidence"]).decode(), **name}
        elif priority is PriorityClass.TELEMETRY:
            for frame in content["frames"]:
                yield from _readings(frame, wall, name)
        else:
            for part in content["summaries"]:
                yield from _summaries(part, wall, name)

    def series(self, device: str, point: str, since_ms: int) -> Iterator[tuple[int, Any, int] | None]:
        """(UTC ms, value, quality) of one point of one device, oldest first; None after every step."""
        done = 0
        for row in self.rows(PriorityClass.TELEMETRY):
            done += 1
            if done % _STEP == 0:
                yield None
            if not isinstance(row, Row):
                continue
            wall, _ = self.wall_ms(row)
            if wall < since_ms - 600_000:
                continue
            content = unpack(PriorityClass.TELEMETRY, row, self._seal)
            if device.encode() not in content:
                continue
            for frame in orjson.loads(content)["frames"]:
                if point not in frame["points"]:
                    continue
                column = frame["points"].index(point)
                for i, name in enumerate(frame["device"]):
                    at = wall + frame["at_ms"][i]
                    if name == device and at >= since_ms:
                        quality = frame["quality"][column][i] if "quality" in frame else 0
                        yield at, frame["values"][column][i], quality


def _readings(frame: dict[str, Any], wall: int, name: dict[str, Any]) -> Iterator[dict[str, Any]]:
    quality = frame.get("quality")
    source = frame.get("source_ms")
    backfilled = frame.get("backfilled")
    for i, device in enumerate(frame["device"]):
        for column, (point, unit) in enumerate(zip(frame["points"], frame["units"], strict=True)):
            value = frame["values"][column][i]
            yield {
                "t_ms": wall + frame["at_ms"][i],
                "device": device,
                "point": point,
                "value": " ".join(value) if isinstance(value, list) else value,
                "unit": unit,
                "quality": _QUALITY.get(quality[column][i], "unknown") if quality else "good",
                "profile": frame["profile"],
                "source_ms": source[i] if source else None,
                "backfilled": bool(backfilled and backfilled[i]),
                **name,
            }


def _summaries(part: dict[str, Any], wall: int, name: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for i, device in enumerate(part["device"]):
        for column, (point, unit) in enumerate(zip(part["points"], part["units"], strict=True)):
            last = part["last"][column][i]
            yield {
                "from_ms": wall + part["from_ms"][i],
                "to_ms": wall + part["to_ms"][i],
                "device": device,
                "point": point,
                "unit": unit,
                "samples": part["samples"][i],
                **{key: part[key][column][i] for key in ("count", "min", "max", "mean")},
                "last": " ".join(last) if isinstance(last, list) else last,
                "profile": part["profile"],
                **name,
            }


def flat(reader: Reader, priority: PriorityClass, since_ms: int) -> Iterator[dict[str, Any]]:
    """A lane as flat rows, some records at a time, those that begin before `since_ms` left out."""
    head = {"lane": priority.code, "of": reader.account()[priority].rows}
    part: dict[str, Any] = {**head, "records": 0, "damaged": 0, "rows": []}
    for row in reader.rows(priority):
        if isinstance(row, Row) and (not since_ms or reader.wall_ms(row)[0] >= since_ms):
            try:
                part["rows"] += reader.readings(priority, row)
            except (KeyTrouble, DamagedRow):
                part["damaged"] += 1
        elif not isinstance(row, Row):
            part["damaged"] += 1
        part["records"] += 1
        if part["records"] >= _BATCH:
            yield part
            part = {**head, "records": 0, "damaged": 0, "rows": []}
    yield part


def pieces(reader: Reader, device: str, point: str, since_ms: int) -> Iterator[list[list[Any]]]:
    """A series in pieces."""
    piece: list[list[Any]] = []
    for item in reader.series(device, point, since_ms):
        if item is not None:
            piece.append(list(item))
        if item is None or len(piece) >= 500:
            yield piece
            piece = []
    yield piece
