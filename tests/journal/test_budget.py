"""What the daemon loads for its journal: one SQLite library, and none of the tools."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import asyncio, sys
from pathlib import Path
from agent.journal.requests import register_journal
from agent.journal.journal import Journal, JournalPlan
from agent.journal.retention import RetentionPlan

async def main():
    journal = await Journal.open(JournalPlan(Path(sys.argv[1]), RetentionPlan(1 << 20)), {"platform": "newest_first"})
    await journal.status()
    await journal.close()

asyncio.run(main())
print(*sys.modules)
"""


def test_the_daemon_loads_neither_sqlite_utils_nor_a_second_sqlite(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "journal.db")]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert "apsw" in loaded
    assert not {"sqlite_utils", "sqlite3", "_sqlite3", "cryptography", "pydantic", "click"} & set(loaded)
