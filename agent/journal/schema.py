"""The stored schema, as numbered steps. `migrate` runs them with sqlite-utils, in its own short process."""

VERSION = 1
"""`PRAGMA user_version` of a file this code can write: the number of the newest step."""

PAGE_BYTES = 1024
"""A WAL frame of a 4096-byte page dirties two 4 KiB blocks; 1024 writes 15 to 49 % fewer bytes (measured)."""

_LANE = """
CREATE TABLE {lane} (
    seq INTEGER PRIMARY KEY,  -- one contiguous sequence over all lanes, never used twice
    cum INTEGER NOT NULL,     -- readings this lane ever took, this row's included: a missing row shows as a jump
    boot INTEGER NOT NULL,    -- the agent start that named this record; (boot, seq) is its name for ever
    base INTEGER,             -- the run whose kernel boot t0 counts in, where that is another (summaries)
    t0 INTEGER NOT NULL,      -- CLOCK_BOOTTIME of the body's zero, ms
    n INTEGER NOT NULL,       -- readings (values), or events
    crc INTEGER NOT NULL,     -- CRC32 of lane, header and body
    body BLOB NOT NULL        -- 0x01 zlib(JSON), or 0x02 sealed
);
"""

STEPS: dict[int, str] = {
    1: "".join(_LANE.format(lane=lane) for lane in ("event", "telemetry", "summary"))
    + """
-- name -> checksummed JSON. `tally`: the account of every lane; `outbox:ID`: what that uplink has not confirmed.
CREATE TABLE mark (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE run (id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, kernel_boot TEXT NOT NULL, mono_ms INTEGER NOT NULL,
    crc INTEGER NOT NULL);
CREATE TABLE clock (id INTEGER PRIMARY KEY, kernel_boot TEXT NOT NULL, mono_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL, err_ms INTEGER, source TEXT NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE loss (id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL,
    records INTEGER NOT NULL, n INTEGER NOT NULL, t0 INTEGER, why TEXT NOT NULL, uplinks TEXT NOT NULL);
CREATE TABLE parked (id INTEGER PRIMARY KEY, uplink TEXT NOT NULL, lane INTEGER NOT NULL, seq INTEGER NOT NULL,
    cum INTEGER NOT NULL, boot INTEGER NOT NULL, base INTEGER, t0 INTEGER NOT NULL, n INTEGER NOT NULL,
    crc INTEGER NOT NULL, body BLOB NOT NULL, reason TEXT NOT NULL);
CREATE TABLE quarantine (id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, seq INTEGER NOT NULL, why TEXT NOT NULL,
    raw BLOB NOT NULL);
""",
}
"""Step number → SQL. A step that has been released is never edited; a change is a new step and a new VERSION."""
