"""Random fault schedules over whole flights: only allowed ends, no accident at any step, the shortest story on failure.

The short form runs in the suite. The long one: HYDRONEST_FAULT_SCHEDULES=300 pytest tests/nest/test_faults.py
"""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from agent.flight.machine.table import STAYS
from agent.flight.machine.table import Phase as At
from agent.flight.orders.gate import Refusal
from agent.logbook.reading import verify
from hil.flight_sim import HOME, FlightSim
from hil.virtual_time import run
from tests.nest.card import Card

SCHEDULES = int(os.environ.get("HYDRONEST_FAULT_SCHEDULES", "6"))
LONGEST_S = 3600.0
LOG = "flights/n1-000001"

Change = Callable[[FlightSim], None]


def put(path: str, value: object) -> Change:
    def change(r: FlightSim) -> None:
        *names, last = path.split(".")
        thing: object = r
        for name in names:
            thing = getattr(thing, name)
        setattr(thing, last, value)

    return change


def ignore(*commands: int) -> Change:
    return lambda r: r.auto.faults.ignored.update(commands)


def heed(r: FlightSim) -> None:
    r.auto.faults.ignored.clear()


def drain(share: float) -> Change:
    def change(r: FlightSim) -> None:
        pack = r.auto.battery
        pack.left_wh = min(pack.left_wh, share * pack.capacity_wh)

    return change


def order(name: str) -> Change:
    def change(r: FlightSim) -> None:
        with suppress(Refusal):
            if name == "recall":
                r.controller.recall(1)
            elif name == "stop":
                r.controller.stop(1)
            else:
                r.controller.clear()

    return change


def sticks(mode: str) -> Change:  # on PX4 "loiter" is no mode, and nothing happens
    return lambda r: None if r.auto.on_ground else (r.auto.enter(mode), None)[1]


def nothing(r: FlightSim) -> None:
    del r


FAULTS: dict[str, tuple[Change, Change]] = {
    "plc line down": (put("plc.trouble", "down"), put("plc.trouble", "")),
    "plc silent": (put("plc.trouble", "silent"), put("plc.trouble", "")),
    "plc program hung": (put("truth.broken.program_hung", True), put("truth.broken.program_hung", False)),
    "nest ignores commands": (put("truth.broken.ignore_commands", True), put("truth.broken.ignore_commands", False)),
    "nest loses a command": (put("truth.broken.lose_commands", 1), nothing),
    "nest says done at once": (
        put("truth.broken.says_done_at_once", True),
        put("truth.broken.says_done_at_once", False),
    ),
    "cover jams": (put("truth.broken.cover_jams_at", 0.5), put("truth.broken.cover_jams_at", None)),
    "rods jam": (put("truth.broken.rods_jam", True), put("truth.broken.rods_jam", False)),
    **{
        f"{switch.replace('_', ' ')} {word}": (
            put(f"truth.broken.{switch}_switch", lie),
            put(f"truth.broken.{switch}_switch", None),
        )
        for switch in ("cover_open", "cover_closed", "rods_free", "rods_clamped")
        for word, lie in (("switch stuck on", True), ("switch dead", False))
    },
    "presence sensor stuck on": (
        put("truth.broken.aircraft_present", True),
        put("truth.broken.aircraft_present", None),
    ),
    "presence sensor dead": (
        put("truth.broken.aircraft_present", False),
        put("truth.broken.aircraft_present", None),
    ),
    "plc trusts its switches": (
        put("truth.broken.plc_trusts_switches", True),
        put("truth.broken.plc_trusts_switches", False),
    ),
    "emergency stop": (put("truth.emergency_stop", True), put("truth.emergency_stop", False)),
    "somebody on the pad": (put("truth.pad_clear", False), put("truth.pad_clear", True)),
    "mains fail": (put("truth.mains_ok", False), put("truth.mains_ok", True)),
    "backup empty": (put("truth.backup_percent", 5.0), put("truth.backup_percent", 100.0)),
    "storm": (put("truth.weather.wind_ms", 16.0), put("truth.weather.wind_ms", 3.0)),
    "rain": (put("truth.weather.rain", 3), put("truth.weather.rain", 0)),
    "weather mast dead": (put("truth.weather.dead", True), put("truth.weather.dead", False)),
    "aircraft link down": (put("aircraft.down", True), put("aircraft.down", False)),
    "half the acknowledgements lost": (put("aircraft.lose_acks", 0.5), put("aircraft.lose_acks", 0.0)),
    "reposition acknowledged, not done": (ignore(192), heed),
    "return acknowledged, not done": (ignore(20), heed),
    "arming acknowledged, not done": (ignore(400), heed),
    "gps lost": (put("auto.faults.gps_lost", True), put("auto.faults.gps_lost", False)),
    "identification silent": (put("auto.faults.remote_id_down", True), put("auto.faults.remote_id_down", False)),
    "battery at 30 %": (drain(0.3), nothing),
    "battery at 18 %": (drain(0.18), nothing),
    "card dead": (put("card.dead", True), put("card.dead", False)),
    "clock not trusted": (put("wall_error_s", None), put("wall_error_s", 0.1)),
    "headwind": (put("auto.air.north_ms", -9.0), put("auto.air.north_ms", 2.0)),
    "another station moves home": (lambda r: (r.auto.set_home(HOME.moved(300, 0), 107.0), None)[1], nothing),
    "another station moves home beside the nest": (
        lambda r: (r.auto.set_home(HOME.moved(7, 0), 62.0), None)[1],
        nothing,
    ),
    "its own return ends beside the nest": (put("auto.return_off_m", 1.9), put("auto.return_off_m", 0.04)),
    "lands beside where it wants to": (put("auto.faults.lands_off_m", 1.9), put("auto.faults.lands_off_m", 0.0)),
    "lies tilted": (put("auto.tilt_deg", 40.0), put("auto.tilt_deg", 0.0)),
    "recall": (order("recall"), nothing),
    "stop": (order("stop"), nothing),
    "a person clears": (order("clear"), nothing),
    "pilot takes the sticks": (sticks("loiter"), sticks("guided")),
    "agent killed": (put("kill_wanted", True), nothing),
}

story_part = st.tuples(
    st.sampled_from(sorted(FAULTS)), st.integers(0, 300), st.sampled_from([1, 4, 15, 40, 120, 400, 2000])
)


class Story(FlightSim):
    """A rehearsal with a card of its own."""

    def __init__(self, folder: Path, profile: str, card: Card) -> None:
        super().__init__(folder, profile)
        self.card = card


async def live(folder: Path, profile: str, parts: list[tuple[str, int, int]]) -> FlightSim:
    with Card() as card:
        return await flown(Story(folder, profile, card), parts)


async def flown(r: Story, parts: list[tuple[str, int, int]]) -> FlightSim:
    todo = sorted(
        [(float(at), FAULTS[name][0]) for name, at, _ in parts]
        + [(float(at + lasts), FAULTS[name][1]) for name, at, lasts in parts],
        key=lambda pair: pair[0],
    )
    start = float("inf")

    def tick() -> None:
        while todo and r.loop.time() - start >= todo[0][0]:
            todo.pop(0)[1](r)

    r.on_tick = tick
    async with r.running():
        await r.until(lambda: r.ready)
        await r.fly()
        start = r.loop.time()
        over = start + LONGEST_S
        filed = r.folder / LOG / "manifest.json"  # written once the nest has been stopped, or could not be
        while r.loop.time() < over and not (r.loop.time() > start + 5 and ended(r) and filed.exists() and not todo):
            if r.kill_wanted:
                r.kill_wanted = False
                await r.restart()
                await r.controller.attached.wait()
            await r.next_tick()
            if r.accidents:
                break
        return r


def ended(r: FlightSim) -> bool:
    return (
        STAYS[r.controller.phase].end
        and (r.auto.on_ground or r.controller.phase is At.AIRCRAFT_LOST)
        and not r.kill_wanted
    )


@settings(
    max_examples=SCHEDULES, deadline=None, derandomize="HYDRONEST_FAULT_SCHEDULES" not in os.environ, database=None,
    suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.generate, Phase.shrink],
)  # fmt: skip
@example("ardupilot", [("nest ignores commands", 0, 15)])  # failed, and the stop still on its way
@example("ardupilot", [("card dead", 30, 400), ("recall", 60, 1)])
@example("px4", [("cover open switch stuck on", 0, 15)])  # before the cover was seen to leave its other end
@example("ardupilot", [("cover open switch stuck on", 2, 15)])
@example("px4", [("cover open switch stuck on", 4, 15), ("plc trusts its switches", 0, 2000)])
@example("ardupilot", [("rods free switch stuck on", 12, 400)])
@example("px4", [("rods free switch stuck on", 14, 400), ("plc trusts its switches", 0, 2000)])
@example("px4", [("its own return ends beside the nest", 0, 2000), ("agent killed", 214, 1)])
@given(st.sampled_from(["ardupilot", "px4"]), st.lists(story_part, min_size=1, max_size=6))
def test_whatever_breaks_the_flight_ends_as_allowed(profile: str, parts: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        r = run(live(Path(folder), profile, parts))
        assert r.accidents == []
        assert ended(r), f"{r.controller.phase.value} after an hour: {r.controller.seen}"
        assert verify(Path(folder) / LOG) == []


def test_the_judge_of_these_flights_sees_accidents(tmp_path: Path) -> None:
    """What would hurt is noticed: the same world, with somebody closing the cover at the nest's own panel."""

    async def whole() -> FlightSim:
        r = FlightSim(tmp_path)
        async with r.running():
            await r.until(lambda: r.ready)
            await r.fly()
            await r.until(lambda: r.truth.cover == 1.0 and r.auto.armed)
            r.truth.tell("cover_close")
            await r.until(lambda: bool(r.accidents))
        return r

    assert run(whole()).accidents[0].startswith("cover moved")
