"""Where real platforms differ from the standard's text, each difference a named setting."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Dialect:
    """One centre's way of speaking. The defaults are the standard's.

    `versions` are the two version bytes as they stand on the wire (seen in the field: 01 00, 00 01, 10 00).
    """

    name: str = "standard"
    versions: tuple[int, int] = (1, 1)
    time: Literal["binary", "bcd"] = "binary"
    address: Literal["binary", "bcd"] = "binary"
    analog: Literal["little", "big"] = "little"
    confirm: Literal["empty", "echo"] = "empty"  # what a confirm carries: nothing, or the data it confirms
    heartbeat: Literal["none", "empty_send", "device_state"] = "none"  # the standard has none
    unknown_type: Literal["deny", "ignore"] = "deny"


STANDARD = Dialect()

DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        STANDARD,
        Dialect(name="heartbeat", heartbeat="empty_send"),
        Dialect(name="heartbeat-state", heartbeat="device_state"),
        Dialect(name="bcd", time="bcd", address="bcd"),
        Dialect(name="big-endian-analog", analog="big"),
        Dialect(name="echo-confirm", confirm="echo"),
        Dialect(name="version-1-0", versions=(1, 0)),
        Dialect(name="version-0-1", versions=(0, 1)),
        Dialect(name="version-16-0", versions=(16, 0)),
    )
}
