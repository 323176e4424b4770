"""One value as a server reported it, and its two clocks."""

from typing import Final, NamedTuple

Raw = object
"""A decoded Variant: bool, int, float, str; None for none; anything else is not a reading."""

Change = tuple[int, Raw, int, int]
"""(handle, raw value, status code, source time in ticks or 0 for none). A plain tuple: 10,000 come a second."""

EPOCH_TICKS: Final = 116_444_736_000_000_000  # 1970-01-01 in 100 ns ticks since 1601-01-01 (OPC UA Part 6, 5.2.2.5)


def ticks_to_ns(ticks: int) -> int:
    """OPC UA DateTime ticks → UTC nanoseconds since 1970."""
    return (ticks - EPOCH_TICKS) * 100


def ns_to_ticks(ns: int) -> int:
    """UTC nanoseconds since 1970 → OPC UA DateTime ticks."""
    return ns // 100 + EPOCH_TICKS


class Published(NamedTuple):
    """One PublishResponse. No changes and no status: a keep-alive, which is proof of life but carries no value."""

    subscription: int
    sequence: int
    more: bool
    publish_ticks: int  # the server's clock when it sent this; node-opcua leaves PublishTime empty: the answer's then
    changes: list[Change]
    ended: int = 0  # a StatusChangeNotification's code: the subscription is over


class Reading(NamedTuple):
    """The answer to one Read of one node."""

    value: Raw
    status: int
    ticks: int


class Item(NamedTuple):
    """A variable to watch: its namespace by URI (indexes change when a server restarts) and how closely."""

    namespace: str
    identifier: str  # `s=H1.Pressure`, `i=2258`, …
    sampling_ms: float = 200.0
    deadband: float = 0.0  # absolute, in raw units; 0: none
