"""Make or update the journal's file with sqlite-utils. Runs as its own short process, before the agent opens the file.

So the daemon never loads sqlite-utils, and no process ever has two SQLite libraries on one file: closing the second
would drop the locks of the first.
"""

import json
import sqlite3
import sys
from pathlib import Path

import sqlite_utils
from sqlite_utils.migrations import Migrations

from agent.journal.schema import PAGE_BYTES, STEPS, VERSION
from agent.journal.sqlite_reason import trouble_reason
from agent.runtime import durable


def migrations() -> Migrations:
    """The numbered steps as sqlite-utils runs and records them."""
    steps = Migrations("hydronest_journal")
    for number, sql in STEPS.items():

        def step(db: sqlite_utils.Database, sql: str = sql) -> None:
            for statement in _statements(sql):
                db.execute(statement)

        steps(name=f"{number:04d}")(step)
    return steps


def _statements(sql: str) -> list[str]:
    lines = [line.split("--", 1)[0].rstrip() for line in sql.splitlines()]
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]


def migrate(path: Path) -> None:
    """Bring the file to VERSION. A new file is made beside its place, synced and renamed: it is whole or not there."""
    fresh = not path.exists()
    target = path.with_name(path.name + ".new") if fresh else path
    if fresh:
        target.unlink(missing_ok=True)
    connection = sqlite3.connect(target)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA secure_delete = 0")
        connection.execute("PRAGMA synchronous = FULL")
        db = sqlite_utils.Database(connection)
        migrations().apply(db)
        db.conn.execute(f"PRAGMA user_version = {VERSION}")
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    if fresh:
        durable.put(target, path)


if __name__ == "__main__":
    try:
        migrate(Path(sys.argv[1]))
    except (sqlite3.Error, OSError) as error:
        sys.stdout.write(json.dumps(trouble_reason(error).as_json()))
        sys.exit(1)
