"""Flights of real autopilots as they were on the wire: `tests/nest/truth/NAME.{down,up}.tlog.xz`, told in order."""

import lzma
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pymavlink.dialects.v20 import common as mv

TRUTH = Path(__file__).parent / "truth"
START_S = 1.0
"""The run began about so long before the first message; what happened when is told from there (`truth/README.md`)."""


class Heard(NamedTuple):
    """One message: seconds of the run, its name, who sent it, its fields."""

    t_s: float
    name: str
    component: int
    fields: dict[str, Any]


def messages(flight: str, way: str, wanted: frozenset[str]) -> Iterator[Heard]:
    """Those named in `wanted`, `way` down or up; times count from the first message of the downlink."""
    raw = lzma.decompress((TRUTH / f"{flight}.{way}.tlog.xz").read_bytes())
    begun = _first(flight) if way == "up" else struct.unpack_from(">Q", raw)[0]
    numbers = {mv.mavlink_map[n].msgname: n for n in mv.mavlink_map}
    ids = {numbers[name] for name in wanted}
    codec, at = mv.MAVLink(None), 0
    while at + 8 < len(raw):
        (us,) = struct.unpack_from(">Q", raw, at)
        at += 8
        modern = raw[at] == 0xFD
        size = raw[at + 1] + (12 if modern else 8) + (13 if modern and raw[at + 2] & 1 else 0)
        frame = raw[at : at + size]
        at += size
        number = int.from_bytes(frame[7:10], "little") if modern else frame[5]
        if number in ids:
            message = codec.decode(bytearray(frame))
            fields = message.to_dict()
            yield Heard((us - begun) / 1e6 + START_S, fields.pop("mavpackettype"), message.get_srcComponent(), fields)


def _first(flight: str) -> int:
    with lzma.open(TRUTH / f"{flight}.down.tlog.xz") as file:
        return int(struct.unpack(">Q", file.read(8))[0])
