"""Every statement that names a lane's table, made once."""

from agent.link.record import PriorityClass

_COLUMNS = "seq, cum, boot, base, t0, n, crc, body"


def of_each(statement: str) -> dict[PriorityClass, str]:
    """By lane: LANE is its table's name, NUMBER its number, COLUMNS all that a row has. Nothing else is filled in."""
    whole = statement.replace("COLUMNS", _COLUMNS)
    return {kept: whole.replace("LANE", kept.code).replace("NUMBER", str(int(kept))) for kept in PriorityClass}


INSERT = of_each("INSERT INTO LANE VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
ROWS = of_each("SELECT COLUMNS FROM LANE WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?")
PICK = of_each("SELECT seq, cum, n, length(body), t0 FROM LANE WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?")
DELETE = of_each("DELETE FROM LANE WHERE seq BETWEEN ? AND ?")
BEFORE = of_each("SELECT seq, cum FROM LANE WHERE seq < ? ORDER BY seq DESC LIMIT 1")
AFTER = of_each("SELECT seq, cum - n FROM LANE WHERE seq > ? ORDER BY seq LIMIT 1")
T0 = of_each("SELECT seq, t0, boot, base FROM LANE WHERE seq >= ? ORDER BY seq LIMIT 1")
COUNT = of_each("SELECT count(*) FROM LANE WHERE seq BETWEEN ? AND ?")
PARK = of_each(
    "INSERT INTO parked (uplink, lane, reason, seq, cum, boot, base, t0, n, crc, body)"
    " SELECT ?, NUMBER, ?, COLUMNS FROM LANE WHERE seq = ?"
)
MARKS = "SELECT name, value FROM mark"
RUNS = "SELECT boot, kernel_boot, mono_ms, crc FROM run"
FIXES = "SELECT kernel_boot, mono_ms, wall_ms, err_ms, source, crc FROM clock ORDER BY id"
HEADS = of_each("SELECT seq, boot, base, t0 FROM LANE WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?")
NAMES = of_each("SELECT seq, boot FROM LANE WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?")
NAMED = {"mark": MARKS, "run": RUNS, "clock": FIXES} | {
    f"{priority.code}{part}": statements[priority]
    for priority in PriorityClass
    for part, statements in (("", ROWS), (".heads", HEADS))
}
"""What a report may read: by name, never by a statement of its own."""
NEWEST = of_each("SELECT seq FROM LANE ORDER BY seq DESC LIMIT ?")
PARKED_AGAIN = (
    "INSERT INTO parked (uplink, lane, seq, cum, boot, base, t0, n, crc, body, reason)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
