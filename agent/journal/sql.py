"""Every statement that names a lane's table, made once."""
# ruff: noqa: S608 - the only thing filled in is a table name from our own enum

from agent.link.record import PriorityClass

COLUMNS = "seq, cum, boot, base, t0, n, crc, body"

INSERT = {priority: f"INSERT INTO {priority.code} VALUES (?, ?, ?, ?, ?, ?, ?, ?)" for priority in PriorityClass}
ROWS = {
    priority: f"SELECT {COLUMNS} FROM {priority.code} WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
    for priority in PriorityClass
}
PICK = {
    kept: f"SELECT seq, cum, n, length(body), t0 FROM {kept.code} WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
    for kept in PriorityClass
}
DELETE = {priority: f"DELETE FROM {priority.code} WHERE seq BETWEEN ? AND ?" for priority in PriorityClass}
BEFORE = {
    priority: f"SELECT seq, cum FROM {priority.code} WHERE seq < ? ORDER BY seq DESC LIMIT 1"
    for priority in PriorityClass
}
AFTER = {
    priority: f"SELECT seq, cum - n FROM {priority.code} WHERE seq > ? ORDER BY seq LIMIT 1"
    for priority in PriorityClass
}
T0 = {
    priority: f"SELECT seq, t0, boot, base FROM {priority.code} WHERE seq >= ? ORDER BY seq LIMIT 1"
    for priority in PriorityClass
}
COUNT = {priority: f"SELECT count(*) FROM {priority.code} WHERE seq BETWEEN ? AND ?" for priority in PriorityClass}
PARK = {
    priority: "INSERT INTO parked (uplink, lane, reason, seq, cum, boot, base, t0, n, crc, body)"
    f" SELECT ?, {int(priority)}, ?, {COLUMNS} FROM {priority.code} WHERE seq = ?"
    for priority in PriorityClass
}
MARKS = "SELECT name, value FROM mark"
RUNS = "SELECT boot, kernel_boot, mono_ms, crc FROM run"
FIXES = "SELECT kernel_boot, mono_ms, wall_ms, err_ms, source, crc FROM clock ORDER BY id"
HEADS = {
    priority: f"SELECT seq, boot, base, t0 FROM {priority.code} WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
    for priority in PriorityClass
}
NAMES = {
    priority: f"SELECT seq, boot FROM {priority.code} WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
    for priority in PriorityClass
}
NAMED = {"mark": MARKS, "run": RUNS, "clock": FIXES} | {
    f"{priority.code}{part}": statements[priority]
    for priority in PriorityClass
    for part, statements in (("", ROWS), (".heads", HEADS))
}
"""What a report may read: by name, never by a statement of its own."""
NEWEST = {priority: f"SELECT seq FROM {priority.code} ORDER BY seq DESC LIMIT ?" for priority in PriorityClass}
PARKED_AGAIN = (
    "INSERT INTO parked (uplink, lane, seq, cum, boot, base, t0, n, crc, body, reason)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
