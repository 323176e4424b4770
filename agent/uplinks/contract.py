"""What the forwarder asks of anything that carries records out. `docs/platform-contract.md` is the other side."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import orjson

from agent.link.record import Record, Stream
from agent.link.uplink_messages import OK
from agent.link.utc import utc_text
from protocols.errors import Busy, Reasoned, Refused
from protocols.reason import Fact, Reason

FORMAT = 1
"""`v` in every message. It rises only when an old receiver would misread a new message; new keys do not raise it."""


class Slot(Protocol):
    """Waits until one message that is no record may go out, and holds its place while it does."""

    def __call__(self, stream: Stream = Stream.LIVE, /) -> AbstractAsyncContextManager[None]:
        """As records of this stream go."""
        ...


class Moving(Reasoned):
    """Ends a connection by our own will, to connect anew at once."""


@dataclass(frozen=True, slots=True)
class Message:
    """One committed record on its way out. (`gateway`, record.boot, record.seq) is its key for ever.

    Part `part` of `parts`, where the far end does not take all of it at once (`agent/uplinks/cut.py`).
    """

    gateway: str
    record: Record
    part: int = 1
    parts: int = 1

    def encoded(self) -> bytes:
        """The whole message as JSON: the head's keys, then the body's, without reading the body again."""
        record = self.record
        head: dict[str, Any] = {
            "v": FORMAT,
            "gateway": self.gateway,
            "boot": record.boot,
            "seq": record.seq,
            "lane": record.priority.code,
            "t0": utc_text(record.t0_ns),
            "err_ms": record.err_ms,
            "kernel_boot": record.kernel_boot,
            "mono_ms": record.mono_ms,
            "n": record.n,
        }
        if self.parts > 1:
            head |= {"part": self.part, "parts": self.parts}
        return b"%b,%b" % (orjson.dumps(head)[:-1], record.body[1:])

    def content(self) -> dict[str, Any]:
        """The body parsed: {"frames": […]} or {"events": […]}, for an uplink that speaks another language."""
        content: dict[str, Any] = orjson.loads(self.record.body)
        return content


class CoreState(NamedTuple):
    """What of core a far end may want to know: its name for its life; `journal`, `ok` or `failing`; and the `epoch` of
    flight's memory of orders, empty where there is none.
    """

    boot: str
    journal: str = OK
    epoch: str = ""


class PartlyRefused(Refused):
    """The far end took the record but for `left_out` parts it will never take. The record is released."""

    def __init__(self, reason: Reason | str, /, left_out: int, number: int | None = None, **facts: Fact) -> None:
        super().__init__(reason, number=number, **facts)
        self.left_out = left_out


class NotAllowed(Busy):
    """The far end forbids us this place whatever we send. Nothing is parked; a person must act."""

    def __init__(self, reason: Reason | str, /, number: int | None = None, **facts: Fact) -> None:
        super().__init__(reason, **facts)
        self.number = number


class Uplink(Protocol):
    """One far end. It keeps no record of its own and never retries: what is unconfirmed is the journal's business.

    The forwarder calls `connect` (after a failure again, with back-off), then up to `window` `deliver` at once,
    then `close`, and `connect` again. Errors are those of `protocols.errors`; anything else is a bug.
    """

    @property
    def name(self) -> str:
        """The uplink's id in the settings."""
        ...

    @property
    def window(self) -> int:
        """How many `deliver` the far end bears at once, 1 or more; asked after every `connect`."""
        ...

    async def begun(self, state: CoreState) -> None:
        """Core began (anew), or this became so of it: tell the far end where it wants to know. Never raises."""
        ...

    async def connect(self) -> None:
        """Reach the far end and be ready to deliver. Raises NotConnected, NoAnswer, Busy, or NotAllowed."""
        ...

    async def deliver(self, message: Message) -> bool:
        """Return True once the far end has confirmed this record; until then nothing counts as sent.

        False: nothing in it is for the far end, which therefore was not asked. The record is released, and says
        nothing about the line.
        NotConnected: the wire broke; all comes again after `connect`. NoAnswer (it may have arrived), Busy, NotAllowed:
        this one comes again after a pause. Refused: never again, it is parked and reported. PartlyRefused: released
        and reported. Called in the order to send; ends by itself in bounded time and may be cancelled at any point.
        """
        ...

    def besides(self) -> Sequence[Callable[[Slot], Awaitable[None]]]:
        """What is told besides records while a connection stands: run until it ends, each message in a turn of its own.

        Raises what `deliver` does for the end of a connection, or Moving.
        """
        ...

    async def lost(self) -> None:
        """Return when the connection made by the last `connect` is gone, at once if there is none."""
        ...

    async def close(self) -> None:
        """Say goodbye in bounded time, leaving no task, thread or socket. Never raises; safe to call at any time."""
        ...
