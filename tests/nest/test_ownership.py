"""Whose mode it is: what we did not command is the autopilot's, and followed, or a pilot's, and yielded to."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.flight.control import checkpoint, commanded
from agent.flight.control.checkpoint import Kept
from agent.flight.machine.table import STAYS, Do, Phase
from agent.flight.orders.gate import Refusal
from agent.logbook.reading import entries
from drivers.drone.ownership import EVERY, GONE_TO, HELD, LANDING, ON_ROUTE, OWN_STOP_S, RETURNING, Owner, Ownership
from hil.flight_sim import HOME, FlightSim
from tests.nest.test_controller import phases, rehearse

S = 1_000_000_000
ORDERS = [GONE_TO, HELD, ON_ROUTE, RETURNING, LANDING]
MODES = ["stabilize", "acro", "mode_11", "posctl", "mode_3_2", "loiter", "guided", "auto", "rtl", "land", "brake",
         "hold", "smart_rtl", "takeoff", "precland"]  # fmt: skip
HOMEWARD = ["rtl", "smart_rtl", "auto_rtl"]


# -- by itself
@given(st.sampled_from(MODES), st.lists(st.sampled_from(ORDERS), max_size=6), st.integers(0, 3600))
def test_a_mode_that_does_not_change_stays_ours_whatever_becomes_of_our_commands(
    mode: str, orders: list[frozenset[str]], lost_s: int
) -> None:
    """A refused command, one that was lost, a link that was gone for an hour."""
    ownership = Ownership()
    ownership.restore([mode])
    assert ownership.look(mode, 0) is Owner.OURS
    for number, order in enumerate(orders):
        ownership.commanded(order)
        assert ownership.look(mode, (number + lost_s) * S) is Owner.OURS


@given(st.sampled_from(ORDERS), st.sampled_from(MODES))
def test_a_mode_nobody_commanded_is_not_ours(order: frozenset[str], mode: str) -> None:
    ownership = Ownership()
    ownership.commanded(order)
    assert ownership.look(min(order), 0) is Owner.OURS
    whose = ownership.look(mode, S)
    assert (whose is Owner.OURS) == (mode in order)
    if mode in {"stabilize", "acro", "mode_11", "posctl", "mode_3_2", "loiter"}:
        assert whose is Owner.PILOT
    if whose is not Owner.OURS and mode in HOMEWARD:
        assert whose is Owner.RETURNS
    if whose is not Owner.OURS and mode in {"land", "precland"}:
        assert whose is Owner.LANDS


def test_the_old_mode_is_ours_until_the_new_one_is_seen_and_not_after() -> None:
    ownership = Ownership()
    ownership.launched()
    assert ownership.look("guided", 0) is Owner.OURS
    ownership.commanded(ON_ROUTE)
    ownership.commanded(RETURNING)
    assert [ownership.look(mode, S) for mode in ("guided", "auto", "guided", "rtl")] == [Owner.OURS] * 4
    assert ownership.look("guided", 2 * S) is Owner.PILOT  # somebody else's, now
    ownership.commanded(RETURNING)
    assert ownership.look("guided", 2 * S) is Owner.OURS  # known of, and commanded away


def test_a_stop_of_its_own_is_left_alone_for_a_set_time() -> None:
    ownership = Ownership()
    ownership.commanded(RETURNING)
    assert ownership.look("rtl", 0) is Owner.OURS
    assert ownership.look("brake", S) is Owner.STOPS
    assert ownership.look("brake", S + round(OWN_STOP_S * S) - 1) is Owner.STOPS
    assert ownership.look("brake", S + round(OWN_STOP_S * S)) is Owner.STOP_OVER


def test_after_a_restart_the_first_mode_is_judged_by_what_was_kept() -> None:
    before = Ownership()
    before.commanded(GONE_TO)
    after = Ownership()
    after.restore(before.kept())
    assert after.look("guided", 0) is Owner.OURS
    assert after.look("rtl", 1) is Owner.RETURNS
    again = Ownership()
    again.restore(before.kept())
    assert again.look("rtl", 0) is Owner.RETURNS


# -- as it is kept
def test_modes_are_kept_with_the_phase_and_an_older_file_claims_all(tmp_path: Path) -> None:
    path = tmp_path / "nest-n1.json"
    path.write_bytes(checkpoint.told(Kept(Phase.RETURNING, None, ("rtl",))))
    assert checkpoint.read(path) == Kept(Phase.RETURNING, None, ("rtl",))
    path.write_text('{"phase": "outbound", "task": null}', encoding="utf-8")
    assert checkpoint.read(path).modes is None
    assert {"guided", "auto", "rtl", "land", "brake", "hold", "takeoff"} <= EVERY
    assert checkpoint.read(tmp_path / "never written.json").modes is None


@pytest.mark.parametrize("mode", ["guided", "auto", "takeoff", "hold", "brake"])
def test_what_we_commanded_nothing_of_is_another_stations(mode: str) -> None:
    ownership = Ownership()
    ownership.commanded(RETURNING)
    ownership.landed()
    assert [ownership.look(mode, second * S) for second in (0, 600)] == [Owner.ANOTHER] * 2
    ownership.commanded(RETURNING)
    assert ownership.look("rtl", 601 * S) is Owner.OURS


def test_every_order_that_flies_names_its_modes() -> None:
    flying = {Do.LAUNCH, Do.HOP_IN, Do.GO, Do.STAY, Do.COME_HOME, Do.LAND_AWAY, Do.LAND_NOW, Do.HOLD}
    assert set(commanded.MODES) == flying
    assert all(commanded.of(phase) for phase, stay in STAYS.items() if flying & set(stay.orders))


# -- in whole flights
def acts(mode: str, words: str) -> Callable[[FlightSim], None]:
    def act(r: FlightSim) -> None:
        r.auto.say(2, words)
        r.auto.enter(mode)

    return act


def modes_seen(r: FlightSim) -> list[str]:
    """Every mode the aircraft is in from now on, in order."""
    seen = [r.auto.mode]

    def watch() -> None:
        if r.auto.armed and r.auto.mode != seen[-1]:
            seen.append(r.auto.mode)

    r.on_tick = watch
    return seen


@pytest.mark.parametrize("profile", ["ardupilot", "px4"])
@pytest.mark.parametrize("at", [Phase.OUTBOUND, Phase.ON_SCENE, Phase.HOLDING])
def test_a_return_of_its_own_is_followed_and_never_cancelled(tmp_path: Path, profile: str, at: Phase) -> None:
    """A battery failsafe on the way out: the agent put it back to GUIDED and flew 700 m on."""

    async def story(r: FlightSim) -> None:
        await r.fly(600, 300)
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        if at is Phase.OUTBOUND:
            await asyncio.sleep(20)
        else:
            await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
            if at is Phase.HOLDING:
                r.controller.stop(1)
                await asyncio.sleep(10)
        acts("rtl", "Battery Failsafe")(r)
        seen = modes_seen(r)
        await r.until(lambda: r.controller.phase is Phase.AUTOPILOT_ACTS, 3)
        assert "Battery Failsafe" in str(r.controller.trouble)
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert seen == ["rtl"]

    r = rehearse(tmp_path, story, profile)
    lines = list(entries(tmp_path / "flights/n1-000001"))
    assert any(line["kind"] == "said" and "Battery Failsafe" in line["text"] for line in lines)
    modes = [(line["mode"], line["owner"]) for line in lines if line["kind"] == "mode"]
    assert ("rtl", "returns_by_itself") in modes
    assert {owner for mode, owner in modes if mode != "rtl"} == {"ours"}
    rows = [line for line in lines if line["kind"] == "phase"]
    (own,) = (line for line in rows if line["to"] == "autopilot_acts")
    assert "Battery Failsafe" in own["texts"][0]
    assert phases(r)[-4:] == ["autopilot_acts", "securing", "closing", "rest"]


def test_a_landing_of_its_own_is_followed_and_no_recall_starts_it_up_again(tmp_path: Path) -> None:
    """A fence's LAND: "on scene" for 57 s, and then a return ordered of what stood armed on the ground."""

    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        acts("land", "Fence Breached")(r)
        seen = modes_seen(r)
        await r.until(lambda: r.controller.phase is Phase.AUTOPILOT_ACTS, 3)
        r.controller.recall(1)
        with pytest.raises(Refusal):
            r.controller.stop(1)
        await r.until(lambda: r.controller.phase is Phase.LANDED_OFF_SITE)
        assert seen == ["land"]
        assert r.auto.on_ground

    rehearse(tmp_path, story)


@pytest.mark.parametrize("mode", ["rtl", "brake"])
def test_a_persons_recall_passes_at_once_from_what_it_does_by_itself(tmp_path: Path, mode: str) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        acts(mode, "EKF variance")(r)
        await r.until(lambda: r.controller.phase is Phase.AUTOPILOT_ACTS, 3)
        r.controller.recall(1)
        assert r.controller.phase is Phase.RETURNING
        await r.until(lambda: r.auto.mode == "rtl", 3)
        await r.until(lambda: r.controller.phase is Phase.REST)

    assert "manual_override" not in phases(rehearse(tmp_path, story))


def test_a_stop_of_its_own_ends_in_our_return(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        acts("brake", "GCS Failsafe")(r)
        begun = r.loop.time()
        seen = modes_seen(r)
        await r.until(lambda: r.auto.mode == "rtl")
        assert OWN_STOP_S <= r.loop.time() - begun < OWN_STOP_S + 5
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert seen == ["brake", "rtl"]

    rehearse(tmp_path, story)


def test_a_pilot_in_any_mode_is_yielded_to_from_the_climb_on(tmp_path: Path) -> None:
    """DRIFT was on no list of manual modes, and the agent ordered a return under the pilot's hands."""

    async def story(r: FlightSim) -> None:
        r.auto.profile.modes["drift"] = 11  # type: ignore[index]
        try:
            await r.fly()
            await r.until(lambda: r.auto.body.u > 15)
            r.auto.enter("drift")
            await r.until(lambda: r.controller.phase is Phase.MANUAL_OVERRIDE, 3)
            await asyncio.sleep(60)
            assert r.auto.mode == "drift"
            r.auto.enter("rtl")  # the pilot's own switch
            await r.until(lambda: r.controller.phase is Phase.AUTOPILOT_ACTS, 3)
            await r.until(lambda: r.controller.phase is Phase.REST)
        finally:
            del r.auto.profile.modes["drift"]  # type: ignore[attr-defined]

    rehearse(tmp_path, story)


@pytest.mark.parametrize("ours", [True, False])
def test_whose_mode_it_was_is_known_after_a_restart(tmp_path: Path, ours: bool) -> None:
    """Only a return of ours diverts from a nest that cannot receive; the autopilot's is followed."""

    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        if ours:
            r.controller.recall(1)
            await r.until(lambda: r.controller.phase is Phase.RETURNING and r.auto.mode == "rtl")
        await asyncio.sleep(2)
        await r.restart(1.0)
        if not ours:
            r.auto.enter("rtl")
        await r.until(lambda: r.controller.attached.is_set(), 60)
        wanted = Phase.RETURNING if ours else Phase.AUTOPILOT_ACTS
        await r.until(lambda: r.controller.phase is wanted, 10)
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)


def test_after_a_link_that_was_gone_its_own_return_is_followed(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly(900, 600)
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        await asyncio.sleep(30)
        r.aircraft.down = True
        await r.until(lambda: r.auto.mode == "rtl")
        await asyncio.sleep(20)
        seen = modes_seen(r)
        r.aircraft.down = False
        await r.until(lambda: r.controller.phase is Phase.AUTOPILOT_ACTS, 5)
        assert r.auto.place.distance(HOME) > 20
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert seen == ["rtl"]

    rehearse(tmp_path, story)
