"""The board keeps the newest of everything, and the asks say what stands on it without making it look better."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.control.encoding import encoded
from agent.control.request import Request, RequestError
from agent.control.rights import Peer
from agent.core.latest import KEPT, DeviceInfo, LatestValues
from agent.core.requests.device_row import STATES
from agent.core.requests.site import SiteHandlers
from drivers.event import Event, EventKind, Severity, Transition
from drivers.quality import Quality
from drivers.sample import Layout, Sample, Value
from tests.alarms import alarms
from tests.cli.a_site import ASite, a_board

S = 1_000_000_000
FAST = Layout("make", ("pressure", "alarms"), ("kPa", ""))
SLOW = Layout("make", ("battery", "temperature"), ("V", "Cel"))
BOTH = Layout("make", ("pressure", "battery"), ("kPa", "V"))


def a_card(**more: Any) -> DeviceInfo:
    return DeviceInfo("h1", "one", "hydrant", "pressure", "line-1", **more)


def a_sample(layout: Layout, at_s: float, *values: Value, quality: Quality = Quality.GOOD, **more: Any) -> Sample:
    return Sample("h1", layout, round(at_s * S), values, bytes([quality] * len(values)), **more)


def asks(latest: LatestValues, now_s: float) -> SiteHandlers:
    return SiteHandlers(latest, ASite(), lambda: round(now_s * S))


def request(**args: Any) -> Request:
    return Request(args, Peer(1, 0, 0))


def as_sent(answer: object) -> Any:
    """What the client reads."""
    return json.loads(encoded(answer))


async def row(latest: LatestValues, now_s: float) -> dict[str, Any]:
    rows: list[dict[str, Any]] = as_sent(await asks(latest, now_s).hydrant_list(request()))
    return rows[0]


async def test_two_poll_classes_are_one_device() -> None:
    latest = LatestValues([a_card()], alarms())
    latest.sample(a_sample(FAST, 10, 300.0, ("leak",)))
    latest.sample(a_sample(SLOW, 5, 3.6, 14.0))
    latest.sample(a_sample(FAST, 11, 301.0, ()))
    shown = await asks(latest, 12).hydrant_show(request(device="h1"))
    assert {p["point"]: (p["value"], p["age_s"]) for p in shown["points"]} == {
        "pressure": (301.0, 1.0),
        "alarms": ((), 1.0),
        "battery": (3.6, 7.0),
        "temperature": (14.0, 7.0),
    }
    assert shown["curve"] == [300.0, 301.0]


async def test_a_point_in_two_shapes_is_shown_once_and_newest() -> None:
    latest = LatestValues([a_card()], alarms())
    latest.sample(a_sample(BOTH, 10, 310.0, 3.5))
    latest.sample(a_sample(SLOW, 20, 3.4, 14.0))
    points = (await asks(latest, 20).hydrant_show(request(device="h1")))["points"]
    assert [(p["point"], p["value"]) for p in points] == [("pressure", 310.0), ("battery", 3.4), ("temperature", 14.0)]


async def test_history_from_the_far_end_is_not_the_present() -> None:
    latest = LatestValues([a_card()], alarms())
    latest.sample(a_sample(FAST, 10, 300.0, ()))
    latest.sample(a_sample(FAST, 4, 200.0, (), backfilled=True))
    assert (await row(latest, 10))["value"] == 300.0


async def test_strangers_are_not_shown() -> None:
    latest = LatestValues([a_card()], alarms())
    latest.sample(a_sample(FAST, 10, 300.0, ())._replace(device="h2"))
    assert latest.reading("h2") is None
    assert (await row(latest, 10))["state"] == "silent"
    with pytest.raises(RequestError, match="no device h2"):
        await asks(latest, 10).hydrant_show(request(device="h2"))


@pytest.mark.parametrize("quality", list(Quality))
async def test_no_quality_is_taken_for_a_better_one(quality: Quality) -> None:
    latest = LatestValues([a_card()], alarms())
    latest.sample(a_sample(FAST, 10, 300.0, (), quality=quality))
    shown = await row(latest, 10)
    assert shown["quality"] == quality.code
    assert shown["state"] == ("ok" if quality.usable else "bad")
    reading = latest.reading("h1")
    assert reading is not None
    assert list(reading.ring) == [300.0 if quality.usable else None]


async def test_a_value_grows_old() -> None:
    latest = LatestValues([a_card(stale_after_s=30)], alarms())
    latest.sample(a_sample(FAST, 10, 300.0, ()))
    assert [(await row(latest, at))["state"] for at in (10, 40, 40.1)] == ["ok", "ok", "late"]


async def test_events_stand_until_cleared_and_the_worst_shows() -> None:
    latest = LatestValues([a_card()], alarms())
    latest.sample(a_sample(FAST, 10, 300.0, ()))

    async def state_after(kind: EventKind, severity: Severity, turn: Transition, subject: str = "h1") -> str:
        latest.alarms.turned(Event(kind, subject, severity, turn, 10 * S))
        return str((await row(latest, 10))["state"])

    assert await state_after(EventKind.TILTED, Severity.INFO, Transition.RAISED) == "ok"
    assert await state_after(EventKind.BATTERY_LOW, Severity.WARNING, Transition.RAISED) == "warning"
    assert await state_after(EventKind.LEAK, Severity.ALARM, Transition.RAISED) == "alarm"
    assert await state_after(EventKind.WATER_DRAWN, Severity.ALARM, Transition.NOTED) == "alarm"
    assert (await row(latest, 10))["events"] == ["tilted", "battery_low", "leak"]
    assert await state_after(EventKind.LEAK, Severity.ALARM, Transition.CLEARED) == "warning"
    assert (
        await state_after(EventKind.LEAK, Severity.ALARM, Transition.CLEARED) == "warning"
    )  # clearing twice is no error
    assert await state_after(EventKind.LINE_DOWN, Severity.ALARM, Transition.RAISED, "line-1") == "warning"
    assert (await asks(latest, 11).status(request()))["standing"][0]["subject"] == "line-1"
    await state_after(EventKind.LINE_DOWN, Severity.ALARM, Transition.CLEARED, "line-1")
    assert (await asks(latest, 11).status(request()))["standing"] == []


@given(st.lists(st.none() | st.floats(0, 1000), max_size=150))
def test_the_curve_is_the_last_values_in_order(values: list[float | None]) -> None:
    latest = LatestValues([a_card()], alarms())
    for at, value in enumerate(values):
        quality = Quality.NO_ANSWER if value is None else Quality.GOOD
        latest.sample(a_sample(FAST, at, value, (), quality=quality))
    reading = latest.reading("h1")
    assert reading is not None
    assert list(reading.ring) == values[-KEPT:]


async def first(frames: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    frame: dict[str, Any] = as_sent(await anext(frames))
    return frame


async def test_frames_show_the_window_asked_for() -> None:
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    watch = asks(a_board(100), now).watch
    frame = await first(watch(request(first=10, rows=5, curve=3)))
    assert [d["id"] for d in frame["devices"]] == ["h11", "h12", "h13", "h14", "h15"]
    assert all(len(d["curve"]) == 3 for d in frame["devices"])
    assert (frame["found"], frame["first"], frame["devices_total"], len(frame["states"])) == (100, 10, 100, 100)
    bare = await first(watch(request(rows=1, curve=0)))
    assert bare["devices"][0]["curve"] == []
    late = await first(watch(request(first=98, rows=5)))
    assert (late["first"], late["devices"][-1]["id"]) == (95, "pond-1")
    found = await first(watch(request(find="路12")))
    assert [d["id"] for d in found["devices"]] == ["h12"]
    wrong = await first(watch(request(only_not_ok=True)))
    assert {d["id"] for d in wrong["devices"]} == {"h03", "h04", "h05", "h06", "pond-1"}
    assert set(frame["states"]) <= set(STATES)


async def test_a_frame_without_any_device() -> None:
    frame = await first(asks(LatestValues([], alarms()), 10).watch(request()))
    assert (frame["devices"], frame["found"], frame["states"]) == ([], 0, [])


@pytest.mark.parametrize("wrong", [{"interval_s": 0}, {"count": -1}, {"rows": "many"}, {"find": 3}])
async def test_watch_refuses_nonsense(wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        await first(asks(LatestValues([], alarms()), 10).watch(request(**wrong)))
