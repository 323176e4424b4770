"""FOLDER FIRST COUNT: open a copy of FOLDER's journal so often, each time with another sector that cannot be read.

Prints a line for each: what it found. Run it with the environment of a `BadCard` in FOLDER/card.
"""

import json
import random
import shutil
import sys
from pathlib import Path

from agent.journal import body
from agent.journal.files import wal_of
from agent.journal.ledger import Work
from agent.link.record import PriorityClass
from agent.runtime.readable import PAGE_BYTES
from tests.journal.bad_card import BadCard, of, unreadable
from tests.journal.test_damage import ALL, contents, open_ledger, swept
from tests.journal.things import event


def main(folder: Path, first: int, count: int) -> None:
    card = BadCard(folder / "card")
    made = folder / "journal.db"
    truth = contents_of(made, folder)
    for number in range(first, first + count):
        dice = random.Random(number)
        home = folder / f"home-{number}"
        home.mkdir()
        path = home / "journal.db"
        shutil.copy(made, path)
        shutil.copy(wal_of(made), wal_of(path))
        victim = dice.choice([path, wal_of(path)])
        at = dice.randrange(victim.stat().st_size // PAGE_BYTES) * PAGE_BYTES
        card.says(unreadable(of(victim), at, at + PAGE_BYTES))
        ledger = open_ledger(path)
        try:
            ledger.commit(Work(drafts=[body.events([event(999)])], outboxes={"platform": ALL}))
            swept(ledger)
            found = contents(ledger)
            told, _ = ledger.rows(PriorityClass.EVENT, 0, 1 << 60, 1000)
            kinds = {e["kind"] for row in told for e in json.loads(ledger.body(PriorityClass.EVENT, row))["events"]}
            balanced = all(ledger.tally[priority].balanced for priority in PriorityClass)
            lost = ledger.tally[PriorityClass.TELEMETRY].lost + ledger.tally[PriorityClass.EVENT].lost
        finally:
            ledger.close()
            card.well()
            shutil.rmtree(home)
        print(
            json.dumps(
                {
                    "number": number,
                    "file": victim.name,
                    "at": at,
                    "false": len(
                        {one for one in found if one not in truth and b'"value":999' not in one[1]} & old(found)
                    ),
                    "missing": len(truth - found),
                    "lost": lost,
                    "told": "damage_found" in kinds,
                    "balanced": balanced,
                }
            ),
            flush=True,
        )


def old(found: set[tuple[int, bytes]]) -> set[tuple[int, bytes]]:
    """Records of before: those that tell of damage and loss are our own."""
    return {one for one in found if b"damage_found" not in one[1] and b"data_lost" not in one[1]}


def contents_of(made: Path, folder: Path) -> set[tuple[int, bytes]]:
    """What stands in it."""
    copy = folder / "truth.db"
    shutil.copy(made, copy)
    shutil.copy(wal_of(made), wal_of(copy))
    ledger = open_ledger(copy)
    try:
        return contents(ledger)
    finally:
        ledger.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
