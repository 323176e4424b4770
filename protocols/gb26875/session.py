"""The exchanges of one connection, without I/O: serials, confirms, denies, resends, questions.

An upload waits for its confirm. Silence for `timeout_s`, or a deny, sends the same bytes again, three times at the
most; then the exchange has failed and its data goes back to the durable queue. The serial wraps at 65,536 and says
nothing about repeats over time.
"""

from dataclasses import dataclass

from protocols.gb26875.dialect import STANDARD, Dialect
from protocols.gb26875.fields import CodecError
from protocols.gb26875.frame import Frame
from protocols.gb26875.objects import ANSWERED_BY, LAYOUTS, Content, decode
from protocols.gb26875.words import Command
from protocols.reason import Reason

RESENDS = 3
LONGEST_TIMEOUT_S = 10.0  # the standard's upper limit
CLOCK, INITIALISE, DUTY = 90, 89, 91


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The far end has our upload `serial`."""

    serial: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Upload `serial` was given up: denied or unanswered after every resend."""

    serial: int
    why: Reason
    denied: bool


@dataclass(frozen=True, slots=True)
class Transmit:
    """Bytes to put on the wire now."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """The centre asks for data: answer with `Session.respond(question, …)` or `Session.deny(question.frame)`."""

    frame: Frame
    content: Content
    answer_type: int


@dataclass(frozen=True, slots=True)
class Told:
    """The centre tells us something (clock, initialise, duty check); it has been confirmed to it already."""

    content: Content


Outcome = Confirmed | Failed | Transmit | Asked | Told


@dataclass(slots=True)
class _Exchange:
    raw: bytes
    deadline: float
    resends: int = 0


class Session:
    """The site's side of one connection. Times are seconds of any monotonic clock; `wall` is local ISO text."""

    def __init__(
        self, local: int, remote: int, dialect: Dialect = STANDARD, timeout_s: float = 3.0, first_serial: int = 0
    ) -> None:
        if not 0 < timeout_s <= LONGEST_TIMEOUT_S:
            raise ValueError(f"timeout_s: {timeout_s} is not above 0 and up to {LONGEST_TIMEOUT_S:g}")
        self.local, self.remote, self.dialect, self.timeout_s = local, remote, dialect, timeout_s
        self._serial = first_serial % 65536
        self._open: dict[int, _Exchange] = {}
        self.resent = 0

    @property
    def waiting(self) -> int:
        """Uploads that are not confirmed yet."""
        return len(self._open)

    @property
    def next_serial(self) -> int:
        """Where the next connection's session goes on counting."""
        return self._serial

    def upload(self, data: bytes, now: float, wall: str) -> tuple[int, bytes]:
        """A new upload of encoded application data: its serial, and the bytes to send now."""
        while self._serial in self._open:
            self._serial = (self._serial + 1) % 65536
        serial = self._serial
        self._serial = (serial + 1) % 65536
        raw = self._frame(serial, Command.SEND, data, wall)
        self._open[serial] = _Exchange(raw, now + self.timeout_s)
        return serial, raw

    def heartbeat(self, wall: str) -> bytes:
        """An empty upload that expects no confirm (a vendors' custom, dialect `heartbeat`)."""
        serial = self._serial
        self._serial = (serial + 1) % 65536
        return self._frame(serial, Command.SEND, b"", wall)

    def respond(self, question: Asked, data: bytes, wall: str) -> bytes:
        """The answer to a question, under its serial."""
        return self._frame(question.frame.serial, Command.RESPOND, data, wall)

    def deny(self, frame: Frame, wall: str) -> bytes:
        """A refusal of `frame`, under its serial."""
        return self._frame(frame.serial, Command.DENY, b"", wall)

    def forget(self, serial: int) -> None:
        """Give up waiting for an upload, for instance because its sender was cancelled."""
        self._open.pop(serial, None)

    def receive(self, frame: Frame, now: float, wall: str) -> list[Outcome]:
        """What a frame from the centre means, and what to send for it. Frames to others are passed over."""
        if frame.destination != self.local:
            return []
        if frame.command == Command.CONFIRM:
            return [Confirmed(frame.serial)] if self._open.pop(frame.serial, None) else []
        if frame.command == Command.DENY:
            return self._again(frame.serial, now, denied=True) if frame.serial in self._open else []
        if frame.command in (Command.CONTROL, Command.REQUEST):
            return self._told(frame, wall)
        return []

    def tick(self, now: float) -> list[Outcome]:
        """What has become due by `now`: resends and given-up uploads."""
        due = [serial for serial, exchange in self._open.items() if exchange.deadline <= now]
        return [outcome for serial in due for outcome in self._again(serial, now, denied=False)]

    def next_deadline(self) -> float | None:
        """When `tick` must be called next, None while nothing is waited for."""
        return min((exchange.deadline for exchange in self._open.values()), default=None)

    def _again(self, serial: int, now: float, *, denied: bool) -> list[Outcome]:
        exchange = self._open[serial]
        if exchange.resends == RESENDS:
            del self._open[serial]
            if denied:
                why = Reason("gb.denied", resends=RESENDS)
            else:
                why = Reason("gb.no_confirm", within_s=self.timeout_s, resends=RESENDS)
            return [Failed(serial, why, denied)]
        exchange.resends += 1
        exchange.deadline = now + self.timeout_s
        self.resent += 1
        return [Transmit(exchange.raw)]

    def _told(self, frame: Frame, wall: str) -> list[Outcome]:
        try:
            content = decode(frame.data, self.dialect)
        except CodecError:
            return [Transmit(self.deny(frame, wall))]
        if content is None:
            return [Transmit(self._confirm(frame, wall))]
        if content.type not in LAYOUTS:
            return [Transmit(self.deny(frame, wall))] if self.dialect.unknown_type == "deny" else []
        if content.type in ANSWERED_BY:
            return [Asked(frame, content, ANSWERED_BY[content.type])]
        if content.type in (CLOCK, INITIALISE, DUTY):
            return [Transmit(self._confirm(frame, wall)), Told(content)]
        return [Transmit(self.deny(frame, wall))]

    def _confirm(self, frame: Frame, wall: str) -> bytes:
        echoed = frame.data if self.dialect.confirm == "echo" else b""
        return self._frame(frame.serial, Command.CONFIRM, echoed, wall)

    def _frame(self, serial: int, command: Command, data: bytes, wall: str) -> bytes:
        return Frame(serial, self.dialect.versions, wall, self.local, self.remote, command, data).encoded(self.dialect)
