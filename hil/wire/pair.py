"""One RS-485 pair as a model: who speaks when, what collides, what each end hears. Time comes from its clock."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hil.wire.faults import Fault
from protocols.modbus.crc import crc16
from protocols.modbus.load import Wire


class Clock(Protocol):
    """Time and alarms for the model."""

    def now_ns(self) -> int:
        """Now."""

    def at(self, when_ns: int, call: Callable[[], None]) -> None:
        """Call then, or as soon as possible after."""


class Slave(Protocol):
    """A device on the pair."""

    unit: int
    turnaround_s: float

    def answer(self, pdu: bytes, at_ns: int) -> tuple[int, bytes] | None:
        """Unit id and PDU of the answer to a question's PDU, or None for silence."""


@dataclass(slots=True)
class _Talk:
    """Bytes on the pair from `start_ns` to `end_ns`."""

    start_ns: int
    end_ns: int
    frame: bytes
    spoilt: bool = False


@dataclass(slots=True)
class Record:
    """What was seen on the pair. `gaps_ns`: the silences between anybody's last byte and the master's questions."""

    gaps_ns: list[int] = field(default_factory=list)
    questions: list[tuple[int, bytes]] = field(default_factory=list)
    collisions: int = 0


class Pair:
    """A master, the slaves, and the faults ordered for the next answers.

    `fifo`: how many characters the master's port collects before it hands them on; the rest of a frame comes when it
    ends. Slaves queue what they are asked and answer in order; `strict` ones ignore questions after less than 3.5
    characters of silence, as the standard has them.
    """

    def __init__(
        self,
        clock: Clock,
        wire: Wire,
        slaves: Mapping[int, Slave],
        hear: Callable[[bytes], None],
        *,
        fifo: int = 8,
        strict: bool = False,
        seed: int = 0,
        spoil: Callable[[int, bytes], Fault | None] | None = None,
    ) -> None:
        self.clock = clock
        self.wire = wire
        self.slaves = dict(slaves)
        self.record = Record()
        self.faults: list[Fault] = []
        self.spoil = spoil  # of a unit's answer to a frame
        self.hit = 0.0  # the share of bytes that arrive changed, either way
        self.twins: dict[int, Slave] = {}  # second devices at the same address
        self.echo = False
        self.cut = False
        self._hear = hear
        self._fifo = fifo
        self._strict = strict
        self._random = random.Random(seed)
        self._talks: list[_Talk] = []
        self._master_free_at = 0
        self._last_byte_ns: int | None = None  # that the master sent or heard: it cannot know of others
        self._slave_free_at: dict[int, int] = {}
        self._spoke_until: dict[int, int] = {}

    def send(self, frame: bytes) -> None:
        """The master under test sends."""
        start = max(self.clock.now_ns(), self._master_free_at)
        last = self._last_byte_ns
        if last is not None:
            self.record.gaps_ns.append(start - last)
        self.record.questions.append((start, frame))
        talk = self._talk(start, frame)
        self._master_free_at = self._last_byte_ns = talk.end_ns
        if self.echo:
            self._deliver(talk, frame)
        self._to_slaves(talk, None if last is None else start - last)

    def other_master(self, frame: bytes) -> None:
        """A second master sends: the first hears it, the slaves answer it."""
        talk = self._talk(self.clock.now_ns(), frame)
        self._deliver(talk, frame)
        self._to_slaves(talk, None)

    def noise(self, data: bytes) -> None:
        """Bytes out of nowhere."""
        talk = self._talk(self.clock.now_ns(), data)
        self._deliver(talk, data)

    def _talk(self, start_ns: int, frame: bytes) -> _Talk:
        self._talks = [talk for talk in self._talks if talk.end_ns > start_ns - 2_000_000_000]
        talk = _Talk(start_ns, start_ns + len(frame) * self.wire.char_ns, frame)
        for other in self._talks:
            if other.end_ns > talk.start_ns and other.start_ns < talk.end_ns:
                other.spoilt = talk.spoilt = True
                self.record.collisions += 1
        self._talks.append(talk)
        return talk

    def _noisy(self, data: bytes) -> bytes:
        if not self.hit:
            return data
        return bytes(b ^ self._random.randrange(1, 256) if self._random.random() < self.hit else b for b in data)

    def _to_slaves(self, talk: _Talk, gap_ns: int | None) -> None:
        def heard() -> None:
            frame = self._noisy(talk.frame)
            if talk.spoilt or self.cut or len(frame) < 4 or crc16(frame[:-2]) != frame[-2:]:
                return
            if self._strict and gap_ns is not None and gap_ns < self.wire.silence_ns:
                return
            slave = self.slaves.get(frame[0])
            if slave is not None:
                self._ask(slave, frame)
            if twin := self.twins.get(frame[0]):
                self._ask(twin, frame)

        self.clock.at(talk.end_ns, heard)

    def _ask(self, slave: Slave, frame: bytes) -> None:
        now = self.clock.now_ns()
        fault = next((one for one in self.faults if one.unit in (None, slave.unit)), None)
        if fault is not None:
            self.faults.remove(fault)
        elif self.spoil is not None:
            fault = self.spoil(slave.unit, frame)
        turnaround = round(slave.turnaround_s * 1e9)
        start = max(now + max(turnaround, self.wire.silence_ns), self._slave_free_at.get(slave.unit, 0))
        if fault is not None:
            start += round(fault.delay_s * 1e9)
        self._slave_free_at[slave.unit] = start + self.wire.silence_ns

        def speak() -> None:
            if self.clock.now_ns() < (until := self._spoke_until.get(slave.unit, 0)):
                self.clock.at(until, speak)  # still at the answer before this one
                return
            reply = slave.answer(frame[1:-2], self.clock.now_ns())
            if reply is None or (fault is not None and fault.silent):
                return
            unit, pdu = reply
            answer = bytes((unit,)) + pdu
            answer += crc16(answer)
            data = answer if fault is None else fault.spoil(answer, self._random)
            talk = self._talk(self.clock.now_ns(), data)
            self._spoke_until[slave.unit] = talk.end_ns + self.wire.silence_ns
            self._deliver(talk, data, 0.0 if fault is None else fault.pause_s)
            if fault is not None and fault.again_s is not None:
                self.clock.at(talk.end_ns + round(fault.again_s * 1e9), lambda: self.noise(data))

        self.clock.at(start, speak)

    def _deliver(self, talk: _Talk, data: bytes, pause_s: float = 0.0) -> None:
        """The master's port hands on what it hears, `fifo` characters at a time."""
        data = self._noisy(data)
        for i in range(0, len(data), self._fifo):
            piece = data[i : i + self._fifo]
            when = talk.start_ns + (i + len(piece)) * self.wire.char_ns + round(pause_s * 1e9) * (i // self._fifo)

            talk.end_ns = max(talk.end_ns, when)

            def hand_on(piece: bytes = piece, when: int = when) -> None:
                if self.cut:
                    return
                self._last_byte_ns = max(when, self._last_byte_ns or 0)
                if talk.spoilt:
                    piece = bytes(byte ^ self._random.randrange(256) for byte in piece)
                self._hear(piece)

            self.clock.at(when, hand_on)
