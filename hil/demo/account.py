"""The demo's account: what was read, kept, sent and received, from both ends' own files."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace

from hil.simulated_site import SimulatedSite


@dataclass(frozen=True, slots=True)
class Account:
    """Counts of values; `lost` is what the journal holds and the platform does not, `repeats` are messages."""

    read: int = 0
    committed: int = 0
    received: int = 0
    events: int = 0
    repeats: int = 0
    lost: int = 0
    kills: int = 0


def running_account(town: SimulatedSite, read: int, committed: int, kills: int) -> Account:
    """While the agent runs: its own counts, and the platform's."""
    counted = town.store.account()
    received = counted.readings + counted.events
    return Account(read, committed, received, counted.events, counted.repeats, 0, kills)


def final_account(town: SimulatedSite, read: int, kills: int) -> Account:
    """After the agent has stopped: from the files of both ends, read with another SQLite than the agent's."""
    kept = committed_rows(town)
    there = {(boot, seq) for _, boot, seq in town.store.order()}
    lost = sum(n for key, n in kept.items() if key not in there)
    return replace(running_account(town, read, sum(kept.values()), kills), lost=lost)


def committed_rows(town: SimulatedSite) -> dict[tuple[str, int], int]:
    """(boot, seq) → readings or events, of every row the journal holds. The agent must not be running."""
    path = town.state_dir / "journal.db"
    if not path.exists():
        return {}
    found: dict[tuple[str, int], int] = {}
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with closing(db):
        for statement in ("SELECT boot, seq, n FROM event", "SELECT boot, seq, n FROM telemetry"):
            for boot, seq, n in db.execute(statement):
                found[f"{boot:012x}", seq] = n
    return found
