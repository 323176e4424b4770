"""Months of a gateway that is killed, ended, put forward and back by days, sealed or not: to the minute those of a
plain count of what was judged."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from agent.control.request import RequestError
from agent.judge.days import MINUTE_NS, UNDATED
from agent.judge.ledger import Ledger
from agent.judge.service import sealing
from agent.judge.service.asset_register import AssetRegister
from agent.judge.verdict import State
from tests.judge.months import Months
from tests.judge.stand import S
from tests.judge.test_minute_lines import Gateway

BEFORE_NS = 1_760_000_000 * S  # the assets are known from then on
DAYS_S = (86_400, 3 * 86_400, -86_400, -3 * 86_400)
PLAIN: dict[tuple[str, str, int], State] = {}
"""Every minute as it was said last, where no clock that was put back has taken it back."""


class Counted(Ledger):
    """Beside what it does, each minute is a line of its own."""

    __slots__ = ()

    def put(
        self, day: str, minute: int, asset: str, state: State, below: Sequence[str] = (), because: Sequence[str] = ()
    ) -> None:
        if day != UNDATED:
            for known in [one for one in PLAIN if one[:2] == (day, asset) and one[2] >= minute]:
                del PLAIN[known]
            PLAIN[day, asset, minute] = state
        super().put(day, minute, asset, state, below, because)

    def nothing_after(self, day: str) -> None:
        for known in [one for one in PLAIN if one[0] > day]:
            del PLAIN[known]
        super().nothing_after(day)


async def looked_at(gateway: Gateway) -> None:
    """A minute, as the jobs of the service have it."""
    gateway.offset += gateway.dice.choice((0,) * 20 + (90, 600, 5000, -200, -4000) + DAYS_S) * S
    await gateway.service._look_ahead()
    await gateway.minute()
    if gateway.dice.random() < 0.2:
        await gateway.service._sealer.seal()


async def over(gateway: Gateway) -> dict[str, tuple[int, int]]:
    """Serviceable minutes, and those that were not, by asset."""
    months = Months(gateway.directory)
    months.sealing, months.register = False, AssetRegister(gateway.directory)
    months.open_days = {day: orjson.loads(row) for day, row in (await gateway.service.open_days()).items()}
    months.now_min = (gateway.now + gateway.offset) // MINUTE_NS + 1
    try:
        answer = months.over("2025-10..2025-12", "asset")
    except RequestError:  # before anything
        return {}
    assert answer["trouble"] == []
    return {group["group"]: (group["serviceable"], group["not_serviceable"]) for group in answer["groups"]}


@pytest.mark.parametrize("seed", (4, 5, 11, 16, 24, 27, 59))
async def test_a_month_is_a_plain_count_of_its_minutes(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "PAUSE_S", 0.0)
    PLAIN.clear()
    gateway = Gateway(tmp_path, random.Random(seed))
    for _run in range(5):
        gateway.service.judge.ledger.__class__ = Counted
        await gateway.service.know_assets(BEFORE_NS)
        for _ in range(gateway.dice.randrange(2, 25)):
            await looked_at(gateway)
        said = [(asset, state) for (_day, asset, _minute), state in PLAIN.items()]
        counts = Counter(said)
        assert await over(gateway) == {
            asset: (counts[asset, State.SERVICEABLE], counts[asset, State.NOT_SERVICEABLE])
            for asset in ("H0", "H1", "H2")
        }
        await gateway.end()
    await gateway.service.close()
