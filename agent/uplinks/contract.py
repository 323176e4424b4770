"""What the forwarder asks of anything that carries records out. `docs/platform-contract.md` is the other side."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import orjson

from protocols.errors import Refused

Lane = Literal["event", "telemetry", "summary"]
"""`event` goes first, `telemetry` is what was read, `summary` is old telemetry that was down-sampled."""

FORMAT = 1
"""`v` in every message. It rises only when an old receiver would misread a new message; new keys do not raise it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One committed record on its way out. (`gateway`, `boot`, `seq`) is its key for ever; a resend carries the same.

    `t0` is the wall time (ISO 8601, UTC, ms) every `at_ms` of the body counts from and `err_ms` how far it can be off;
    both are None while the clock has never been right, and may be better in a resend. `body` is the record's JSON
    object as it was committed. `readings` counts values that are readings (0 for events). `replayed` marks what a
    person asked to send again.
    """

    gateway: str
    boot: str
    seq: int
    lane: Lane
    t0: str | None
    err_ms: int | None
    readings: int
    body: bytes
    replayed: bool = False

    def encoded(self) -> bytes:
        """The whole message as JSON: the head's keys, then the body's, without reading the body again."""
        head = {
            "v": FORMAT,
            "gateway": self.gateway,
            "boot": self.boot,
            "seq": self.seq,
            "lane": self.lane,
            "t0": self.t0,
            "err_ms": self.err_ms,
            "n": self.readings,
        }
        if self.replayed:
            head["replayed"] = True
        return b"%b,%b" % (orjson.dumps(head)[:-1], self.body[1:])

    def content(self) -> dict[str, Any]:
        """The body parsed: {"frames": […]} or {"events": […]}, for an uplink that speaks another language."""
        content: dict[str, Any] = orjson.loads(self.body)
        return content


class PartlyRefused(Refused):
    """The far end took the record but for `left_out` parts it will never take. The record is released."""

    def __init__(self, message: str, left_out: int, code: int | None = None) -> None:
        super().__init__(message, code)
        self.left_out = left_out


class Uplink(Protocol):
    """One far end. It keeps no record of its own and never retries: what is unconfirmed is the journal's business.

    The forwarder calls `connect` (after a failure again, with back-off), then many `deliver` at once within its window,
    then `close`. Errors are those of `protocols.errors`; anything else is a bug and stops this uplink alone.
    """

    name: str

    async def connect(self) -> None:
        """Reach the far end and be ready to deliver. Raises NotConnected, NoAnswer, Busy, or Refused (credentials)."""

    async def deliver(self, message: Message) -> None:
        """Return once the far end has confirmed this record; until then nothing counts as sent.

        Raises NotConnected (the wire broke), NoAnswer (silence; it may have arrived), Busy (not now), Refused (never:
        it is parked and reported), PartlyRefused. Must end by itself in bounded time and be safe to cancel.
        """

    async def lost(self) -> None:
        """Return when the connection made by the last `connect` is gone, at once if there is none."""

    async def close(self) -> None:
        """Say goodbye in bounded time, leaving no task, thread or socket. Never raises; safe to call at any time."""
