"""A damaged journal made anew from every record that can still be proven; what is missing is counted and reported.

The damaged files are set aside, not deleted. A power cut during the salvage leaves them in place: it starts again.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import apsw
import orjson

from agent.journal import sql
from agent.journal.body import Draft
from agent.journal.files import JournalTrouble, run_migrations, wal_of
from agent.journal.recovery import Found, carve, sum_of
from agent.journal.retention import Loss
from agent.journal.row import Row
from agent.journal.spans import Range
from agent.journal.tally import PriorityTally, Tally, summed
from agent.link.record import PriorityClass
from agent.runtime import durable
from drivers.event import EventKind, Severity, Transition
from protocols.reason import Reason, plain

_CARRIED_BYTES = 8 << 20  # packed: what a salvage without room for a second file carries over in memory
_ROOM_BYTES = 1 << 20
"""Where so much is free it was not for want of room that an empty journal could not be made."""
KEPT_DAMAGED = 2  # sets of damaged files kept for a person; older ones go

_PUT = {priority: statement.replace("INSERT", "INSERT OR IGNORE") for priority, statement in sql.INSERT.items()}
_WALK = sql.of_each("SELECT seq, cum, n, length(body) FROM LANE ORDER BY seq")


@dataclass(slots=True)
class Damage:
    """What happened to the file, for the `damage_found` event."""

    why: Reason
    saved: int = 0  # records found again
    mended: int = 0  # flipped bits put back
    unreadable: int = 0  # bytes that the card does not give
    aside: str | Reason = ""  # where the damaged files, or the row, are kept
    losses: list[Loss] = field(default_factory=list)

    def draft(self, now_ms: int) -> Draft:
        """The `damage_found` event."""
        evidence = {"reason": self.why, "records_saved": self.saved, "bits_mended": self.mended, "kept_at": self.aside}
        if self.unreadable:
            evidence["bytes_unreadable"] = self.unreadable
        event = {
            "kind": EventKind.DAMAGE_FOUND,
            "subject": "journal",
            "severity": Severity.WARNING,
            "turn": Transition.NOTED,
            "at_ms": 0,
            "evidence": {**evidence, "readings_lost": sum(loss.n for loss in self.losses)},
        }
        return Draft(PriorityClass.EVENT, now_ms, 1, orjson.dumps({"events": [event]}, default=plain))


def copy_of(db: apsw.Connection, path: Path) -> None:
    """Write what an open journal holds to `path`, whole or not at all. Raises what a disk raises."""
    new = beside(path)
    new.unlink(missing_ok=True)
    copy = apsw.Connection(str(new))
    try:
        copy.pragma("synchronous", "OFF")
        with copy.backup("main", db, "main") as backup:
            while not backup.done:
                backup.step(1000)
    finally:
        copy.close()
    durable.put(new, path)


def beside(path: Path) -> Path:
    """Where a salvaged journal is built until it is whole."""
    return path.with_name(path.name + ".salvage")


def salvage(path: Path, why: Reason, next_seq: int = 1) -> Damage:
    """Replace the journal at `path` by what can be proven of it. No connection may be open on it.

    `next_seq` is the first seq that was surely not used yet, as far as the caller knows.
    """
    damage = Damage(why)
    try:
        _build(path, damage, next_seq, lambda keep: carve(path, wal_of(path), keep))
        damage.aside = str(_set_aside(path))
    except (apsw.FullError, apsw.IOError, OSError, JournalTrouble) as trouble:
        if not _lacked_room(trouble, path.parent):
            raise  # the card takes nothing: the damaged files stay as they are, and it is tried again
        damage = Damage(Reason("journal.no_room_beside", why=why))
        _squeeze(path, damage, next_seq)
    beside(path).rename(path)
    durable.sync(path.parent)
    return damage


Keep = Callable[[PriorityClass, Row, bool], None]


def _build(path: Path, damage: Damage, next_seq: int, read: Callable[[Keep], Found]) -> None:
    """A whole, synced journal of what `read` finds, beside the damaged one."""
    new = beside(path)
    for leftover in (new, wal_of(new), new.with_name(new.name + "-journal")):
        leftover.unlink(missing_ok=True)
    run_migrations(new)
    db = apsw.Connection(str(new))
    try:
        db.pragma("journal_mode", "OFF")  # built aside and synced as a whole
        db.pragma("synchronous", "OFF")
        db.execute("BEGIN")
        found = read(lambda priority, row, fixed: _keep(db, damage, priority, row, fixed))
        damage.unreadable = found.unreadable
        tally = _account(db, found, damage, next_seq)
        _write(db, found, tally)
        db.execute("COMMIT")
    finally:
        db.close()
    durable.sync(new)


def _lacked_room(trouble: Exception, folder: Path) -> bool:
    """Whether it is for want of room, and nothing worse, that no second file could be made there."""
    if isinstance(trouble, OSError):
        return trouble.errno in (errno.ENOSPC, errno.EDQUOT)
    disk = os.statvfs(folder)
    return isinstance(trouble, apsw.FullError) or disk.f_bavail * disk.f_frsize < _ROOM_BYTES


def _squeeze(path: Path, damage: Damage, next_seq: int) -> None:
    """The disk has no room for a second file: what fits into memory is carried over, and the damaged one makes room."""
    held: dict[PriorityClass, dict[int, tuple[Row, bool]]] = {priority: {} for priority in PriorityClass}

    def hold(priority: PriorityClass, row: Row, fixed: bool) -> None:
        held[priority][row.seq] = (row, fixed)
        if sum(map(len, held.values())) % 64 == 0:
            _forget_oldest(held)

    found = carve(path, wal_of(path), hold)
    for part in (path, wal_of(path), beside(path), wal_of(beside(path))):
        part.unlink(missing_ok=True)
    for home in _homes(path).values():
        _remove(home)

    def carried(keep: Keep) -> Found:
        for priority, rows in held.items():
            for row, fixed in rows.values():
                keep(priority, row, fixed)
        return found

    _build(path, damage, next_seq, carried)


def _forget_oldest(held: dict[PriorityClass, dict[int, tuple[Row, bool]]]) -> None:
    size = sum(len(row.body) for rows in held.values() for row, _ in rows.values())
    for priority in (PriorityClass.SUMMARY, PriorityClass.TELEMETRY, PriorityClass.EVENT):
        for seq in sorted(held[priority]):
            if size <= _CARRIED_BYTES:
                return
            size -= len(held[priority].pop(seq)[0].body)


def _keep(db: apsw.Connection, damage: Damage, priority: PriorityClass, row: Row, fixed: bool) -> None:
    db.execute(_PUT[priority], row)
    if db.changes():
        damage.saved += 1
        damage.mended += fixed


def _account(db: apsw.Connection, found: Found, damage: Damage, next_seq: int) -> Tally:
    old = found.tally or Tally()
    tally = Tally(old.tick + 1, max(old.next_seq, next_seq, *_promised(found)))
    for priority in PriorityClass:
        before = old[priority]
        for lo, hi, _ in before.gone:
            db.execute(sql.DELETE[priority], (lo, hi))
            damage.saved -= db.changes()
        now = PriorityTally(released=before.released, condensed=before.condensed, gone=before.gone)
        seq = cum = 0
        for row in db.execute(_WALK[priority]):
            at, upto, n, size = cast("tuple[int, int, int, int]", row)
            _hole(found, damage, now, priority, (seq + 1, at - 1), upto - n - cum - before.gone_between(seq, at))
            now.rows, now.held, now.size = now.rows + 1, now.held + n, now.size + size
            seq, cum = at, upto
        tally.next_seq = max(tally.next_seq, seq + 1)
        now.taken = max(before.taken, cum)
        end = max(tally.next_seq - 1, seq + 1)
        _hole(found, damage, now, priority, (seq + 1, end), now.taken - cum - before.gone_between(seq, end + 1))
        now.lost = now.taken - now.held - now.released - now.condensed
        tally.priorities[priority] = now
    return tally


def _promised(found: Found) -> list[int]:
    """Where each uplink's open range begins: a record given a lower seq would pass for confirmed."""
    return [ranges[priority.code][-1][0] for _, ranges in found.outboxes.values() for priority in PriorityClass]


def _hole(found: Found, damage: Damage, now: PriorityTally, priority: PriorityClass, hole: Range, missing: int) -> None:
    """Between two rows `missing` readings are neither there nor known to be gone: they are lost."""
    if missing <= 0:
        return
    now.mark_gone(*hole, missing)
    owing = tuple(
        name
        for name, (_, ranges) in found.outboxes.items()
        if any(lo <= hole[1] and hi >= hole[0] for lo, hi in ranges[priority.code])
    )
    damage.losses.append(Loss(priority, *hole, 0, missing, None, "damage", owing))


def _write(db: apsw.Connection, found: Found, tally: Tally) -> None:
    db.execute("REPLACE INTO mark VALUES ('tally', ?)", (tally.text(),))
    for name, (_, ranges) in found.outboxes.items():
        db.execute("REPLACE INTO mark VALUES (?, ?)", (f"outbox:{name}", summed([tally.tick, ranges])))
    for name, (_, note) in found.notes.items():
        db.execute("REPLACE INTO mark VALUES (?, ?)", (f"note:{name}", summed([tally.tick, note])))
    for boot, kernel_boot in found.kernel_boots.items():
        values = (boot, kernel_boot, 0)
        db.execute("INSERT INTO run (boot, kernel_boot, mono_ms, crc) VALUES (?, ?, ?, ?)", (*values, sum_of(*values)))
    for parked in found.parked.values():
        db.execute(sql.PARKED_AGAIN, parked)
    insert = "INSERT INTO clock (kernel_boot, mono_ms, wall_ms, err_ms, source, crc) VALUES (?, ?, ?, ?, ?, ?)"
    for fix in sorted(found.fixes, key=found.fixes.__getitem__):
        db.execute(insert, (*fix, sum_of(*fix)))


def finish(path: Path) -> None:
    """End what a power cut interrupted: the swap of a whole salvaged file, or the building of one that was not whole.

    The home of the damaged files is made only once the new file is whole and synced.
    """
    new = beside(path)
    if not new.exists():
        return
    homes = _homes(path)
    if path.exists() and (not homes or (homes[max(homes)] / path.name).exists()):
        return  # never whole: the salvage starts again if there is still need
    if homes:
        _move_into(path, homes[max(homes)])
    new.rename(path)
    durable.sync(path.parent)


def _set_aside(path: Path) -> Path:
    homes = _homes(path)
    home = path.with_name(f"{path.name}.damaged-{max(homes, default=0) + 1}")
    home.mkdir()
    _move_into(path, home)
    for number in sorted(homes)[: max(0, len(homes) + 1 - KEPT_DAMAGED)]:
        _remove(homes[number])
    return home


def _remove(home: Path) -> None:
    for part in home.iterdir():
        part.unlink()
    home.rmdir()


def _homes(path: Path) -> dict[int, Path]:
    return {int(home.name.rsplit("-", 1)[1]): home for home in path.parent.glob(path.name + ".damaged-*")}


def _move_into(path: Path, home: Path) -> None:
    for part in (wal_of(path), path):  # the log first: an old log must never meet a new file
        if part.exists():
            part.rename(home / part.name)
    durable.sync(home)
