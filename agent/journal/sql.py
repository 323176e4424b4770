"""Every statement that names a lane's table, made once."""
# ruff: noqa: S608 - the only thing filled in is a table name from our own enum

from agent.journal.record import Lane

COLUMNS = "seq, cum, boot, base, t0, n, crc, body"

INSERT = {lane: f"INSERT INTO {lane.code} VALUES (?, ?, ?, ?, ?, ?, ?, ?)" for lane in Lane}
ROWS = {lane: f"SELECT {COLUMNS} FROM {lane.code} WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?" for lane in Lane}
PICK = {
    lane: f"SELECT seq, cum, n, length(body), t0 FROM {lane.code} WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
    for lane in Lane
}
DELETE = {lane: f"DELETE FROM {lane.code} WHERE seq BETWEEN ? AND ?" for lane in Lane}
BEFORE = {lane: f"SELECT seq, cum FROM {lane.code} WHERE seq < ? ORDER BY seq DESC LIMIT 1" for lane in Lane}
AFTER = {lane: f"SELECT seq, cum - n FROM {lane.code} WHERE seq > ? ORDER BY seq LIMIT 1" for lane in Lane}
T0 = {lane: f"SELECT seq, t0, boot, base FROM {lane.code} WHERE seq >= ? ORDER BY seq LIMIT 1" for lane in Lane}
COUNT = {lane: f"SELECT count(*) FROM {lane.code} WHERE seq BETWEEN ? AND ?" for lane in Lane}
PARK = {
    lane: "INSERT INTO parked (uplink, lane, reason, seq, cum, boot, base, t0, n, crc, body)"
    f" SELECT ?, {int(lane)}, ?, {COLUMNS} FROM {lane.code} WHERE seq = ?"
    for lane in Lane
}
NEWEST = {lane: f"SELECT seq FROM {lane.code} ORDER BY seq DESC LIMIT ?" for lane in Lane}
PARKED_AGAIN = (
    "INSERT INTO parked (uplink, lane, seq, cum, boot, base, t0, n, crc, body, reason)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
