"""Short lives of the journal, each ended by a kill and begun with damaged files, and two platforms: the book is right.

What the soak does with processes, many times faster; `HYDRONEST_LIVES=200` for more.
"""

import os
import random
import shutil
from pathlib import Path

import orjson
import pytest

from agent.control.request import RequestError
from agent.journal.journal import Journal
from agent.journal.retention import RetentionPlan
from agent.link.record import Stream
from agent.uplinks.contract import Message
from hil.platform import Store
from tests.journal.things import event, running, sample
from tests.reports_here import verified
from tests.uplinks.harm_journal import Book
from tests.waiting import patient

LIVES = int(os.environ.get("HYDRONEST_LIVES", "4"))
ROOM = RetentionPlan(cap_bytes=4 << 20, wal_bytes=256 << 10)
DAMAGES = 6


class Gateway:
    """One journal over all its lives: `at` is where it lies in this one."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self.folder = folder
        self.dice = dice
        self.at = folder / "0"
        self.at.mkdir()
        self.read = 0
        self.stores = {name: Store(folder / f"{name}.db") for name in ("province", "city")}

    async def live(self, journal: Journal) -> None:
        """Read some, send and confirm some of it."""
        for _ in range(self.dice.choice((1, 3, 10, 40))):
            self.read += 1
            journal.offer_sample(sample(self.read, at_ms=1_000_000 + self.read))
            if self.dice.random() < 0.1:
                journal.offer_event(event(self.read))
            await journal.flush()
            for name in self.stores:
                if self.dice.random() < 0.3:
                    await self.send(journal, name, self.dice.choice((1, 20)))
                if self.dice.random() < 0.1:
                    journal.outbox(name).reconnected()

    async def send(self, journal: Journal, name: str, limit: int, confirmed: float = 0.9) -> bool:
        """Some of every stream; whether there was any."""
        box = journal.outbox(name)
        records = [record for stream in Stream for record in await box.take(stream, limit)]
        for record in records:
            raw = Message("g", record).encoded()
            self.stores[name].take([(orjson.loads(raw), raw)])
            if self.dice.random() < confirmed:
                box.confirm(record)
        return bool(records)

    def killed(self) -> None:
        """What a kill leaves goes on as the next life's files."""
        after = self.at.with_name(str(int(self.at.name) + 1))
        after.mkdir()
        for part in ("journal.db", "journal.db-wal"):
            shutil.copy(self.at / part, after)
        self.at = after


async def whole(journal: Journal) -> bool:
    """Whether all is found in order; damage met by the look is mended after it."""
    try:
        verdict = await verified(journal)
    except RequestError:
        return False
    return bool(verdict["ok"])


@pytest.mark.parametrize("seed", range(LIVES))
@pytest.mark.timeout(120)
async def test_damaged_life_after_life_nothing_is_lost_uncounted(tmp_path: Path, seed: int) -> None:
    gateway = Gateway(tmp_path, random.Random(seed))
    book = Book(gateway.at / "journal.db", tmp_path / "scratch")
    for life in range(DAMAGES + 1):
        async with running(gateway.at, dict.fromkeys(gateway.stores, "newest_first"), ROOM, 0.001) as journal:
            await gateway.live(journal)
            async with patient("the journal is mended", 30, lambda: gateway.stores["city"].account().messages):
                while not await whole(journal):
                    journal.offer_event(event(0))
                    await journal.flush()
                if life == DAMAGES:
                    for name in gateway.stores:
                        journal.outbox(name).reconnected()
                        while await gateway.send(journal, name, 20, 1.0):
                            pass
            gateway.killed()
        book.journal = gateway.at / "journal.db"
        if life < DAMAGES:
            book.hurt(gateway.dice)
    account = book.account(gateway.stores)
    assert account["committed"] > 0
    for store in gateway.stores.values():
        store.close()
