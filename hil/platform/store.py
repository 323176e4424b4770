"""What the platform keeps, in SQLite: it survives a kill of the stand-in, as a platform's own store would."""

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from hil.platform.rule import keep, missing

SCHEMA = """
CREATE TABLE IF NOT EXISTS message(
    gateway TEXT, boot TEXT, seq INTEGER, part INTEGER, parts INTEGER, lane TEXT, body BLOB,
    PRIMARY KEY (gateway, boot, seq, part, parts));
CREATE TABLE IF NOT EXISTS arrival(
    id INTEGER PRIMARY KEY, gateway TEXT, boot TEXT, seq INTEGER, lane TEXT, n INTEGER, fresh INTEGER);
CREATE TABLE IF NOT EXISTS lost(gateway TEXT, boot TEXT, first INTEGER, last INTEGER);
CREATE TABLE IF NOT EXISTS retained(topic TEXT PRIMARY KEY, body BLOB);
"""

WHOLE = """
SELECT lane, body FROM message AS one WHERE parts = (
    SELECT parts FROM message WHERE gateway = one.gateway AND boot = one.boot AND seq = one.seq
    GROUP BY parts HAVING count(*) = parts ORDER BY parts LIMIT 1)
ORDER BY gateway, length(boot), boot, seq, part
"""

Key = tuple[str, str, int]
"""(gateway, boot, seq)."""


@dataclass(frozen=True, slots=True)
class Account:
    """What came: `messages`, `readings` and `events` once each, `repeats` messages that were dropped by the rule."""

    messages: int
    readings: int
    events: int
    repeats: int


class Store:
    """One platform's memory. Used from the receiver's thread and from tests: every call is safe from any thread."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._lock = threading.Lock()
        self.shown: list[dict[str, Any]] = []
        """Messages that were not kept where they come from, in the order they came."""
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def take(self, messages: list[tuple[dict[str, Any], bytes]]) -> int:
        """Keep these (parsed, raw) in one transaction; return how many were new."""
        new = 0
        with self._lock:
            self._db.execute("BEGIN")
            for message, raw in messages:
                fresh = keep(self._db, message, raw)
                for lost in lost_for_good(message):
                    values = (message["gateway"], lost["boot"], lost["first_seq"], lost["last_seq"])
                    self._db.execute("INSERT INTO lost VALUES (?, ?, ?, ?)", values)
                new += fresh
                self._db.execute(
                    "INSERT INTO arrival (gateway, boot, seq, lane, n, fresh) VALUES (?, ?, ?, ?, ?, ?)",
                    (message["gateway"], message["boot"], message["seq"], message["lane"], message["n"], fresh),
                )
            self._db.execute("COMMIT")
        return new

    def show(self, message: dict[str, Any]) -> None:
        """What a gateway could not keep: to be looked at, never counted."""
        with self._lock:
            self.shown.append(message)

    def retain(self, topic: str, body: bytes) -> None:
        """Remember the newest retained message of a topic (status, site, below state); an empty one takes it away."""
        if not body:
            self._rows("DELETE FROM retained WHERE topic = ?", topic)
            return
        self._rows("INSERT OR REPLACE INTO retained (topic, body) VALUES (?, ?)", topic, body)

    def retained(self, topic: str) -> dict[str, Any] | None:
        """The newest retained message of a topic, None where there is none."""
        rows = self._rows("SELECT body FROM retained WHERE topic = ?", topic)
        found: dict[str, Any] | None = orjson.loads(rows[0][0]) if rows else None
        return found

    def kept(self) -> set[Key]:
        """Every message kept."""
        return set(self._rows("SELECT gateway, boot, seq FROM message"))

    def order(self, lane: str | None = None) -> list[Key]:
        """First arrivals in the order they came, of one lane or of all."""
        return self._rows(
            "SELECT gateway, boot, seq FROM arrival WHERE fresh AND (?1 IS NULL OR lane = ?1) ORDER BY id", lane
        )

    def messages(self, lane: str | None = None) -> Iterator[dict[str, Any]]:
        """Every message kept, parsed, by (gateway, boot, seq, part); of a record cut in two ways, a whole cut."""
        for kept_lane, body in self._rows(WHOLE):
            if lane in (None, kept_lane):
                yield orjson.loads(body)

    def gateways(self) -> list[str]:
        """Who has sent anything."""
        return [gateway for (gateway,) in self._rows("SELECT DISTINCT gateway FROM message")]

    def missing(self, gateway: str) -> list[dict[str, Any]]:
        """What to ask a gateway for: gaps that it has not said to be lost for good."""
        with self._lock:
            return missing(self._db, gateway)

    def gaps(self, gateway: str) -> list[tuple[int, int]]:
        """The same as spans of seq, ends included."""
        return [(gap["first"], gap["last"]) for gap in self.missing(gateway)]

    def account(self) -> Account:
        """The counts so far."""
        fresh = dict(self._rows("SELECT lane = 'event', SUM(n) FROM arrival WHERE fresh GROUP BY lane = 'event'"))
        messages, repeats = self._rows("SELECT COALESCE(SUM(fresh), 0), COALESCE(SUM(NOT fresh), 0) FROM arrival")[0]
        return Account(messages, fresh.get(0, 0), fresh.get(1, 0), repeats)

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()


def lost_for_good(message: dict[str, Any]) -> list[dict[str, Any]]:
    """What a gateway says it does not hold any more, of what it was asked for."""
    told = [event["evidence"] for event in message.get("events", ()) if event["kind"] == "data_lost"]
    return [evidence for evidence in told if evidence.get("why") == "not_held"]
