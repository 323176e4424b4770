"""An order right after a start waits a set time for what decides it, and is then taken or refused for what is
so. What ends a flight waits for nothing and is not lost.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.flight.control.wall import Wall
from agent.flight.machine.table import Phase
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.gate import OrderVerifier, Refusal
from agent.flight.orders.incident import incident_from
from agent.flight.orders.replay_guard import ReplayGuard
from agent.flight.orders.settling import AFTER_START_S, TO_DECIDE, unheard
from drivers.drone.audit.audit import Audit
from hil.flight_sim import FlightSim
from hil.virtual_time import run
from protocols.mavlink.state import VehicleState
from protocols.reason import Reason
from tests.nest.agent_rig import EPOCH, GATEWAY, fire, key_settings
from tests.nest.test_controller import rehearse
from tests.nest.test_dispatch import STANDING, signed
from tests.nest.test_eligibility import AT_NS, NEST, NOW, craft, status
from tests.nest.test_taken_up import put_into_the_air

P = Phase
Story = Callable[[FlightSim, "Again"], Awaitable[None]]


class Again:
    """The agent, begun anew in a world that is ready to fly."""

    def __init__(self, r: FlightSim) -> None:
        context = r.controller.context
        self.guard = ReplayGuard(r.folder / "seen", context.writer)
        verifier = OrderVerifier(key_settings(), GATEWAY, context.wall, context.now_ns, self.guard)
        self.fleet = Fleet([r.controller], verifier, context, (STANDING,))
        self.began_s = r.loop.time()

    def load(self) -> None:
        self.guard.load()
        self.guard.epoch = EPOCH


def begun_anew(folder: Path, story: Story) -> None:
    async def whole() -> None:
        r = FlightSim(folder)
        async with r.running():
            await r.until(lambda: r.ready)
            r.arms_allowed = 9
            await r.restart()
            await r.until(lambda: r.controller.attended)
            await story(r, Again(r))
            assert r.accidents == []

    run(whole())


def test_an_order_right_after_the_start_is_taken_once_it_can_be_judged(tmp_path: Path) -> None:
    async def story(r: FlightSim, again: Again) -> None:
        asked = asyncio.create_task(again.fleet.submit(signed(r, "fly", **fire())))
        await asyncio.sleep(2.0)
        assert not asked.done()
        again.load()
        assert (await asked)["status"] == "accepted"
        assert r.loop.time() - again.began_s < AFTER_START_S
        await r.until(lambda: r.controller.phase is P.ON_SCENE)

    begun_anew(tmp_path, story)


def test_an_incident_too_and_it_is_flown_to_by_the_standing_order(tmp_path: Path) -> None:
    async def story(r: FlightSim, again: Again) -> None:
        again.load()
        answer = await again.fleet.incident(incident_from(fire()), r.controller.context.wall().utc_s, "119")
        assert (answer["status"], answer.get("standing_order")) == ("accepted", "s1")

    begun_anew(tmp_path, story)


def test_what_never_comes_is_waited_for_so_long_and_no_longer(tmp_path: Path) -> None:
    async def story(r: FlightSim, again: Again) -> None:
        again.load()
        r.aircraft.down = True
        no = await again.fleet.submit(signed(r, "fly", **fire()))
        assert no["code"] == "not_ready"
        assert AFTER_START_S <= r.loop.time() - again.began_s < AFTER_START_S + 1.0
        later_s = r.loop.time()
        assert (await again.fleet.submit(signed(r, "fly", **fire())))["code"] == "not_ready"
        assert r.loop.time() == later_s

    begun_anew(tmp_path, story)


def test_a_recall_that_came_while_it_waited_withdraws_it(tmp_path: Path) -> None:
    async def story(r: FlightSim, again: Again) -> None:
        again.load()
        asked = asyncio.create_task(again.fleet.submit(signed(r, "fly", **fire())))
        await asyncio.sleep(0.3)
        assert not asked.done()
        at_s = r.loop.time()
        assert (await again.fleet.submit(signed(r, "recall")))["status"] == "accepted"
        assert r.loop.time() == at_s
        assert (await asked)["code"] == "overtaken"

    begun_anew(tmp_path, story)


def test_trouble_is_cleared_by_what_is_seen_and_not_before(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        r.truth.emergency_stop = True
        await r.until(lambda: r.controller.phase is P.STOPPED)
        r.truth.emergency_stop = False
        await r.restart()
        await r.until(lambda: r.controller.attended)
        with pytest.raises(Refusal) as no:
            r.controller.clear()
        assert no.value.reason.code == "order.not_looked_at_yet"
        again = Again(r)
        again.load()
        assert (await again.fleet.submit(signed(r, "clear", "on_site")))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is P.REST, 60)

    rehearse(tmp_path, story)


def test_a_recall_is_kept_until_the_first_look(tmp_path: Path) -> None:
    """It was believed at rest, where nothing can be recalled; another station flies it."""

    async def story(r: FlightSim, again: Again) -> None:
        put_into_the_air(r)
        assert (await again.fleet.submit(signed(r, "recall")))["status"] == "accepted"
        await r.until(lambda: r.controller.attached.is_set())
        await r.next_tick()
        assert r.controller.phase is P.DIVERTING  # home, were its cover open

    begun_anew(tmp_path, story)


def test_where_nothing_flies_it_ends_no_later_flight(tmp_path: Path) -> None:
    async def story(r: FlightSim, _again: Again) -> None:
        r.controller.stop(1)
        await r.until(lambda: r.controller.attached.is_set())
        put_into_the_air(r, "loiter")
        await r.until(lambda: r.controller.phase is P.MANUAL_OVERRIDE)
        r.auto.enter("rtl")
        await r.until(lambda: r.controller.phase is not P.MANUAL_OVERRIDE)
        await asyncio.sleep(5.0)
        assert r.controller.phase is not P.HOLDING

    begun_anew(tmp_path, story)


def test_what_has_never_come_and_what_is_only_bad() -> None:
    good = status(NEST, craft())
    never = dict.fromkeys((*TO_DECIDE, "OPEN_DRONE_ID_ARM_STATUS"), AT_NS)
    assert not unheard(good, NOW)
    for spoilt, now in (
        (replace(good, seen=None), NOW),
        (replace(good, state=replace(NEST, heartbeat_ns=0)), NOW),
        (replace(good, audit=Audit()), NOW),
        (replace(good, terrain=Reason("terrain.not_read_yet")), NOW),
        (good, replace(NOW, flights_read=False)),
        (good, replace(NOW, ending=Reason("order.not_read_yet"))),
        (good, replace(NOW, wall=Wall(NOW.wall.utc_s, None))),
        *((replace(good, craft=_without(never, stream)), NOW) for stream in never),
    ):
        assert unheard(spoilt, now)
    for bad, now in (
        (status(NEST, craft("BATTERY_STATUS", gps_fix=0, armable=False)), NOW),
        (replace(good, state=replace(NEST, read_ns=1, heartbeat_ns=1)), NOW),
        (replace(good, terrain=Reason("terrain.no_tile")), NOW),
        (good, replace(NOW, ending=Reason("order.ending"))),
        (good, replace(NOW, ending=Reason("order.memory_unreadable"), flights_read=False)),
        (good, replace(NOW, journal_ok=False)),
    ):
        assert not unheard(bad, now)


def _without(all_of: dict[str, int], stream: str) -> VehicleState:
    return VehicleState(arrived_ns={one: at for one, at in all_of.items() if one != stream})
