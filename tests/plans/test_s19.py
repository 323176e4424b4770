"""S19 现场指挥部: without the province for 72 h every local answer is as with it, and all of it arrives after."""

from pathlib import Path
from typing import Any

from agent.link.record import Stream
from tests.judge.stand import hydrant
from tests.plans.town import Reading, Town, town

AWAY_S = 72 * 3600
STRUCK_S = 30 * 3600
EVERY_S = 600
ASKED = (
    ("near", "118.9012,28.9", "--all"),
    ("supply", "118.9012,28.9", "--flow", "20"),
    ("rate", "now", "--by", "asset"),
    ("rate", "over", "2025-11"),
    ("rate", "why"),
    ("coverage",),
)


def read(asset: str, t: float) -> Reading:
    """One is struck half way; they all breathe with the day."""
    return {"pressure": 300.0 + t % 7200 / 200, "alarms": ("knocked_over",) if asset == "H1" and t > STRUCK_S else ()}


async def taken(here: Town) -> set[int]:
    """The numbers of the records that the province takes now, of every class; confirmed."""
    assert here.journal is not None
    outbox, numbers = here.journal.outbox("province"), set[int]()
    for stream in Stream:
        while records := await outbox.take(stream, 1000):
            numbers |= {record.seq for record in records}
            for record in records:
                outbox.confirm(record)
    return numbers


async def lived(folder: Path, *, there: bool) -> tuple[list[Any], set[int]]:
    """What is answered after three days, and what the province has in the end."""
    has: set[int] = set()
    async with town(folder, [hydrant(f"H{n}", n) for n in range(4)], uplink="province") as here:
        await here.tested("H2", 20.0)
        for _ in range(12):
            await here.live(AWAY_S / 12, read, EVERY_S)
            has |= await taken(here) if there else set()
        answers = [await here.answered(*asked) for asked in ASKED]
        return answers, has | await taken(here)


async def test_72_hours_without_the_province_change_no_local_answer_and_lose_nothing(tmp_path: Path) -> None:
    with_it, at_once = await lived(tmp_path / "there", there=True)
    without, afterwards = await lived(tmp_path / "gone", there=False)
    assert without == with_it
    assert {row["id"]: row["state"] for row in without[0][1]}["H1"] == "not_serviceable"
    assert afterwards == at_once == set(range(1, max(at_once) + 1))
