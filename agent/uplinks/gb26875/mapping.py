"""Records → application data for the centre, and answers to its questions. No I/O."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from agent.link.record import Record
from agent.uplinks.contract import Message
from agent.uplinks.gb26875.meaning import ANALOG_TYPES, DEVICE_BITS_OF, EVENT_BITS, EVENT_TEXTS
from drivers.event import Transition
from drivers.quality import Quality
from drivers.units import UNITS, convert
from protocols.gb26875.dialect import Dialect
from protocols.gb26875.fields import CodecError
from protocols.gb26875.objects import LONGEST, encode
from protocols.gb26875.words import HYDRANT_SYSTEM, PRESSURE_COMPONENT

EARLIEST, LATEST = datetime(2000, 1, 1), datetime(2099, 12, 31, 23, 59, 59)  # noqa: DTZ001  (local, as on the wire)
REMEMBERED = 50_000  # values whose minute has been sent, so that one minute gives one analog also from a backlog


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a device sits in the centre's numbering."""

    component_address: int
    component_type: int = PRESSURE_COMPONENT
    system_address: int = 1
    system_type: int = HYDRANT_SYSTEM

    def fields(self) -> dict[str, int]:
        """As the codec calls them."""
        return {
            "system_type": self.system_type,
            "system_address": self.system_address,
            "component_type": self.component_type,
            "component_address": self.component_address,
        }


Minute = tuple[str, str, str, int]
"""(kernel boot, device, point, number of the period): of each, one analog is sent."""


class Load(NamedTuple):
    """A record as the centre gets it: application data, one entry a frame, and the minutes it speaks for."""

    frames: tuple[bytes, ...]
    minutes: tuple[Minute, ...]


@dataclass(slots=True)
class Mapper:
    """`seats` says which devices the centre knows, and as what; the others are nothing to it.

    `analog_every_s` thins the readings to one per device, point and period (0: none are sent, only events).
    """

    seats: Mapping[str, Seat]
    dialect: Dialect
    zone: tzinfo
    analog_every_s: float = 60.0
    bits: Mapping[str, str] = field(default_factory=dict)
    _turns: dict[str, dict[str, tuple[int, bool]]] = field(default_factory=dict)  # subject → kind → (seq, stands)
    _sent: "OrderedDict[Minute, None]" = field(default_factory=OrderedDict)

    def load(self, message: Message) -> "Load":
        """What of one record goes to the centre, packed into as few frames as the standard's 1,024 bytes allow.

        Its minutes are spoken for from now on, so that records under way together do not each tell of one minute;
        `undelivered` takes that back.
        """
        record, content = message.record, message.content()
        objects: list[tuple[int, dict[str, Any]]] = []
        minutes: list[Minute] = []
        for event in content.get("events", ()):
            objects += self._event(record, event)
        if self.analog_every_s:
            for frame in content.get("frames", ()):
                for minute, thing in self._readings(record, frame):
                    minutes.append(minute)
                    objects.append((3, thing))
        self._sent.update(dict.fromkeys(minutes))
        while len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        return Load(tuple(self._packed(objects)), tuple(minutes))

    def undelivered(self, load: "Load") -> None:
        """The centre does not have it, as far as is known: another record may tell of these minutes."""
        for minute in load.minutes:
            self._sent.pop(minute, None)

    def states(self, device: str) -> list[str]:
        """The component state bits of a device as its delivered events leave it."""
        bits = {self._bit(kind) for kind in self._standing(device)} - {""}
        return sorted(bits) if bits else ["normal"]

    def device_states(self) -> list[str]:
        """The transmitter's own state bits."""
        bits = {DEVICE_BITS_OF[k] for subject in self._turns for k in self._standing(subject) if k in DEVICE_BITS_OF}
        return sorted(bits) if bits else ["normal"]

    def system_states(self, seats: Iterable[str]) -> list[str]:
        """The state bits of the system these devices make up."""
        bits = {bit for device in seats for bit in self.states(device)} - {"normal", "power_fault"}
        return ["normal", *sorted(bits & {"fault", "supervise", "started", "fire"})]

    def state_object(self, device: str, when: str) -> dict[str, Any]:
        """A component state object of one device."""
        text = " ".join(sorted(EVENT_TEXTS[kind] for kind in self._standing(device) if kind in EVENT_TEXTS))
        return self.seats[device].fields() | {"state": self.states(device), "text": text, "time": when}

    def analog_object(self, device: str, value: float, unit: str, when: str) -> dict[str, Any] | None:
        """An analog object, None for a unit the standard has no analog for or a value past its 16 bits."""
        known = UNITS.get(unit)
        if known is None or known.quantity not in ANALOG_TYPES:
            return None
        kind, counted_in = ANALOG_TYPES[known.quantity]
        thing = self.seats[device].fields() | {
            "analog_type": kind,
            "value": convert(value, unit, counted_in),
            "time": when,
        }
        try:
            encode(3, [thing], self.dialect)
        except CodecError:
            return None
        return thing

    def at(self, unix_ns: int) -> str:
        """A moment as the wire's local time, from 2000 to 2099: a clock nobody has set shows the first day."""
        moment = datetime.fromtimestamp(unix_ns // 1_000_000_000, self.zone).replace(tzinfo=None)
        return min(max(moment, EARLIEST), LATEST).isoformat()

    def _event(self, record: Record, event: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
        kind, subject, turn = event["kind"], event["subject"], event["turn"]
        turns = self._turns.setdefault(subject, {})
        if (
            turn != Transition.NOTED and record.seq >= turns.get(kind, (0, False))[0]
        ):  # a resend may come after newer news
            turns[kind] = (record.seq, turn == Transition.RAISED)
        when = self.at(record.t0_ns + event["at_ms"] * 1_000_000)
        if subject in self.seats:
            thing = self.state_object(subject, when)
            if turn == Transition.NOTED:  # it has no end of its own: said once, then gone again
                bits = sorted({*thing["state"], self._bit(kind)} - {"normal", ""})
                thing |= {"state": bits or ["normal"], "text": EVENT_TEXTS.get(kind, "")}
            return [(2, thing)]
        if kind in DEVICE_BITS_OF:
            return [(21, {"state": self.device_states(), "time": when})]
        return []

    def _standing(self, subject: str) -> list[str]:
        return [kind for kind, (_, stands) in self._turns.get(subject, {}).items() if stands]

    def _bit(self, kind: str) -> str:
        return self.bits.get(kind, EVENT_BITS.get(kind, ""))

    def _readings(self, record: Record, frame: Mapping[str, Any]) -> Iterable[tuple[Minute, dict[str, Any]]]:
        qualities = frame.get("quality")
        newest: dict[tuple[str, str, int], tuple[int, float, str]] = {}
        for row, device in enumerate(frame["device"]):
            if device not in self.seats:
                continue
            at_ms = frame["at_ms"][row]
            period = int((record.mono_ms + at_ms) / (self.analog_every_s * 1000))
            for column, point in enumerate(frame["points"]):
                value = frame["values"][column][row]
                usable = qualities is None or qualities[column][row] < Quality.OUT_OF_RANGE
                if usable and isinstance(value, int | float) and not isinstance(value, bool):
                    newest[device, point, period] = (at_ms, value, frame["units"][column])
        for (device, point, period), (at_ms, value, unit) in newest.items():
            key = (record.kernel_boot, device, point, period)
            if key in self._sent:
                continue
            thing = self.analog_object(device, value, unit, self.at(record.t0_ns + at_ms * 1_000_000))
            if thing is not None:
                yield key, thing

    def _packed(self, objects: Iterable[tuple[int, dict[str, Any]]]) -> Iterable[bytes]:
        """Objects of one type in a row share a frame, in the order they happened."""
        kind, size = 0, 2
        run: list[dict[str, Any]] = []
        for next_kind, thing in objects:
            length = len(encode(next_kind, [thing], self.dialect)) - 2
            if run and (next_kind != kind or size + length > LONGEST or len(run) == 255):
                yield encode(kind, run, self.dialect)
                run, size = [], 2
            kind, size = next_kind, size + length
            run.append(thing)
        if run:
            yield encode(kind, run, self.dialect)
