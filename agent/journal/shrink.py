"""Gives disk back at a start where the settings allow the journal less than it owns: never at the price of a record."""

import logging
import os
from pathlib import Path

import apsw

from agent.journal.files import wal_of
from agent.journal.schema import PAGE_BYTES
from agent.journal.tally import summed
from agent.runtime import durable

FITS = 0.9
"""Of what is allowed: with less to spare it is left as it is until more was sent, or let go in its turn."""
SPARE = 1 << 20
"""Not worth a start's time."""
_log = logging.getLogger("hydronest")


def shrink(path: Path, cap_bytes: int, log_mark: str, vfs: str = "") -> bool:
    """Whether the file became smaller. Before anything else has it open, under our lock; a crash at any point leaves
    the old or the new file whole. What goes wrong leaves it as it is: whoever opens it next says what that was.
    """
    if path.stat().st_size <= cap_bytes + SPARE:
        return False
    try:
        return _shrink(path, cap_bytes // PAGE_BYTES, log_mark, vfs)
    except (apsw.Error, OSError) as trouble:
        _beside(path).unlink(missing_ok=True)
        _log.warning("%s stays as large as it is: %s", path, trouble)
        return False


def _shrink(path: Path, cap_pages: int, log_mark: str, vfs: str) -> bool:
    db = apsw.Connection(str(path), vfs=vfs or None)
    try:
        pages = int(db.pragma("page_count"))
        used = pages - int(db.pragma("freelist_count"))
        if used > cap_pages * FITS:
            return False
        db.execute("REPLACE INTO mark VALUES (?, ?)", (log_mark, summed([0, 0])))
        busy_log, done = db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        if busy_log != done or (wal_of(path).exists() and wal_of(path).stat().st_size):
            return False  # somebody looks into it
        if pages > cap_pages:
            disk = os.statvfs(path)
            if disk.f_bavail * disk.f_frsize < used * PAGE_BYTES + SPARE:
                return False
            new = _beside(path)
            new.unlink(missing_ok=True)
            db.execute("VACUUM INTO ?", (str(new),))
    finally:
        db.close()
    if pages > cap_pages:
        new.chmod(path.stat().st_mode & 0o777)
        durable.put(new, path)
        pages = used
    os.truncate(path, max(pages, cap_pages) * PAGE_BYTES)
    durable.sync(path)
    return True


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.smaller")
