"""Sectors that cannot be read, in the journal and its log: it opens, skips, counts and tells; nothing is falsified."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.journal.files import wal_of
from tests.journal.bad_card import BadCard
from tests.journal.test_damage import filled

__all__ = ["filled"]
SECTORS = int(os.environ.get("HYDRONEST_SECTORS", "12"))


@pytest.mark.timeout(300)
def test_it_opens_whatever_sector_cannot_be_read(filled: Path, tmp_path: Path) -> None:
    folder = tmp_path / "card"
    card = BadCard(folder / "card")
    shutil.copy(filled, folder / "journal.db")
    shutil.copy(wal_of(filled), wal_of(folder / "journal.db"))
    done = subprocess.run(
        [sys.executable, "-m", "tests.journal.open_on_bad_card", str(folder), "0", str(SECTORS)],
        env=os.environ | card.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == SECTORS
    for one in found:
        assert one["false"] == 0, one
        assert one["balanced"], one
        assert one["told"] or not one["missing"], one
