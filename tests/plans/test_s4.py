"""S4 2 处消防取水点: a pond falls below what a strainer wants; its village has one point left, and is told of."""

from pathlib import Path

from agent.judge.asset import Asset
from drivers.event import EventKind, Transition
from tests.plans.town import Reading, town

PONDS = [
    Asset(f"P{n}", "water_point", lon=118.9, lat=28.9, suction_floor_m=0.5, lift_at_zero_m=4.0, village="石梁村")
    for n in range(2)
]


async def test_a_village_goes_from_two_to_one_when_a_pond_is_low(tmp_path: Path) -> None:
    low_from = 900.0

    def read(asset: str, t: float) -> Reading:
        return {"level": 0.7 if asset == "P1" and t >= low_from else 1.5}

    async with town(tmp_path, PONDS) as here:
        for pond in PONDS:
            await here.inspected(pond.id, passed=True)
        await here.live(low_from, read)
        assert (await here.told("rate", "now"))["groups"][0]["serviceable"] == 2
        assert EventKind.VILLAGE_WATER not in {event.kind for event in here.events}
        await here.live(600, read)
        assert {row["id"]: row["state"] for row in await here.told("rate", "why")} == {
            "P0": "serviceable", "P1": "not_serviceable",
        }  # fmt: skip
        (told,) = [event for event in here.events if event.kind is EventKind.VILLAGE_WATER]
    assert (told.subject, told.transition) == ("石梁村", Transition.RAISED)
    assert told.evidence == {"usable": 1, "of": 2, "least": 2}
