"""The journal of an agent that is not running, opened read-only with sqlite-utils: for the command line only."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.journal.encryption import Encryption, read_key
from agent.journal.files import JournalTrouble
from agent.journal.reader import Reader
from agent.journal.sqlite_reason import trouble_reason


@contextmanager
def closed_journal(path: Path, key_file: Path | None = None) -> Iterator[Reader]:
    """A reader over the file. Raises JournalTrouble where there is none, it is in use, or it is damaged."""
    from sqlite_utils import Database  # 60 ms and 15 MB: only here

    if not path.is_file():
        raise JournalTrouble("journal.none_here", journal=str(path))
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1.0)
    try:
        database = Database(connection)
        reader = Reader(database.conn.execute, Encryption(read_key(key_file)) if key_file else None)
        yield reader
    except sqlite3.OperationalError as trouble:
        raise JournalTrouble("journal.ask_the_agent", journal=str(path), why=trouble_reason(trouble)) from None
    except (sqlite3.DatabaseError, ValueError) as trouble:
        raise JournalTrouble("journal.salvaged_next", journal=str(path), why=trouble_reason(trouble)) from None
    finally:
        connection.close()
