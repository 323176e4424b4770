"""The acceptance of a device: green on a simulation that is well, red with each fault that is planted."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.modbus.trial import reads_for_trial, tried
from drivers.profile.load import SHIPPED, names, read
from drivers.profile.model import ModbusProfile
from hil.bench import acceptance, load
from hil.bench.acceptance import CHECKS, Verdict, judged
from hil.bench.opened import OpenBench
from hil.bench.simulated import SimulatedDevice, SimulatedPair
from hil.bench.switches import Switch
from hil.bench.terminal import BenchTerminal
from hil.terminals.terminal import Misbehaviour, Terminal
from hil.wire.faults import Fault
from tests.hil_bench.benches import written

Plant = Callable[[SimulatedPair, SimulatedDevice], None]


def misbehaves(how: Misbehaviour) -> Plant:
    return lambda pair, device: device.misbehave(how)


def spoils(fault: Fault) -> Plant:
    return lambda pair, device: setattr(device, "spoils", fault)


def shows(**values: float) -> Plant:
    return lambda pair, device: device.shown.update(values)


def stays_off(switch: Callable[[SimulatedPair, SimulatedDevice], Switch]) -> Plant:
    return lambda pair, device: setattr(switch(pair, device), "on", lambda: None)


def does_nothing(pair: SimulatedPair, device: SimulatedDevice) -> None:
    device.off = device.on  # type: ignore[method-assign]


def one_in_ten(pair: SimulatedPair, device: SimulatedDevice) -> None:
    asked = iter(range(10**6))
    pair.pty.pair.spoil = lambda unit, frame: Fault(silent=True) if next(asked) % 10 == 9 else None


def answers_to_all(pair: SimulatedPair, device: SimulatedDevice) -> None:
    pair.pty.pair.slaves[device.unit + 1] = SimulatedDevice(device.terminal.profile, device.unit + 1)


def twin(pair: SimulatedPair, device: SimulatedDevice) -> None:
    other = SimulatedDevice(device.terminal.profile, device.unit)
    other.shown = {"pressure": 1.0}
    pair.pty.pair.twins[device.unit] = other


def noise(pair: SimulatedPair, device: SimulatedDevice) -> None:
    pair.pty.pair.hit = 0.03


def words_swapped(pair: SimulatedPair, device: SimulatedDevice) -> None:
    profile = device.terminal.profile
    other = profile.model_copy(update={"modbus": profile.modbus.model_copy(update={"word_order": "little"})})
    device.terminal = Terminal(other, device.unit, lambda _now: device.shown)


PLANTED: dict[str, tuple[Plant, str]] = {  # each with the check that finds it first; "": that is chance's
    **{how.value: (misbehaves(how), "identity") for how in Misbehaviour if how is not Misbehaviour.LYING},
    "short": (misbehaves(Misbehaviour.SHORT), "points"),
    "lying": (misbehaves(Misbehaviour.LYING), "limits"),
    "always silent": (spoils(Fault(silent=True)), "identity"),
    "changed bytes": (spoils(Fault(corrupt=1)), "identity"),
    "lost bytes": (spoils(Fault(drop=1)), "identity"),
    "too late": (spoils(Fault(delay_s=3.0)), "identity"),
    "one answer in ten": (one_in_ten, "timing"),
    "noise on the wire": (noise, ""),
    "two at one address": (twin, ""),
    "no number": (shows(pressure=float("nan")), "points"),
    "below its limits": (shows(pressure=-5.0), "limits"),
    "another scale": (shows(level=4000.0), "limits"),
    "words in another order": (words_swapped, "limits"),
    "answers to all": (answers_to_all, "neighbours"),
    "not back after a wire": (stays_off(lambda pair, device: pair.wire), "unplug"),
    "not back after power": (stays_off(lambda pair, device: device), "power_cycle"),
    "a switch that does nothing": (does_nothing, "power_cycle"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


def verdicts(folder: Path, plant: Plant | None = None) -> Iterator[Verdict]:
    bench = load.load(written(folder))
    with OpenBench(bench, folder) as opened:
        pair = opened.pair("pair")
        terminal = BenchTerminal(opened, bench.file.devices[0])
        if plant is not None:
            plant(pair, terminal.simulated)
        for check in CHECKS:
            yield judged(check, terminal)


def test_a_device_that_is_well_is_accepted(folder: Path) -> None:
    found = {one.check: one for one in verdicts(folder)}
    assert [one for one in found.values() if not one.passed] == []
    assert found["points"].figures == {"points": 3}
    assert found["limits"].figures == {"bounded": 2}
    assert found["timing"].figures["rounds"] == acceptance.ROUNDS


@pytest.mark.parametrize("fault", PLANTED)
def test_each_planted_fault_is_found(fault: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance, "BACK_WITHIN_S", 0.0)
    plant, check = PLANTED[fault]
    first = next(one for one in verdicts(folder, plant) if not one.passed)
    assert first.passed is False
    assert check in (first.check, ""), first
    assert first.why is not None


def test_a_check_the_bench_cannot_run_is_neither_passed_nor_failed(folder: Path) -> None:
    path = written(folder)
    path.write_text(path.read_text() + 'never = ["power"]\n')
    bench = load.load(path)
    with OpenBench(bench, folder) as opened:
        verdict = judged(CHECKS[-1], BenchTerminal(opened, bench.file.devices[0]))
    assert verdict.passed is None
    assert str(verdict.why) == "'transmitter' lacks: power"


def test_every_shipped_make_is_believed_at_rest() -> None:
    """A simulated device of any profile shows values that its profile takes for good."""
    shipped = {name: read(path)[0] for name, path in names([SHIPPED]).items()}
    profiles = {name: profile for name, profile in shipped.items() if isinstance(profile, ModbusProfile)}
    assert len(profiles) > 10
    wrong = []
    for name, profile in profiles.items():
        device = SimulatedDevice(profile, 1)
        held: dict[str, object] = {}
        for planned in reads_for_trial(profile):
            function = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}[planned.table]
            said = device.answer(bytes((function, *divmod(planned.address, 256), *divmod(planned.count, 256))), 0)
            assert said is not None
            data = said[1][2:]
            if function < 3:
                words = [data[i // 8] >> i % 8 & 1 for i in range(planned.count)]
            else:
                words = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
            wrong += [(name, one) for one in tried(profile, planned, words, held) if not one.quality.usable]
    assert wrong == []
