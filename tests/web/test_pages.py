"""Every page in both languages: what it shows is core's and flight's own word, and nothing comes from elsewhere."""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli import show as command
from agent.cli import words as spoken
from agent.web import alarms, flights, overview, rate, shown, town_map
from agent.web.core_link import CoreLink
from agent.web.evidence import because
from agent.web.picture import ALARMS, HYDRANTS, RATE, READY, VERDICTS, Picture
from agent.web.records import Asked, Content, patch
from agent.web.site import VIEWS
from agent.web.words import LANGUAGES, Words
from protocols.reason import Reason
from tests.asking import ask
from tests.cli.a_site import a_nest
from tests.waiting import patient
from tests.web.rig import live_of, station, verdict

EN, ZH = Words("en"), Words("zh")
NOTHING = Asked()
LOCK = {"name": "wind", "ok": False, "on_the_way": False, "age_s": 1.0,
        "value": Reason("flight.silent").as_json(), "limit": None}  # fmt: skip


async def test_every_page_is_there_in_both_languages_and_is_told_of_changes(tmp_path: Path) -> None:
    async with station(tmp_path) as found:
        for name in VIEWS:
            for language in LANGUAGES:
                page = await found.get(f"/{name}?lang={language}")
                assert page.status == 200, page.body
                assert f'href="/{name}" aria-current="page"' in page.body
                assert "data-gone" not in page.body
                text = re.sub(r"<[^>]*>", " ", page.body)
                assert not re.search(r"\bweb\.\w+|\{\w+\}", text), "every text has its words"
                assert ("总览" in text) == (language == "zh")
                assert not re.search(r"https?://|\sstyle=|\son\w+=|<script>", page.body)
                ids = re.findall(r'\sid="([^"]+)"', page.body)
                assert len(ids) == len(set(ids))
            async with found.live(live_of(page)) as live:
                for record in await live.next("rows"):
                    assert f'id="{record[0]}"' in page.body, "each has its place on the page"
        assert (await found.get("/", method="GET")).headers["location"] == "/overview"
        told = await ask(found.settings.socket_path, "rate")
        assert shown.percent(told["groups"][0]["strict"]) in (await found.get("/rate")).body
        found.nests = [a_nest(118.875, 28.94, where="docked", phase="rest")]
        async with patient("the aircraft is home"):
            while "m-craft-A1" in (await found.get("/map")).body:  # noqa: ASYNC110 - a browser asks
                await asyncio.sleep(0.1)


@contextlib.contextmanager
def picture(frame: dict[str, Any], **parts: Any) -> Iterator[Picture]:
    """As if core had answered so."""
    found = Picture(CoreLink(Path("/nowhere")))
    found.frame = {"nests": [], "states": [], **frame}
    found._told = parts
    yield found


def texts(content: Content) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", content.body()))


def test_a_flight_shows_its_step_its_aircraft_and_each_interlock_with_its_reason() -> None:
    nest = a_nest(118.8735, 28.9412) | {"ready": False, "why_not": [Reason("flight.silent").as_json()], "why": None}
    ready = {"nest": "N1", "why_not": nest["why_not"], "doubts": [Reason("flight.no_terrain").as_json()],
             "interlocks": [LOCK]}  # fmt: skip
    with picture({"nests": [nest]}, **{READY: [ready]}) as found:
        text = texts(flights.show(found, EN, NOTHING))
        for part in ("● outbound", "58 m", "87 %", "10 m/s", "119-0001", "wind", "blocks"):
            assert part in text, (part, text)
        assert str(Reason("flight.silent")) in text
        assert str(Reason("flight.no_terrain")) in text
        before = flights.show(found, ZH, NOTHING).records
        found.frame["nests"][0]["aircraft"]["height_m"] = 60.0
        (changed,) = patch(before, flights.show(found, ZH, NOTHING).records) or []
        assert changed[2] == ["高度", "60 m"]
        found.frame["nests"][0]["phase"] = "failed"
        assert patch(before, flights.show(found, ZH, NOTHING).records) is None, "another step, made anew"
    with picture({"nests": [nest]}, **{READY: [None]}) as found:
        text = texts(flights.show(found, EN, NOTHING))
        assert str(Reason("flight.silent")) in text, "flight itself is silent: core's word of it stands"
        assert "Interlocks" not in text
    with picture({}) as found:
        assert "no nests" in texts(flights.show(found, EN, NOTHING))


def test_the_map_keeps_distances_and_moves_what_flies() -> None:
    rows = [{"id": f"h{n:02}", "name": "", "state": "alarm" if n == 3 else "ok"} for n in range(1, 12)]
    judged = [verdict(row["id"]) for row in rows[:-1]]
    with picture({"nests": [a_nest(118.8735, 28.9412)]}, **{HYDRANTS: rows, VERDICTS: judged}) as found:
        content = town_map.show(found, EN, NOTHING)
        assert "1 without a place are not drawn" in texts(content)
        at = {one.id: tuple(map(float, re.findall(r"-?[\d.]+", one.moved))) for one in content.records}
        assert {"m-nest-N1", "m-to-N1", "m-craft-A1", "m-h01", "m-h10"} == at.keys() & {
            "m-nest-N1", "m-to-N1", "m-craft-A1", "m-h01", "m-h10", "m-h11"}  # fmt: skip
        east, north = at["m-h02"][0] - at["m-h01"][0], at["m-h01"][1] - at["m-h06"][1]
        assert east == pytest.approx(north * 0.875, abs=0.2), "a degree of longitude is shorter there"
        assert all(0 <= x <= town_map.WIDTH and 0 <= y <= town_map.HEIGHT for x, y in at.values())
        assert [one.cells[2] for one in content.records if one.id == "m-h03"] == [town_map.MARKS["alarm"]]
        before = content.records
        found.frame["nests"][0]["aircraft"]["lon"] -= 0.002
        (changed,) = patch(before, town_map.show(found, EN, NOTHING).records) or []
        assert changed[0] == "m-craft-A1"
        assert str(changed[3]).startswith("translate(")
    with picture({}, **{HYDRANTS: rows[:1], VERDICTS: [verdict("h01")]}) as found:
        assert "100 m" in texts(town_map.show(found, EN, NOTHING)), "one alone is drawn at a sensible scale"
    with picture({}) as found:
        assert "Nothing here has a place" in texts(town_map.show(found, EN, NOTHING))


def test_alarms_say_who_has_seen_them_and_what_is_of_one_cause() -> None:
    row = {"subject": "h03", "kind": "pressure_low", "severity": "alarm", "age_s": 300.0, "acknowledged_by": None,
           "note": "", "shelved_s": None, "group": "h03",
           "evidence": {"value": 90.0, "unit": "kPa", "limit": 140.0}}  # fmt: skip
    told = {"standing": [row, {**row, "subject": "h04", "shelved_s": 3600.0, "acknowledged_by": "zhang", "note": "!"}],
            "groups": [{"group": "h03", "subjects": ["h03", "h04", "h05"]}]}  # fmt: skip
    with picture({}, **{ALARMS: told}) as found:
        first, second = alarms.show(found, EN, NOTHING).records
        assert first.cells == (
            "h03", "pressure low", "alarm", "5m", "nobody yet", "90.0 kPa, limit 140.0; of one cause with 2 others"
        )  # fmt: skip
        assert second.cells[4] == "shelved, 60m left, acknowledged by zhang, !"
        assert (first.state, second.state) == ("alarm", "ok")
        figures = {one.id: one.cells[1] for one in overview.show(found, EN, NOTHING).records}
        assert (figures["o-web.alarms"], figures["o-web.unseen"]) == ("1", "1")


def test_the_rate_stands_beside_what_is_known_and_why() -> None:
    group = {"group": "all", "serviceable": 2, "not_serviceable": 1, "unknown": 1, "strict": 0.5, "of_known": 2 / 3}
    judged = [
        verdict("h01"),
        verdict("h02", "unknown", **{"low?": ("低", "low")}),
        verdict("h03", "not_serviceable", a=("甲", "a")),
    ]
    with picture({}, **{RATE: {"rules": "r1", "groups": [group]}, VERDICTS: judged}) as found:
        text = texts(rate.show(found, EN, NOTHING))
        assert "50.00 % 66.67 % 2 1 1" in text
        assert "Not counted as serviceable: 2" in text
        assert "not known whether: low" in text
        assert shown.percent(0.99999) == "99.99 %"


EVIDENCE = st.fixed_dictionaries(
    {},
    optional={
        "point": st.sampled_from(["pressure", "battery"]),
        "value": st.floats(0, 1000),
        "unit": st.sampled_from(["kPa", "V", "bar"]),
        "limit": st.floats(0, 1000),
        "neighbours": st.integers(0, 9),
        "flat_s": st.floats(200, 1e5),
        "neighbour_moved_kpa": st.floats(0, 900),
        "silent_s": st.floats(200, 1e5),
        "readings": st.integers(1, 9),
        "cause": st.just("restart"),
        "why": st.just(Reason("flight.silent").as_json()),
        "phase": st.just("outbound"),
    },
)


@given(EVIDENCE, st.sampled_from(LANGUAGES))
def test_why_something_stands_is_said_as_the_command_says_it(evidence: dict[str, Any], language: str) -> None:
    spoken.use(language)
    assert because(evidence, Words(language)) == command.because(evidence)
