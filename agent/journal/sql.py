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
NEWEST = {priority: f"SELECT seq FROM {priority.code} ORDER BY seq DESC LIMIT ?" for priority in PriorityClass}
PARKED_AGAIN = (
    "INSERT INTO parked (uplink, lane, seq, cum, boot, base, t0, n, crc, body, reason)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
