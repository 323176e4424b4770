"""From incident to nest to flight: who may, which nest, once per incident, and the same answer dry as real."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.flight.machine.table import Phase
from agent.flight.orders.dispatch import INCIDENT_FRESH_S, Fleet
from agent.flight.orders.gate import OrderVerifier
from agent.flight.orders.incident import incident_from
from agent.flight.orders.replay_guard import ReplayGuard
from agent.flight.orders.signing import sign
from agent.logbook.index import read
from agent.logbook.reading import entries, seal, verify
from agent.runtime.flood import MOST, WINDOW_S
from agent.settings.flight import Permit, StandingOrder
from drivers.event import Event
from hil.flight_sim import HOME, FlightSim
from hil.virtual_time import run
from protocols.reason import Reason
from tests.nest.agent_rig import EPOCH, GATEWAY, KEYS, NUMBER, fire, key_settings

Story = Callable[[FlightSim, Fleet], Awaitable[None]]
STANDING = StandingOrder.model_validate(
    {"id": "s1", "nest": "n1", "operator": "li", "within_m": 300.0, "until": "2099-01-01"}, strict=False
)


def rehearse(folder: Path, story: Story, **nest: Any) -> FlightSim:
    async def whole() -> FlightSim:
        r = FlightSim(folder, **nest)
        async with r.running():
            await r.until(lambda: r.ready)
            r.arms_allowed = 9
            context = r.controller.context
            guard = ReplayGuard(folder / "seen", context.writer)
            guard.load()
            guard.epoch = EPOCH
            verifier = OrderVerifier(key_settings(), GATEWAY, context.wall, context.now_ns, guard)
            await story(r, Fleet([r.controller], verifier, context, (STANDING,)))
            return r

    r = run(whole())
    assert r.accidents == []
    return r


def signed(r: FlightSim, verb: str, role: str = "brigade", nest: str = "n1", **args: Any) -> dict[str, str]:
    at = r.controller.context.wall().utc_s
    order = {"id": f"order-{next(NUMBER):06d}", "gateway": GATEWAY, "verb": verb, "nest": nest, "at": at, "args": args}
    return sign(KEYS[role], f"k-{role}", order | {"epoch": EPOCH})


def kept(r: FlightSim) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (r.folder / "orders.jsonl").read_text().splitlines()]


def test_order_flight_report(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        answer = await fleet.submit(signed(r, "fly", **fire()))
        assert answer["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.REST)

    r = rehearse(tmp_path, story)
    reports = [e.evidence["status"] for e in r.events if e.kind == "order"]
    assert reports == ["accepted", "done"]
    (sealed,) = [event for event in r.events if event.kind == "audit"]
    assert (sealed.subject, sealed.evidence["head"]) == ("n1-000001", seal(tmp_path / "flights/n1-000001"))
    assert verify(tmp_path / "flights/n1-000001") == []
    assert [line["status"] for line in kept(r)] == ["accepted"]
    decision = next(entries(tmp_path / "flights/n1-000001"))["decision"]
    assert decision["would_fly"] is True
    assert len(decision["interlocks"]) > 20


def test_the_same_order_again_moves_nothing(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        order = signed(r, "fly", **fire())
        assert (await fleet.submit(order))["status"] == "accepted"
        again = await fleet.submit(order)
        assert (again["status"], again["code"]) == ("refused", "replayed")
        await r.until(lambda: r.controller.phase is Phase.REST)
        await asyncio.sleep(60)
        assert r.controller.phase is Phase.REST

    assert rehearse(tmp_path, story).auto.arm_count == 1


def test_an_incident_is_flown_once_however_often_it_is_told(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        incident = fire()
        assert (await fleet.submit(signed(r, "fly", **incident)))["status"] == "accepted"
        for _ in range(20):
            assert (await fleet.submit(signed(r, "fly", **incident)))["code"] == "flown_before"
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert (await fleet.submit(signed(r, "fly", **incident)))["code"] == "flown_before"
        assert (await fleet.submit(signed(r, "fly", **incident | {"again": True})))["status"] == "accepted"

    assert rehearse(tmp_path, story).auto.arm_count == 1


@pytest.mark.parametrize(
    ("args", "code", "why"),
    [
        ({"lat": 29.5}, "out_of_area", "beyond the limit"),
        ({"lat": HOME.moved(1700, 0).lat}, "out_of_area", "outside the geofence"),
        ({"height_m": 200.0}, "not_ready", "above the limit"),
        ({"lat": "here"}, "malformed", "lat"),
        ({"height_m": float("inf")}, "malformed", "Infinity"),
        ({"incident": ""}, "malformed", "incident"),
        ({"training": "yes"}, "malformed", "training"),
        ({"speed": 3}, "malformed", "speed"),
    ],
)
def test_a_wrong_place_or_word_is_refused_and_nothing_moves(tmp_path: Path, args: Any, code: str, why: str) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        answer = await fleet.submit(signed(r, "fly", **fire() | args))
        assert (answer["status"], answer["code"]) == ("refused", code)
        assert why in str(answer["reason"])
        await asyncio.sleep(30)
        assert r.controller.phase is Phase.REST

    r = rehearse(tmp_path, story)
    assert r.truth.cover_motions == 0
    assert r.auto.arm_count == 0


def test_dry_says_what_real_would_do(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        for spoil in (True, False):
            r.truth.weather.rain = 2 if spoil else 0
            await asyncio.sleep(3)
            args = fire()
            dry = next(fleet.choices(incident_from(args), signed=True))
            assert r.controller.phase is Phase.REST
            real = await fleet.submit(signed(r, "fly", **args))
            assert (real["status"] == "accepted") is (not dry.reasons) is (not spoil)
            assert all(str(reason) in str(real.get("reason")) for reason in dry.reasons)

    rehearse(tmp_path, story)


def test_a_standing_order_launches_with_nobody_to_ask(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        far = await fleet.incident(incident_from(fire(400.0)))
        assert "s1 reaches 300 m" in str(far["reason"])
        answer = await fleet.incident(incident_from(fire(120.0)))
        assert (answer["status"], answer["standing_order"]) == ("accepted", "s1")
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)
    assert read(tmp_path / "flights").flights[0]["operator"] == "li"


def test_an_incident_that_waited_at_a_broker_is_no_reason_to_fly(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        fresh, now_s = incident_from(fire(120.0)), fleet.context.wall().utc_s
        for at_s in (now_s - INCIDENT_FRESH_S - 1, now_s + 60):
            assert (await fleet.incident(fresh, at_s, "p-platform"))["code"] == "stale"
        assert r.truth.cover_motions == 0
        answer = await fleet.incident(fresh, now_s - INCIDENT_FRESH_S + 1, "p-platform")
        assert (answer["status"], answer["standing_order"]) == ("accepted", "s1")
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)


def test_on_site_outranks_the_platform_and_a_second_incident(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        first = await fleet.submit(signed(r, "fly", "on_site", **fire()))
        assert first["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        second = fire(60.0, -80.0)
        busy = await fleet.submit(signed(r, "fly", "platform", **second))
        assert "it is on scene for incident" in str(busy["reason"])
        lower = await fleet.submit(signed(r, "fly", "platform", **second | {"redirect": True}))
        assert "higher rank" in str(lower["reason"])
        recalled = await fleet.submit(signed(r, "recall", "platform"))
        assert recalled["code"] == "outranked"
        led = await fleet.submit(signed(r, "fly", "on_site", **second | {"redirect": True}))
        assert led["status"] == "accepted"
        assert led["flight"] == first["flight"]
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        stopped = await fleet.submit(signed(r, "stop", "emergency"))
        assert stopped["phase"] == "holding"
        assert (await fleet.submit(signed(r, "recall", "brigade")))["code"] == "outranked"
        assert (await fleet.submit(signed(r, "recall", "emergency")))["phase"] == "returning"
        await r.until(lambda: r.controller.phase is Phase.REST)

    assert rehearse(tmp_path, story).auto.arm_count == 1


def test_a_flight_is_not_led_out_of_its_permit(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        corners = ((-100, -100), (-100, 200), (300, 200), (300, -100))
        ring = tuple((HOME.moved(n, e).lon, HOME.moved(n, e).lat) for n, e in corners)
        r.controller.context.permits = (
            Permit(id="p1", nest="n1", start=date(2026, 1, 1), until=date(2026, 12, 31), area=ring),
        )
        assert (await fleet.submit(signed(r, "fly", **fire())))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        beyond = await fleet.submit(signed(r, "fly", **fire(60.0, -180.0), redirect=True))
        assert "outside the area of p1" in str(beyond["reason"])
        assert (await fleet.submit(signed(r, "fly", **fire(200.0, 100.0), redirect=True)))["status"] == "accepted"

    rehearse(tmp_path, story, permit_needed=True)


def test_orders_out_of_order_do_no_harm(tmp_path: Path) -> None:
    """A recall that overtakes its own launch finds nothing flying; the launch then stands."""

    async def story(r: FlightSim, fleet: Fleet) -> None:
        early = await fleet.submit(signed(r, "recall"))
        assert early["code"] == "nothing_flies"
        assert (await fleet.submit(signed(r, "clear", "on_site")))["code"] == "not_taken"
        assert (await fleet.submit(signed(r, "recall", nest="n9")))["code"] == "unknown_nest"
        assert (await fleet.submit(signed(r, "fly", **fire())))["status"] == "accepted"

    rehearse(tmp_path, story)


def test_a_recall_before_the_launch_stands_the_nest_down(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        assert (await fleet.submit(signed(r, "fly", **fire())))["status"] == "accepted"
        await asyncio.sleep(3)
        assert (await fleet.submit(signed(r, "recall")))["phase"] == "closing"  # the rods still hold
        await r.until(lambda: r.controller.phase is Phase.REST)

    r = rehearse(tmp_path, story)
    assert r.auto.arm_count == 0
    assert [e.evidence["status"] for e in r.events if e.kind == "order"][-1] == "failed"


def test_a_flood_of_refusals_is_a_number_and_hides_nobodys_own(tmp_path: Path) -> None:
    events: list[Event] = []

    async def story(r: FlightSim, fleet: Fleet) -> None:
        for n in range(4500):
            known = {"payload": json.dumps({"id": f"forged-{n}"}), "key": "k-brigade", "signature": "AAAA"}
            assert (await fleet.submit(known if n % 2 else {**known, "key": "x"}))["status"] == "refused"
            await asyncio.sleep(0.002)
        assert (await fleet.submit(signed(r, "fly", nest="n9", **fire())))["code"] == "unknown_nest"
        assert (await fleet.submit(signed(r, "fly", **fire())))["status"] == "accepted"
        recall = signed(r, "recall", "on_site")
        assert [(await fleet.submit(recall))["status"] for _ in range(31)] == ["accepted"] * 31
        await asyncio.sleep(WINDOW_S)
        assert (await fleet.submit({}))["code"] == "malformed"
        await r.controller.context.writer.done(lambda: None)
        events.extend(r.events)

    lines = kept(rehearse(tmp_path, story))
    first = [line for line in lines if line["order"].startswith("forged")]
    assert [line["order"] for line in first] == [f"forged-{n}" for n in range(MOST)]
    told = {line["codes"]: line["count"] for line in lines if line.get("code") == "flood"}
    assert told == {"bad_signature 2245, unknown_key 2245": 4490, "again 20": 20}
    assert sum(line.get("code") == "unknown_nest" for line in lines) == 1
    assert sum(line["verb"] == "recall" and line["status"] == "accepted" for line in lines) == 1 + MOST
    (again,) = [line for line in lines if line.get("codes") == "again 20"]
    assert (again["status"], again["by"]) == ("accepted", "p-on_site")
    assert lines[-1]["code"] == "malformed", "a new minute, told one by one again"
    orders = [event for event in events if event.evidence.get("status") in {"accepted", "refused"}]
    assert [event.subject for event in orders] == [line["order"] for line in lines]
    (flood,) = [event for event in orders if event.evidence.get("count") == 4490]
    assert flood.evidence["reason"] == Reason("order.flood", count=4490, within_s=WINDOW_S)
