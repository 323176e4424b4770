"""What the site must be able to tell for `status` and `watch`; the agent's own parts implement it."""

from typing import Protocol, TypedDict

from drivers.sample import Value
from protocols.reason import Reason


class GatewayView(TypedDict):
    """The box itself. `uptime_s` of the agent."""

    id: str
    name: str
    station: str
    version: str
    uptime_s: float


class LineView(TypedDict):
    """One line. `reason` says why it is down. `up` is None before the first contact.

    `counters` are the driver's own, by name (docs/modbus.md, docs/opcua.md).
    """

    id: str
    kind: str
    up: bool | None
    reason: Reason | None
    counters: dict[str, Value | Reason | tuple[Reason, ...]]


class UplinkView(TypedDict):
    """One uplink. `state` is connected, connecting, waiting, down or parked. Counts are readings since the agent began.

    `backlog` is committed and not yet confirmed by this uplink; `oldest_s` the age of its oldest, None if none.
    """

    id: str
    kind: str
    state: str
    reason: Reason | None
    forwarded: int
    confirmed: int
    backlog: int
    oldest_s: float | None


class JournalView(TypedDict):
    """The journal. `committed` readings since the agent began, `lost` since ever, `waiting` not yet committed."""

    state: str
    committed: int
    waiting: int
    lost: int
    bytes: int
    free_bytes: int


class ClockView(TypedDict):
    """Wall time as ISO 8601 with offset; `trusted` if it may be believed to `error_ms`."""

    wall: str
    trusted: bool
    error_ms: float | None


class NoticeView(TypedDict):
    """What waits for a person, such as a centre's duty check: shown above all else in `watch` and `status`.

    `what` is a code with a word in `lang/zh/words.py`; `left_s` seconds until it is too late, None if never;
    `command` is what the person types to deal with it.
    """

    what: str
    subject: str
    left_s: float | None
    command: str


class SiteView(Protocol):
    """Cheap look-ups, no I/O: each is called for every frame."""

    def gateway(self) -> GatewayView:
        """The box."""

    def lines(self) -> list[LineView]:
        """Every line, in the order of the settings."""

    def uplinks(self) -> list[UplinkView]:
        """Every uplink, in the order of the settings."""

    def journal(self) -> JournalView:
        """The journal."""

    def clock(self) -> ClockView:
        """The wall clock."""
