"""Hydrants together: what a table says of them now, what is promised without one, and the file it stands in."""

from pathlib import Path

import pytest

from agent.cli import words
from agent.cli.supplied import level_text, verdict_text
from agent.judge.flow import FlowTest
from agent.judge.near import AssetStatus, Nearby, Water
from agent.judge.together import LEVELS, answers, modelled, supply_json
from agent.water import table as file
from agent.water.table import FILE, BadTable, Given, Group, Moment, Row, Table

LON, LAT = 118.87, 28.94
IDS = ("A", "B", "C", "D")
MOMENTS = tuple(Moment(0, 1, hour / 23) for hour in range(24))


def given(*each: float, spread: float = 0.05) -> Given:
    return Given(sum(each), spread, each)


def rows() -> tuple[Row, ...]:
    """Four in a street; alone 100 L/s each, together less and less; at the last hour 80 % of it."""
    found = []
    for n, name in enumerate(IDS):
        alone = (Given(100.0, 0.05), Given(80.0, 0.05))
        groups: list[Group] = []
        if name == "A":
            night = [given(90.0, 70.0), given(90.0, 70.0, 60.0), given(90.0, 70.0, 60.0, 60.0)]
            groups = [Group(IDS[: len(one.each)], (one, given(*(0.8 * each for each in one.each)))) for one in night]
        found.append(Row(name, round(LON + n * 0.001, 7), LAT, (300.0, 250.0), alone, tuple(groups)))
    return tuple(found)


TABLE = Table(rows(), MOMENTS, {"made_s": 5.0})


def hydrants(**changed: AssetStatus) -> list[AssetStatus]:
    return [
        changed.get(name) or AssetStatus(name, "hydrant", LON + n * 0.001, LAT, "serviceable", age_s=5.0, fresh_s=900.0)
        for n, name in enumerate(IDS)
    ]


def asked(things: list[AssetStatus], table: Table | None, *wanted: float, hour: int = 0) -> list[tuple[object, ...]]:
    water = Water(1000.0, hour, model=modelled(table, hour))
    found = Nearby(things).find(LON, LAT, water=water)
    every, _ = answers(found, LON, LAT, table, water, wanted)
    return [(one.enough, one.group.ids, round(one.group.flow_l_s), round(one.missing_l_s)) for one in every]


def test_the_smallest_group_that_is_surely_enough() -> None:
    assert asked(hydrants(), TABLE, 95, 150, 210, 260, 330) == [
        (True, ("A",), 100, 0),
        (True, ("A", "B"), 160, 0),
        (True, ("A", "B", "C"), 220, 0),
        (True, IDS, 280, 0),
        (False, IDS, 280, 50),
    ]


def test_at_the_hour_in_which_most_is_drawn_less_is_promised() -> None:
    assert asked(hydrants(), TABLE, 210, hour=23) == [(True, IDS, 224, 0)]
    assert asked(hydrants(), TABLE, 260, hour=23) == [(False, IDS, 224, 36)]


def test_a_spread_that_might_be_a_tenth_over_is_no_promise() -> None:
    wide = tuple(
        row._replace(groups=tuple(
            Group(g.ids, tuple(one._replace(spread=0.15) for one in g.given)) for g in row.groups
        ))
        for row in rows()
    )  # fmt: skip
    # 280 · 1.1 / e^(1.96 · 0.15) = 229
    found = asked(hydrants(), TABLE._replace(rows=wide), 228, 231)
    assert [one[0] for one in found] == [True, False]
    words.use("en")
    level = {"wanted_l_s": 231, "enough": False, "hydrants_together": 4, "missing_l_s": 0.0}
    assert level_text(level) == "231 L/s: not surely, with 4", "not: no, 0 L/s are missing"
    head = {**level, "flow_l_s": 280.0, "flow_low_l_s": 219.0, "flow_high_l_s": 358.0}
    assert verdict_text(head).startswith("231 L/s at 100 kPa: not surely")


def test_who_does_not_work_now_takes_his_part_with_him() -> None:
    broken = AssetStatus("B", "hydrant", LON + 0.001, LAT, "not_serviceable")
    low = AssetStatus("C", "hydrant", LON + 0.002, LAT, "serviceable", pressure_kpa=95.0, age_s=5.0, fresh_s=900.0)
    assert asked(hydrants(B=broken), TABLE, 220) == [(False, ("A", "C", "D"), 210, 10)]
    assert asked(hydrants(B=broken, C=low), TABLE, 140) == [(True, ("A", "D"), 150, 0)]


def test_where_the_mains_stand_lower_than_modelled_all_give_less() -> None:
    falling = AssetStatus("A", "hydrant", LON, LAT, "serviceable", pressure_kpa=200.0, age_s=5.0, fresh_s=900.0)
    ((enough, _, flow, _),) = asked(hydrants(A=falling), TABLE, 260)
    assert (enough, flow) == (False, round(280 * 0.5**0.54))
    ((enough, ids, flow, _),) = asked(hydrants(A=falling), TABLE, 60)
    assert (enough, ids, flow) == (True, ("A",), round(100 * 0.5**0.54)), "one alone, too"
    assert asked(hydrants(A=falling), TABLE, 95)[0][1] != ("A",), "which is not enough by itself any more"


def test_what_is_read_now_says_nothing_of_another_hour() -> None:
    falling = AssetStatus("A", "hydrant", LON, LAT, "serviceable", pressure_kpa=200.0, age_s=5.0, fresh_s=900.0)
    water = Water(1000.0, 0, model=modelled(TABLE, 0), live=False)
    found = Nearby(hydrants(A=falling)).find(LON, LAT, water=water)
    (answer,), _ = answers(found, LON, LAT, TABLE, water, (260,))
    assert (answer.enough, round(answer.group.flow_l_s)) == (True, 280)
    assert found[0].flow_l_s == 100.0


def test_without_a_model_only_what_one_gives_is_promised_and_a_sum_is_never_claimed() -> None:
    tested = [
        AssetStatus(
            name, "hydrant", LON + n * 0.001, LAT, "serviceable", age_s=5.0, fresh_s=900.0,
            test=FlowTest(name, 900.0, 350.0, 250.0, 30.0 + n),
        )
        for n, name in enumerate(IDS)
    ]  # fmt: skip
    alone, level, too_much = asked(tested, None, 20, 160, 900)
    assert alone[:2] == (True, ("A",))
    assert level[0] is None
    assert level[2] == pytest.approx(53, abs=3), "what the best gives alone"
    assert too_much[0] is False
    assert asked(hydrants(), None, 60)[0][0] is None, "15 L/s is what the rule demands, not what is there"
    assert asked([], None, 160) == [(False, (), 0, 160)]


def test_a_place_far_from_every_group_is_answered_without_the_model() -> None:
    water = Water(1000.0, 0, model=modelled(TABLE, 0))
    found = Nearby(hydrants()).find(LON, LAT + 0.01, water=water)
    assert answers(found, LON, LAT + 0.01, TABLE, water, (160,))[1] is False


def test_what_supply_answers() -> None:
    pond = AssetStatus("P", "water_point", LON, LAT + 0.002, "serviceable", capacity_m3=400.0, lift_m=3.2)
    water = Water(1000.0, 0, model=modelled(TABLE, 0))
    found = Nearby([*hydrants(), pond]).find(LON, LAT, water=water)
    said = supply_json(found, LON, LAT, TABLE, water, 330)
    assert (said["enough"], said["missing_l_s"], said["by"], said["hour"], said["made_s"]) == (False, 50, "model", 0, 5)
    assert [(row["id"], row["gives_l_s"]) for row in said["hydrants"]] == list(zip(IDS, (90, 70, 60, 60), strict=True))
    assert [(point["id"], point["lift_m"]) for point in said["water_points"]] == [("P", 3.2)]
    assert [(level["wanted_l_s"], level["enough"]) for level in said["levels"]] == [
        (wanted, wanted <= 270) for wanted in LEVELS
    ]
    assert supply_json(found, LON, LAT, TABLE, water, None)["wanted_l_s"] == 490
    untested = Nearby(hydrants()).find(LON, LAT)
    assert supply_json(untested, LON, LAT, None, Water(), 330)["by"] == "rule"


def test_the_file_gives_the_rows_about_a_place_and_no_others(tmp_path: Path) -> None:
    far = [row._replace(id=f"far{n}", lon=round(LON + 0.1 + n * 0.02, 7)) for n, row in enumerate(rows())]
    (tmp_path / FILE).write_bytes(file.written([*rows(), *far], MOMENTS, {"made_s": 5.0}))
    found = file.read(tmp_path, LON, LAT, 600)
    assert found is not None
    assert sorted(found.rows) == sorted(rows())
    assert (found.moments, found.head) == (MOMENTS, {"made_s": 5.0})
    assert [row.id for row in (file.read(tmp_path, LON + 0.1, LAT, 100) or TABLE).rows] == ["far0"]
    assert file.read(tmp_path / "none", LON, LAT, 600) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null\n",
        b"{}\n",
        b'{"v": 1, "cells": {"23774,5788": [0, 99]}, "moments": []}\n[1]',
        b"\xff\xfe",
        b"[" * 9999,
    ],
)
def test_a_damaged_file_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(BadTable):
        file.read(tmp_path, LON, LAT, 600)
