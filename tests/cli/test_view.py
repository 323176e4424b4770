"""The live screen as pure functions: whatever the site, the size and the keys, it fits."""

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.cli import words
from agent.cli.terminal import cells
from agent.cli.watch.state import State
from agent.cli.watch.view import Look, screen, strip
from agent.control.device_row import STATES
from drivers.event import EventKind

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
    return {
        "gateway": {"id": "gw-01", "name": draw(_NAMES), "version": "0.1.0", "uptime_s": draw(st.floats(0, 1e9))},
        "clock": {"wall": "2026-11-21T23:30:00+08:00", "trusted": draw(st.booleans()), "error_ms": None},
        "journal": {"state": "ok", "committed": draw(count), "waiting": draw(count), "lost": draw(count)},
        "notices": draw(st.lists(notice, max_size=3)),
        "uplinks": draw(st.lists(uplink, max_size=4)),
        "standing": draw(st.lists(event, max_size=3)),
        "counts": {state: draw(st.integers(0, 9999)) for state in STATES},
        "states": draw(st.lists(st.sampled_from(STATES), max_size=300)),
        "devices": shown,
        "devices_total": len(shown),
        "found": len(shown),
        "first": 0,
    }


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
    state.press("/")
    state.press("衢")
    assert "/衢_" in shown_at(state, look)[-1]
    state.trouble = "the agent hung up"
    shown_at(state, look)


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(["up", "down", "pgup", "pgdn", "home", "end", "enter", "esc", "!", "?", "/", "x", "backspace"])
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
