"""Records as flat rows: one object a reading, event or summary; and one point of one device as a series."""

from collections.abc import Iterator
from typing import Any

import orjson

from agent.journal.encryption import KeyTrouble
from agent.journal.reader import Reader
from agent.journal.row import DamagedRow, Row
from agent.journal.start_name import start_text
from agent.link.record import PriorityClass, Record
from drivers.quality import Quality

_ROWS = 500  # make one part
_RECORDS = 200  # are looked at between two parts
_QUALITY = {int(quality): quality.code for quality in Quality}


def flat(reader: Reader, priority: PriorityClass, since_ms: int) -> Iterator[dict[str, Any]]:
    """A lane as flat rows, some at a time, those of records that begin before `since_ms` left out."""
    head = {"lane": priority.code, "of": reader.account()[priority].rows}
    part: dict[str, Any] = {**head, "records": 0, "damaged": 0, "rows": []}
    for lo, hi in reader.stretches(priority, since_ms):
        for row in reader.rows(priority, lo, hi):
            part["records"] += 1
            if isinstance(row, Row) and since_ms and reader.wall_ms(row)[0] < since_ms:
                continue
            try:
                rows = list(readings(reader, priority, row)) if isinstance(row, Row) else None
            except (KeyTrouble, DamagedRow):
                rows = None
            if rows is None:
                part["damaged"] += 1
                continue
            for at in range(0, len(rows), _ROWS):
                part["rows"] += rows[at : at + _ROWS]
                if len(part["rows"]) >= _ROWS:
                    yield part
                    part = {**head, "records": 0, "damaged": 0, "rows": []}
    yield part


def series(reader: Reader, device: str, point: str, since_ms: int) -> Iterator[tuple[int, list[list[Any]]]]:
    """[UTC ms, value, quality] of one point of one device, oldest first; with each step the records looked at."""
    looked = 0
    found: list[list[Any]] = []
    for lo, hi in reader.stretches(PriorityClass.TELEMETRY, since_ms):
        for record in reader.records(PriorityClass.TELEMETRY, lo, hi):
            looked += 1
            if device.encode() in record.body:
                found += _series(record, device, point, since_ms)
            if looked % _RECORDS == 0 or len(found) >= _ROWS:
                yield looked, found
                found = []
    yield looked, found


def readings(reader: Reader, priority: PriorityClass, row: Row) -> Iterator[dict[str, Any]]:
    """A record as one flat object per reading, event or summary; times in UTC milliseconds."""
    wall, err = reader.wall_ms(row)
    name = {"boot": start_text(row.boot), "seq": row.seq, "err_ms": err}
    content = reader.body(priority, row)
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


def _series(record: Record, device: str, point: str, since_ms: int) -> Iterator[list[Any]]:
    wall_ms = record.t0_ns // 1_000_000
    for frame in orjson.loads(record.body)["frames"]:
        if point not in frame["points"]:
            continue
        column = frame["points"].index(point)
        for i, name in enumerate(frame["device"]):
            at = wall_ms + frame["at_ms"][i]
            if name == device and at >= since_ms:
                yield [at, frame["values"][column][i], frame["quality"][column][i] if "quality" in frame else 0]


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
