"""The nest driver against the simulated PLC: over Modbus TCP, in both command styles, and with lies."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from drivers.nest.decode import decode
from drivers.nest.nest import Nest
from drivers.nest.profile import Verb, load_nest_profile
from drivers.nest.registers import LineRegisters
from drivers.nest.state import Cover, Rods, two_switches
from drivers.outcome import Outcome
from drivers.profile.mistake import SettingsError
from hil.nest.mechanics import Mechanics, Visitor
from hil.nest.plc import Plc
from hil.nest.server import serving
from hil.ports import free_port
from protocols.reason import Reason
from tests.nest.modbus import tcp_line
from tests.waiting import patient

SPEEDUP = 20.0


@dataclass
class NestRig:
    nest: Nest
    plc: Plc
    visitor: Visitor

    @property
    def truth(self) -> Mechanics:
        return self.plc.mechanics


@contextlib.asynccontextmanager
async def nest_rig(profile_name: str) -> AsyncIterator[NestRig]:
    profile = load_nest_profile(profile_name).model_copy(update={"poll_s": 0.05, "stale_after_s": 0.6})
    words = {
        v: w.model_copy(update={"within_s": 1.4, "least_s": w.least_s / SPEEDUP})
        for v, w in profile.commands.verbs.items()
    }
    profile = profile.model_copy(update={"commands": profile.commands.model_copy(update={"verbs": words})})
    visitor = Visitor()
    plc = Plc(profile, Mechanics(lambda: visitor))
    port = free_port()
    async with serving(plc, port, speedup=SPEEDUP), tcp_line(port) as line:
        nest = Nest(LineRegisters(line, 1), profile)
        run = asyncio.create_task(nest.run())
        try:
            async with patient("the nest answers"):
                while not nest.fresh:
                    await nest.change()
            yield NestRig(nest, plc, visitor)
        finally:
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await run


@pytest.fixture(params=["command-word", "command-sequence"])
async def rig(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[NestRig]:
    monkeypatch.setattr("drivers.nest.nest.REPEAT_S", 0.5)  # as much sooner as the machinery is faster
    monkeypatch.setattr("drivers.nest.nest.SETTLE_S", 0.3)
    async with nest_rig(request.param) as rig:
        yield rig


async def test_the_end_a_motion_leaves_is_not_believed_from_its_order_on(rig: NestRig) -> None:
    """Rods just told to go free were "clamped" for a look yet, and the cover was closed on it."""
    nest, plc = rig.nest, rig.plc
    assert (await nest.tell(Verb.COVER_OPEN)).done
    assert (await nest.tell(Verb.CHARGER_OFF)).done
    put, shown = plc.put, list[Rods]()

    def watched(address: int, values: Sequence[int]) -> None:
        if address == nest.profile.commands.register_at:
            shown.append(nest.state.rods)
        put(address, values)

    plc.put = watched  # type: ignore[method-assign]
    freeing = asyncio.create_task(nest.tell(Verb.RODS_FREE))
    while not freeing.done():
        await nest.change()
        if shown:
            shown.append(nest.state.rods)
    assert (await freeing).done
    assert Rods.CLAMPED not in shown
    assert shown[0] is Rods.MOVING


async def test_every_motion_by_its_switches(rig: NestRig) -> None:
    nest, truth = rig.nest, rig.truth
    assert nest.state.cover is Cover.CLOSED
    assert nest.state.rods is Rods.CLAMPED
    assert nest.state.aircraft_centred
    motions: tuple[tuple[Verb, Callable[[], bool]], ...] = (
        (Verb.COVER_OPEN, lambda: truth.cover == 1.0),
        (Verb.CHARGER_OFF, lambda: not truth.charger_on),
        (Verb.RODS_FREE, lambda: truth.rods == 0.0),
        (Verb.RODS_CLAMP, lambda: truth.rods == 1.0),
        (Verb.COVER_CLOSE, lambda: truth.cover == 0.0),
    )
    for verb, there in motions:
        assert (report := await nest.tell(verb)).done, (verb, report)
        assert there()
        assert (await nest.tell(verb)).reason == Reason("nest.already_so")
    assert truth.hazards == []


async def test_a_write_is_no_proof_of_motion(rig: NestRig) -> None:
    rig.truth.broken.ignore_commands = True
    report = await rig.nest.tell(Verb.COVER_OPEN)
    assert report.outcome is Outcome.FAILED
    rig.truth.broken.ignore_commands = False
    rig.truth.broken.says_done_at_once = True
    rig.truth.broken.cover_jams_at = 0.4
    report = await rig.nest.tell(Verb.COVER_OPEN)
    assert report.outcome is Outcome.FAILED
    assert "its switches do not" in str(report.reason)


async def test_a_jam_ends_as_failed_and_a_stop_ends_the_motion(rig: NestRig) -> None:
    rig.truth.broken.cover_jams_at = 0.4
    report = await rig.nest.tell(Verb.COVER_OPEN)
    assert report.outcome is Outcome.FAILED
    assert "cover moving" in str(report.reason)
    assert (await rig.nest.tell(Verb.STOP)).done
    assert rig.truth.cover_goal is None


async def test_a_lost_write_is_written_once_more(rig: NestRig) -> None:
    rig.truth.broken.lose_commands = 1
    report = await rig.nest.tell(Verb.CHARGER_OFF)
    assert report.done, report
    commands = [w for w in rig.plc.writes if w[0] == rig.nest.profile.commands.register_at]
    assert len(commands) == 2


async def test_switches_that_disagree_are_abnormal(rig: NestRig) -> None:
    rig.truth.broken.cover_open_switch = True
    await rig.nest.change()
    await rig.nest.change()
    assert rig.nest.state.cover is Cover.ABNORMAL
    assert (await rig.nest.tell(Verb.COVER_CLOSE)).outcome is Outcome.FAILED


@pytest.mark.parametrize("trusts", [True, False], ids=["the PLC trusts it", "the PLC counts"])
async def test_an_end_switch_that_sticks_on_the_way_is_not_believed(rig: NestRig, trusts: bool) -> None:
    """The drive may even stop there, and the PLC call it done."""
    rig.truth.broken.plc_trusts_switches = trusts
    told = asyncio.create_task(rig.nest.tell(Verb.COVER_OPEN))
    async with patient("the cover moves", progress=lambda: rig.truth.cover):
        while rig.truth.cover == 0.0:
            await rig.nest.change()
    rig.truth.broken.cover_open_switch = True
    report = await told
    assert report.outcome is Outcome.FAILED, report
    assert rig.nest.state.cover is Cover.ABNORMAL
    assert "a switch lies" in str(rig.nest.state.cover_doubt)


async def test_an_end_the_plc_still_moves_towards_is_not_reached(rig: NestRig) -> None:
    """A switch that lies late enough to pass by time does not pass against the PLC's own word."""
    rig.truth.broken.cover_jams_at = 0.99
    told = asyncio.create_task(rig.nest.tell(Verb.COVER_OPEN))
    async with patient("the cover jams", progress=lambda: rig.truth.cover):
        while rig.truth.cover < 0.99:
            await rig.nest.change()
    rig.truth.broken.cover_open_switch = True
    await rig.nest.change()
    await rig.nest.change()
    assert rig.nest.state.cover is Cover.MOVING
    rig.truth.broken.cover_jams_at = None
    assert (await told).done
    assert rig.truth.cover == 1.0


async def test_a_hung_program_is_stale_though_modbus_answers(rig: NestRig) -> None:
    rig.truth.broken.program_hung = True
    async with patient("it is stale"):
        while rig.nest.fresh:
            await rig.nest.change()
    assert rig.nest.reason is None
    report = await rig.nest.tell(Verb.COVER_OPEN)
    assert report.outcome is Outcome.REFUSED


async def test_without_the_agents_counter_the_nest_stops() -> None:
    visitor = Visitor()
    truth = Mechanics(lambda: visitor)
    plc = Plc(load_nest_profile("command-word"), truth)
    plc.put(100, [10])
    for _ in range(60):
        plc.step(0.1)
    assert 0 < truth.cover < 1
    assert truth.cover_goal is None


def test_a_cut_emergency_stop_wire_is_a_stop() -> None:
    profile = load_nest_profile("command-word")
    state = decode(profile, {("holding", 0): 0}, 1, 1)
    assert state.emergency_stop is True
    assert decode(profile, {}, 1, 1).emergency_stop is None


@pytest.mark.parametrize(
    ("low", "high", "fault", "meaning"),
    [(True, False, False, -1), (False, True, False, 1), (False, False, False, 0), (True, True, False, 2),
     (True, False, True, 2), (None, True, False, 3)],
)  # fmt: skip
def test_two_switches(low: bool | None, high: bool | None, fault: bool, meaning: int) -> None:
    assert two_switches(low, high, fault) == meaning


def test_a_bad_profile_says_what_is_wrong(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "config/nests/command-word.toml").read_text()
    bad = tmp_path / "bad.toml"
    bad.write_text(text.replace("emergency_stop = ", "emergency_stopp = "))
    with pytest.raises(SettingsError, match="emergency_stopp"):
        load_nest_profile(bad)
    bad.write_text(text.replace("rods_free = ", "# rods_free = "))
    with pytest.raises(SettingsError, match="rods_free"):
        load_nest_profile(bad)
    for wrong in ("", "least_s = 0, ", "least_s = 31, "):
        bad.write_text(text.replace("least_s = 8.5, ", wrong, 1))
        with pytest.raises(SettingsError, match="the motion cover_open needs a least_s above 0 and below within_s"):
            load_nest_profile(bad)


def test_hazards_are_noticed() -> None:
    """The oracle itself: closing onto an uncentred aircraft, or moving under a flying one, is written down."""
    visitor = Visitor()
    truth = replace(Mechanics(lambda: visitor), cover=1.0, rods=0.0, centred=False)
    truth.tell("cover_close")
    truth.step(1.0)
    assert truth.hazards == ["cover closed onto an aircraft that is not centred"]
    visitor.height_m = 3.0
    truth.alive_s = 0
    truth.step(1.0)
    assert "cover moved under a flying aircraft" in truth.hazards
