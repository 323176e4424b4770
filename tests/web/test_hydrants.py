"""The list says what core and the command say, changes as they do, and greys when nobody answers."""

import asyncio
import contextlib
import re
import time
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.cli import show, words
from agent.web import shown
from agent.web.core_link import CoreLink
from agent.web.picture import FRESH_S, HYDRANTS, Picture
from agent.web.records import Record, patch
from agent.web.words import LANGUAGES, Words
from drivers.event import Event, EventKind, Severity, Transition
from drivers.quality import Quality
from drivers.units import UNITS
from protocols.clock import boottime_ns
from tests.asking import ask
from tests.waiting import patient, scaled
from tests.web.rig import live_of, station


def rows_of(body: str) -> list[tuple[str, str, list[str]]]:
    """(id, state, texts) of every row of a page."""
    rows = re.findall(r'<tr id="([^"]+)" data-state="(\w+)">(.*?)</tr>', body)
    return [(name, state, re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", cells)) for name, state, cells in rows]


async def test_the_page_shows_what_core_tells_worst_first(tmp_path: Path) -> None:
    async with station(tmp_path) as found:
        told = {row["id"]: row for row in await ask(found.settings.socket_path, "hydrant.list")}
        for language in ("zh", "en"):
            page = await found.get(f"/hydrants?lang={language}")
            rows = rows_of(page.body)
            assert {name.removeprefix("h-") for name, _, _ in rows} == told.keys()
            assert [state for _, state, _ in rows] == ["alarm", "bad", "bad", "silent", "warning", *["ok"] * 7]
            words.use(language)
            for name, state, cells in rows:
                row = told[name.removeprefix("h-")]
                assert state == row["state"]
                assert cells[:3] == [f"{row['name']} · {row['id']}", words.term(state), show.reading(row)], cells
        assert rows[0][2][4:] == ["not serviceable", "cap removed; a cap is off"]
        assert rows[6][2][4:] == ["unknown", "not known whether: the pressure is too low"]
        assert 'lang="en"' in page.body
        assert "hydronest-lang=en" in page.headers["set-cookie"]
        assert rows_of((await found.get("/hydrants?state=not_ok")).body)[-1][1] == "warning"
        assert [row[0] for row in rows_of((await found.get("/hydrants?find=%E4%BF%A1%E5%AE%89")).body)] == ["h-pond-1"]
        assert rows_of((await found.get("/hydrants?find=nobody&state=nothing&start=999999")).body) == []


async def test_a_page_is_told_what_changed_and_when_it_is_to_be_made_anew(tmp_path: Path) -> None:
    async with station(tmp_path) as found:
        page = await found.get("/hydrants")
        async with found.live(live_of(page)) as live, found.live(live_of(page)) as other:
            assert "text/event-stream" in live.head
            first = await live.next("rows")
            assert [row[0] for row in first[1:]] == [name for name, _, _ in rows_of(page.body)]
            assert await live.next("beat") == ""
            found.latest.alarms.turned(
                Event(EventKind.PRESSURE_LOW, "h03", Severity.WARNING, Transition.RAISED, boottime_ns(), {})
            )
            (changed,) = await live.next("rows")
            assert (changed[0], changed[1], changed[2][5]) == ("h-h03", "alarm", "闷盖打开; 欠压; 盖帽被打开")
            assert await other.next("rows") == first, "from the beginning for whoever comes"
            found.latest.alarms.turned(
                Event(EventKind.CAP_REMOVED, "h11", Severity.ALARM, Transition.RAISED, boottime_ns(), {})
            )
            assert await live.next("again") is None, "the order is another"
        async with found.live(live_of(page)) as live:
            assert await live.next("again") is None, "made of other rows than there are now"


async def test_when_core_is_gone_it_says_so_within_three_seconds_and_goes_on_by_itself(tmp_path: Path) -> None:
    async with station(tmp_path) as found:
        page = await found.get("/hydrants?lang=en")
        assert "data-gone" not in page.body
        async with found.live(live_of(page)) as live:
            assert await live.next("beat") == ""
            await found.end()
            began = time.monotonic()
            async with patient("it is said"):
                while not (said := await live.next("beat")):
                    pass
            assert time.monotonic() - began < scaled(FRESH_S + 0.5)
            assert re.match(r"The agent has not answered since \d\d:\d\d:\d\d\. What stands here is old\. ", said)
            old = await found.get("/hydrants?lang=en")
            assert 'data-gone="yes"' in old.body
            assert "has not answered since" in old.body
            assert rows_of(old.body), "as it was last"
            await found.begin()
            async with patient("it goes on"):
                while await live.next("beat"):
                    pass


async def test_without_a_core_there_is_a_page_that_says_so(tmp_path: Path) -> None:
    async with station(tmp_path) as found:
        await found.end()
        page = await found.get("/hydrants?lang=en")
        assert (page.status, 'data-gone="yes"' in page.body) == (200, True)
        assert "The agent does not answer" in page.body


async def test_of_many_one_page_holds_no_more_than_a_phone_draws(tmp_path: Path) -> None:
    async with station(tmp_path, devices=450) as found:
        seen: list[str] = []
        for start in (0, 200, 400):
            page = await found.get(f"/hydrants?start={start}&lang=en")
            seen += [name for name, _, _ in rows_of(page.body)]
            assert len(page.body) < 60_000
        assert len(seen) == len(set(seen)) == 450
        assert "401 to 450 of 450" in page.body
        assert "bad 2" in page.body, "counts are of all"


ROWS = st.fixed_dictionaries(
    {
        "value": st.none()
        | st.booleans()
        | st.floats(allow_nan=False)
        | st.integers()
        | st.lists(st.sampled_from(["cap_open", "x"])),
        "unit": st.sampled_from(["", "V", "Bar", *UNITS]),
        "quality": st.sampled_from(["", *(one.code for one in Quality)]),
    }
)


@given(ROWS, st.sampled_from(LANGUAGES))
def test_a_reading_looks_as_the_command_shows_it(row: dict[str, Any], language: str) -> None:
    """But for the degree sign, whose width no terminal agrees on."""
    words.use(language)
    with contextlib.suppress(ValueError):  # no make sends text in kPa
        assert shown.reading(row, Words(language)).replace("°C", "C") == show.reading(row)


def test_a_patch_tells_of_each_that_changed_or_that_others_are_there() -> None:
    a, b = Record("a", "ok", ("1",)), Record("b", "ok", ("2",))
    assert patch((a, b), (a, b)) == []
    assert patch((a, b), (a, b._replace(state="bad"))) == [["b", "bad", ["2"]]]
    assert patch((a, b), (b, a)) is None
    assert patch((a,), (a, b)) is None


async def test_nobody_asks_core_while_nobody_looks(tmp_path: Path) -> None:
    async with station(tmp_path) as found:
        clock = [0.0]
        link = CoreLink(found.settings.socket_path)
        picture = Picture(link, monotonic=lambda: clock[0])
        asking = asyncio.create_task(picture.run())
        try:
            await picture.newest([HYDRANTS])
            assert picture.version == 1
            clock[0] = 100.0
            async with patient("it rests"):
                while not picture.resting:  # noqa: ASYNC110 - nobody tells of it
                    await asyncio.sleep(0.05)
            version = picture.version
            assert not picture.fresh
            await picture.newest([HYDRANTS])
            assert (picture.version, picture.fresh) == (version + 1, True)
        finally:
            asking.cancel()
            await asyncio.wait({asking})
            await link.close()
