"""The live screen as pure functions: whatever the site, the size and the keys, it fits."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.cli import show, words
from agent.cli.terminal import cells
from agent.cli.watch.look import Look
from agent.cli.watch.silence import frame_of_then
from agent.cli.watch.state import State
from agent.cli.watch.town_map import town_map
from agent.cli.watch.view import screen, strip
from agent.core.requests.device_row import STATES
from agent.flight.machine.table import Phase
from drivers.event import EventKind
from drivers.nest.state import Cover, Rods
from tests.cli.a_site import a_nest

_STYLE = re.compile(r"\033\[[\d;]*m")
_NAMES = st.text(st.sampled_from("abcXYZ 衢江路号0123456789"), max_size=30)


@st.composite
def devices(draw: st.DrawFn) -> dict[str, Any]:
    value = draw(st.none() | st.floats(-1e9, 1e9) | st.integers() | st.booleans() | st.just("open"))
    quality = draw(st.sampled_from(["good", "uncertain", "out_of_range", "no_answer", ""]))
    state = draw(st.sampled_from(STATES))
    return {
        "id": draw(st.text(st.sampled_from("abch0123-"), min_size=1, max_size=12)),
        "name": draw(_NAMES),
        "line": "rs485-1",
        "kind": "hydrant",
        "point": "pressure",
        "value": value,
        "unit": draw(st.sampled_from(["kPa", "MPa", "", "dB[mW]"])),
        "quality": quality,
        "age_s": draw(st.none() | st.floats(0, 1e9)),
        "state": state,
        "events": draw(st.lists(st.sampled_from([kind.value for kind in EventKind]), max_size=4)),
        "curve": draw(st.lists(st.none() | st.floats(0, 1e6), max_size=60)),
    }


_LON, _LAT = st.floats(-180, 180), st.floats(-90, 90)
_NUMBER = st.none() | st.floats(-1e6, 1e6)
_YES = st.none() | st.booleans()


@st.composite
def nests(draw: st.DrawFn) -> dict[str, Any]:
    near = st.floats(-0.01, 0.01)
    lon, lat = 118.87, 28.94
    place = st.tuples(near.map(lambda d: lon + d), near.map(lambda d: lat + d)) | st.tuples(_LON, _LAT)
    at = draw(st.tuples(st.none(), st.none()) | place)
    return {
        "id": draw(st.text(st.sampled_from("N机12"), min_size=1, max_size=12)),
        "name": draw(_NAMES),
        "phase": draw(st.sampled_from(Phase)).value,
        "why": draw(
            st.sampled_from(
                [
                    "",
                    "goal_reached",
                    "timed_out_or_failed, cover open",
                    "timed_out_or_failed: launch: failed, PX4 says No",
                ]
            )
            | _NAMES
        ),
        "cover": draw(st.sampled_from(Cover)).value,
        "rods": draw(st.sampled_from(Rods)).value,
        **{name: draw(_YES) for name in ("charger_on", "aircraft_present", "emergency_stop", "mains_ok")},
        **{name: draw(_NUMBER) for name in ("wind_ms", "gust_ms", "rain", "temperature_c")},
        "age_s": draw(st.none() | st.floats(0, 1e9)),
        "place": list(draw(place)),
        "flight": draw(st.sampled_from(["", "N1-000001"])),
        "incident": draw(_NAMES),
        "target": draw(st.none() | place.map(list)),
        "aircraft": {
            "id": "A1",
            "name": draw(_NAMES),
            "link": draw(st.sampled_from(["closed", "searching", "connected", "lost"])),
            "mode": draw(st.sampled_from(["guided", ""])),
            "where": draw(st.sampled_from(["docked", "armed", "airborne", "landed_off_site", "unknown"])),
            "lon": at[0],
            "lat": at[1],
            **{name: draw(_NUMBER) for name in ("height_m", "speed_ms", "battery_percent")},
        },
    }


@st.composite
def frames(draw: st.DrawFn) -> dict[str, Any]:
    shown = draw(st.lists(devices(), max_size=8))
    count = st.integers(0, 10**12)
    uplink = st.fixed_dictionaries(
        {
            "id": st.just("province"),
            "state": st.sampled_from(["connected", "waiting", "parked", "never heard of"]),
            "reason": _NAMES,
            "forwarded": count,
            "confirmed": count,
            "backlog": count,
            "oldest_s": st.none() | st.floats(0, 1e9),
        }
    )
    event = st.fixed_dictionaries(
        {
            "kind": st.just("line_down"),
            "subject": _NAMES,
            "severity": st.sampled_from(["alarm", "warning"]),
            "age_s": count,
        }
    )
    notice = st.fixed_dictionaries(
        {"what": st.just("duty_check"), "subject": _NAMES, "left_s": st.none() | st.floats(0, 1e6), "command": _NAMES}
    )
    states = draw(st.lists(st.sampled_from(STATES), max_size=300))
    found_nests = draw(st.lists(nests(), max_size=3))
    spot = st.none() | st.tuples(st.floats(118.86, 118.88), st.floats(28.93, 28.95)).map(list)
    return {
        "nests": found_nests,
        "places": [draw(spot) for _state in states[:40]] if found_nests else [],
        "gateway": {"id": "gw-01", "name": draw(_NAMES), "version": "0.1.0", "uptime_s": draw(st.floats(0, 1e9))},
        "clock": {"wall": "2026-11-21T23:30:00+08:00", "trusted": draw(st.booleans()), "error_ms": None},
        "journal": {"state": "ok", "committed": draw(count), "waiting": draw(count), "lost": draw(count)},
        "notices": draw(st.lists(notice, max_size=3)),
        "uplinks": draw(st.lists(uplink, max_size=4)),
        "standing": draw(st.lists(event, max_size=3)),
        "counts": {state: draw(st.integers(0, 9999)) for state in STATES},
        "states": states,
        "devices": shown,
        "devices_total": len(shown),
        "found": len(shown),
        "first": 0,
    }


@pytest.mark.parametrize("height", range(6, 31))
def test_a_device_is_seen_however_much_stands_above(height: int) -> None:
    words.use("en", "watch")
    device = {
        "id": "H1", "name": "", "line": "l", "kind": "hydrant", "point": "pressure", "value": 310.0, "unit": "kPa",
        "quality": "good", "age_s": 1.0, "state": "ok", "events": [], "curve": [],
    }  # fmt: skip
    uplink = {
        "id": "province", "state": "connected", "reason": "", "forwarded": 0, "confirmed": 0, "backlog": 0,
        "oldest_s": None,
    }  # fmt: skip
    state = State()
    frame = {
        "nests": [a_nest(118.87, 28.94)] * 8,
        "places": [None],
        "gateway": {"id": "gw", "name": "", "version": "0", "uptime_s": 1.0},
        "clock": {"wall": "2026-11-21T23:30:00+08:00", "trusted": True, "error_ms": 1},
        "journal": {"state": "ok", "committed": 0, "waiting": 0, "lost": 0},
        "notices": [{"what": "duty_check", "subject": "", "left_s": None, "command": ""}] * 3,
        "uplinks": [uplink] * 8,
        "standing": [{"kind": "line_down", "subject": "", "severity": "alarm", "age_s": 0}] * 8,
        "counts": {"ok": 1},
        "states": ["ok"],
        "devices": [device],
        "devices_total": 1,
        "found": 1,
        "first": 0,
    }
    state.take(frame, 1.0)
    state.take(frame, 2.0)
    assert any(line.startswith(">") for line in shown_at(state, Look(80, height, False, False)))


def shown_at(state: State, look: Look) -> list[str]:
    lines = [_STYLE.sub("", line) for line in screen(state, look)]
    assert len(lines) == look.height
    assert [line for line in lines if cells(line) > look.width] == []
    assert not any("\033" in line or "\n" in line for line in lines)
    return lines


@settings(max_examples=60)
@given(
    frames(),
    st.integers(20, 200),
    st.integers(6, 70),
    st.sampled_from(["zh", "en"]),
    st.booleans(),
    st.booleans(),
)
def test_every_screen_fits_its_terminal(
    frame: dict[str, Any], width: int, height: int, lang: str, colour: bool, ascii_only: bool
) -> None:
    words.use(lang, "watch")
    look = Look(width, height, colour, ascii_only)
    state = State()
    state.take(frame, 1.0)
    state.take(frame, 3.0)
    lines = shown_at(state, look)
    if frame["devices"]:
        assert any(line.startswith(">") for line in lines)
    state.press("?")
    shown_at(state, look)
    state.press("esc")
    state.press("n")
    assert state.page == ("nests" if frame["nests"] else "list")
    for key in ("down", "down", "down", "up"):
        shown_at(state, look)
        state.press(key)
    state.press("esc")
    state.cursor = 0
    state.press("/")
    state.press("衢")
    assert "/衢_" in shown_at(state, look)[-1]
    state.press("esc")
    state.nobody_answers("the agent hung up", 100.0)
    lines = shown_at(state, look)
    assert show.age(97.0) in lines[0], "a banner on top"
    silent = screen(state, Look(width, height, True, False))
    assert all(line.startswith("\033[2m") for line in silent[1:-1] if line), "and everything is grey"


WELL = {"ok", "good", "connected", "running", "docked"}


@given(frames(), st.floats(0, 1e6))
def test_while_nobody_answers_nothing_is_called_well_and_ages_run_on(frame: dict[str, Any], ago_s: float) -> None:
    then = frame_of_then(frame, ago_s)
    said = [then["journal"]["state"], *then["states"], *then["counts"]]
    said += [one["state"] for one in (*then["uplinks"], *then["devices"])]
    said += [word for one in then["nests"] for word in (one["aircraft"]["link"], one["aircraft"]["where"])]
    assert not WELL & set(said)
    for name in ("devices", "standing", "nests"):
        for now, before in zip(then[name], frame[name], strict=True):
            assert now["age_s"] == (None if before["age_s"] is None else before["age_s"] + ago_s)
    assert sum(then["counts"].values()) == len(frame["states"])
    assert {**then, **{name: frame[name] for name in GROWN}} == frame, "figures are those of then"


GROWN = ("journal", "uplinks", "states", "counts", "devices", "standing", "notices", "nests")


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            ["up", "down", "pgup", "pgdn", "home", "end", "enter", "esc", "!", "?", "/", "n", "x", "backspace"]
        )
    ),
    st.integers(0, 500),
    st.integers(1, 50),
)
def test_the_cursor_never_leaves_the_list(keys: list[str], found: int, rows: int) -> None:
    state = State()
    state.rows = rows
    state.frame = {"found": found, "first": 0, "devices": [{"id": f"h{n}"} for n in range(min(found, rows))]}
    for key in keys:
        state.press(key)
        assert 0 <= state.cursor <= max(found - 1, 0)
        assert state.first <= state.cursor < state.first + state.rows
        assert state.page in ("list", "detail", "help")
        assert not state.done


@given(st.lists(st.sampled_from(STATES), max_size=400), st.integers(1, 60))
def test_no_alarm_is_lost_in_the_strip(states: list[str], width: int) -> None:
    signs = strip(states, width, Look(80, 24, False, True))
    assert len(signs) == min(len(states), width)
    assert ("!" in signs) == ("alarm" in states)


def a_flight(lon: float, lat: float, where: str = "airborne", phase: str = "outbound") -> dict[str, Any]:
    """A nest with its aircraft there, and four hydrants: two well, two not, of the well ones one far away."""
    return {
        "nests": [a_nest(lon, lat, where, phase)],
        "places": [[118.872, 28.941], [118.872, 28.939], [118.874, 28.941], None, [119.5, 28.94]],
        "states": ["ok", "late", "alarm", "ok", "ok"],
    }


def where_is(drawn: list[str], sign: str) -> list[tuple[int, int]]:
    return [(line.index(sign), row) for row, line in enumerate(drawn[:-1]) if sign in line]


@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_map_shows_the_flight_where_it_is(ascii_only: bool) -> None:
    words.use("en")
    frame = a_flight(118.87255, 28.94)
    track = {"A1": [(118.87, 28.94), (118.87255, 28.94)]}
    drawn = town_map(frame, track, 70, 15, colour=False, ascii_only=ascii_only)
    assert len(drawn) == 15
    assert {cells(line) for line in drawn} == {70}
    (nest,), (craft,), (target,) = (where_is(drawn, sign) for sign in "NAX")
    assert nest[1] == craft[1] == target[1]
    assert nest[0] < craft[0] < target[0]
    assert abs((craft[0] - nest[0]) - (target[0] - craft[0])) <= 1  # it is half way
    flown = drawn[nest[1]][nest[0] + 1 : craft[0]]
    assert " " not in flown
    assert drawn[nest[1]][craft[0] + 1 : target[0]].strip() == ""
    works, works_not = ("o", "-") if ascii_only else ("⠶", "⠒")
    assert len(where_is(drawn, works)) == 1  # the one far away is left out
    assert len(where_is(drawn, works_not)) == 2
    assert where_is(drawn, works)[0][1] < nest[1]  # north is up
    if ascii_only:
        assert all(line.isascii() for line in drawn)
    bar = drawn[-1][drawn[-1].index("|") : drawn[-1].rindex("|") + 1]
    metres = int(drawn[-1].split("|")[-1].split(" m")[0])
    m_per_cell = 497 / (target[0] - nest[0])
    assert metres == pytest.approx(len(bar) * m_per_cell, rel=0.15)


def test_an_aircraft_in_its_nest_is_not_drawn_over_it() -> None:
    words.use("en")
    drawn = town_map(a_flight(118.87, 28.94, "docked", "rest"), {}, 60, 12, colour=False, ascii_only=False)
    assert len(where_is(drawn, "N")) == 1
    assert where_is(drawn, "A") == []


def test_an_aircraft_without_a_fix_does_not_blow_up_the_map() -> None:
    words.use("en")
    with_fix = town_map(a_flight(118.87, 28.94, "docked"), {}, 60, 12, colour=False, ascii_only=False)
    assert town_map(a_flight(0.0, 0.0, "unknown"), {}, 60, 12, colour=False, ascii_only=False) == with_fix


def test_the_track_is_kept_while_it_flies_and_for_five_minutes() -> None:
    state = State()
    base = {"found": 0, "first": 0, "devices": [], "journal": {"committed": 0}}
    state.take(base | a_flight(118.87, 28.94, "docked"), 0.0)
    assert state.tracks == {"A1": []}
    for second in range(1, 4):
        state.take(base | a_flight(118.87 + second * 1e-4, 28.94), float(second))
    assert [round(lon, 4) for lon, _lat in state.tracks["A1"]] == [118.8701, 118.8702, 118.8703]
    state.take(base | a_flight(118.87, 28.94, "docked"), 302.5)
    assert len(state.tracks["A1"]) == 1
    state.take(base | a_flight(118.87, 28.94, "docked"), 400.0)
    assert state.tracks["A1"] == []


@pytest.mark.parametrize(("phase", "marked"), [("outbound", "[outbound]"), ("on_scene", "[on-scene]")])
def test_the_present_step_is_marked(phase: str, marked: str) -> None:
    words.use("en")
    state = State()
    state.page, state.frame = "nests", frame_of(a_flight(118.8725, 28.94, phase=phase))
    lines = shown_at(state, Look(110, 40, False, False))
    steps = next(line for line in lines if "rest > preparing" in line)
    assert steps.count("[") == 1
    assert marked in steps
    assert any("height 58 m" in line and "battery 87%" in line for line in lines)
    assert any("253 m to the target" in line for line in lines)


def test_a_phase_that_needs_a_person_stands_behind_the_steps() -> None:
    words.use("zh", "watch")
    state = State()
    state.page, state.frame = "nests", frame_of(a_flight(118.8725, 28.94, "landed_off_site", "landed_off_site"))
    assert any(line.endswith("> [在外降落]") for line in shown_at(state, Look(110, 40, False, False)))


def test_the_map_comes_by_itself_where_there_is_room() -> None:
    words.use("en")
    state = State()
    state.frame = frame_of(a_flight(118.8725, 28.94))
    assert any("north is up" in line for line in shown_at(state, Look(80, 24, False, False)))
    assert not any("north is up" in line for line in shown_at(state, Look(80, 18, False, False)))


@pytest.mark.parametrize(
    ("width", "ends"), [(90, "wind 3.2 m/s"), (80, "cover open"), (46, "battery 87%"), (24, "N1 outbound")]
)
def test_no_figure_of_a_nest_is_cut_in_two(width: int, ends: str) -> None:
    words.use("en")
    state = State()
    state.frame = frame_of(a_flight(118.8725, 28.94))
    head = next(line for line in shown_at(state, Look(width, 24, False, False)) if line.startswith("nest"))
    assert head.rstrip().endswith(ends)
    assert "nest    N1 outbound  height 58 m  battery 87%  A1 connected  cover open  wind 3.2 m/s".startswith(
        head.strip()
    )


def frame_of(flight: dict[str, Any]) -> dict[str, Any]:
    """A whole frame around it: no devices in the window, nothing amiss."""
    return flight | {
        "gateway": {"id": "gw-01", "name": "", "version": "0.1.0", "uptime_s": 1.0},
        "clock": {"wall": "2026-11-21T23:30:00+08:00", "trusted": True, "error_ms": None},
        "journal": {"state": "ok", "committed": 0, "waiting": 0, "lost": 0},
        "notices": [],
        "uplinks": [],
        "standing": [],
        "counts": {},
        "devices": [],
        "devices_total": 0,
        "found": 0,
        "first": 0,
    }
