"""A device under test, in the words of its profile."""

import time
from dataclasses import dataclass
from typing import Any

from drivers.modbus.orders import Written
from drivers.modbus.reads import proofs_of
from drivers.modbus.trial import OVERHEAD, reads_for_trial, tried
from drivers.outcome import Outcome
from drivers.profile.location import parse_location
from drivers.quality import Quality
from drivers.sample import Value
from hil.bench import abilities
from hil.bench.model import Device
from hil.bench.opened import NotAllowed, OpenBench
from hil.bench.simulated import SimulatedDevice
from hil.bench.switches import Switch
from protocols.errors import BadAnswer, NoAnswer, WireError
from protocols.modbus.deadline import IN_STEP_S


@dataclass(frozen=True, slots=True)
class Reading:
    """One point as it was answered: the value in the profile's `unit`, and the raw words it was made of."""

    value: Value
    quality: Quality
    unit: str
    words: tuple[int, ...]

    @property
    def good(self) -> bool:
        """Whether the value may be believed."""
        return self.quality is Quality.GOOD


class BenchTerminal:
    """A device of the bench. `power` cuts its power, `wire` its line's wire; None where nothing can, or may."""

    def __init__(self, bench: OpenBench, device: Device) -> None:
        self.id = device.id
        self.unit = device.unit
        self.profile = bench.bench.profiles[device.profile]
        self.can = abilities.of_device(bench.bench, device)
        self.line = bench.line(device.line)
        self._bench = bench
        self._device = device
        self._simulated = bench.simulated(device)
        self.wire = None if "unplug" in device.never else self.line.wire
        self.power: Switch | None = None
        if "power" not in device.never:
            self.power = self._simulated if self._simulated is not None else bench.switch(device.id)

    @property
    def simulated(self) -> SimulatedDevice:
        """The simulation behind it, with its faults. Raises NotAllowed for a real one: mark the test `needs`."""
        if self._simulated is None:
            raise NotAllowed("bench.is_real", device=self.id)
        return self._simulated

    def read(self, *points: str) -> dict[str, Reading]:
        """These points, or all of its profile, asked for now. Raises WireError, KeyError for a point there is not."""
        wanted = dict.fromkeys(points or self.profile.points)
        needed = {one for name in wanted for one in (name, *self.profile.points[name].settings)}
        held: dict[str, object] = {}
        found = {}
        for planned in reads_for_trial(self.profile):
            if needed.isdisjoint(planned.layout.points):
                continue
            words = self.line.read(self.unit, planned.table, planned.address, planned.count)
            for one in tried(self.profile, planned, words, held):
                found[one.point] = Reading(one.value, one.quality, one.unit, one.words)
        return {name: found[name] for name in wanted}

    def value(self, point: str) -> Any:
        """One point's value. Raises BadAnswer where it is not to be believed, WireError where none came."""
        reading = self.read(point)[point]
        if not reading.good:
            raise BadAnswer("bench.not_good", point=point, value=str(reading.value), quality=reading.quality.code)
        return reading.value

    def check_identity(self) -> int:
        """How many questions showed that it is what its profile says. Raises BadAnswer where it is another."""
        proofs = proofs_of(self.profile, self.unit, OVERHEAD)
        for proof in proofs:
            if proof.check is not None and not proof.check(self.line.ask(proof.question)):
                raise BadAnswer("bench.another_device", device=self.id, question=proof.question.asked)
        return len(proofs)

    def answers(self, within_s: float = 10.0) -> float:
        """Seconds until it answered. Raises NoAnswer where it did not within so many."""
        began = time.monotonic()
        first = reads_for_trial(self.profile)[0]
        while True:
            try:
                self.line.read(self.unit, first.table, first.address, first.count)
            except WireError as error:
                if time.monotonic() - began > within_s:
                    raise NoAnswer("bench.stays_silent", device=self.id, within_s=within_s, why=error.reason) from None
                time.sleep(IN_STEP_S)
            else:
                return time.monotonic() - began

    def free_units(self, most: int) -> list[int]:
        """Addresses nearest to its own at which nothing of the bench hangs."""
        file = self._bench.bench.file
        line = self._device.line
        taken = {one.unit for one in file.devices if one.line == line}
        taken |= {one.unit for one in file.relays if one.line == line}
        if file.interlock is not None and file.interlock.line == line:
            taken.add(file.interlock.unit)
        free = [unit for unit in range(1, 248) if unit not in taken]
        return sorted(free, key=lambda unit: abs(unit - self.unit))[:most]

    def write(self, place: str, *values: int) -> Written:
        """Raw words to `holding 20`, as on the wire from 0, read back. Raises NotAllowed without leave to move things,
        WireError where it is not sure to have been done.
        """
        self._bench.check_leave(self._device)
        at = parse_location(place)
        if at.bit is not None:  # there is no writing a bit without the others beside it
            raise NotAllowed("modbus.not_writable", table=place)
        done = self._bench.write(self.line.id, self.unit, at.table.value, at.number, list(values))
        if done.outcome is not Outcome.DONE:
            raise BadAnswer("bench.not_written", place=place, why=done.reason)
        return done

    def at_ease(self) -> None:
        """Power and wire back, its simulation as it was at first. Raises WireError, and the bench is broken then."""
        for switch in (self.wire, self.power):
            if switch is not None and switch.cut:
                switch.on()
        if self._simulated is not None:
            self._simulated.at_ease()
