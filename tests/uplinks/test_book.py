"""The soak's book bites: a record missing, made up or changed is found; one that was told as lost is excused."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from hil.platform import Store
from tests.journal.things import running, sample
from tests.uplinks.harm_journal import Book

LOST = 3


async def lived(folder: Path) -> tuple[Book, list[dict[str, Any]]]:
    """A journal of five records that lost one and told so, and what a platform should have got of it."""
    async with running(folder) as journal:
        for i in range(5):
            journal.offer_sample(sample(i))
            await journal.flush()
    book = Book(folder / "journal.db", folder / "scratch")
    book.look()
    async with running(folder) as journal:
        journal._ledger.db.execute("UPDATE telemetry SET body = x'00' WHERE seq = ?", (LOST,))
        journal.offer_sample(sample(6))
        await journal.flush()
    book.look()
    messages = [
        {
            "gateway": "g",
            "boot": boot,
            "seq": seq,
            "lane": row.priority,
            "mono_ms": row.mono_ms,
            "n": row.n,
            **row.content(),
        }
        for (boot, seq), row in book.rows.items()
    ]
    return book, [message for message in messages if message["seq"] != LOST]


@pytest.mark.parametrize("wrong", ["", "missing", "made up", "changed"])
async def test_the_book_bites(tmp_path: Path, wrong: str) -> None:
    book, messages = await lived(tmp_path)
    if wrong == "missing":
        del messages[1]
    elif wrong == "made up":
        messages.append({**messages[1], "seq": 99})
    elif wrong == "changed":
        messages[1] = {**messages[1], "frames": messages[0]["frames"]}
    store = Store(tmp_path / "platform.db")
    store.take([(message, orjson.dumps(message)) for message in messages])
    try:
        if wrong:
            with pytest.raises(AssertionError):
                book.account({"platform": store})
        else:
            account = book.account({"platform": store})
            assert account["platform"]["lacks"] == 1
            assert account["readings_lost"] == {"telemetry": 4}
    finally:
        store.close()
