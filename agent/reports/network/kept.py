"""The network as it was taken in: the company's file, packed, and in which coordinates it is to be read."""

import hashlib
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from agent.runtime.durable import write_whole
from agent.runtime.envelope import enclosed, opened
from agent.water.ground import Place, on_earth
from agent.water.inp import Read
from agent.water.inp_text import LONGEST_BYTES, BadNetwork
from protocols.datum import DATUMS
from protocols.foreign_json import BadJson

INCOMING = "incoming"
"""What a client has sent so far, packed (zlib)."""
PACKED = "network.inp.z"
ABOUT = "network.json"
LEARNED = "learned.json"
KIND = "network"
LONGEST = 1 << 20


class Kept(NamedTuple):
    """One network: what it was read as, where its nodes lie (WGS 84), and what it is known by."""

    read: Read
    places: dict[str, Place]
    sum: str


def taken_in(folder: Path, datum: str, meridian: float | None, at_s: float | None) -> Kept:
    """Read what was sent; it is kept once it has proved to be a network. Raises BadNetwork, OSError."""
    packed = (folder / INCOMING).read_bytes()
    kept = _read(packed, datum, meridian)
    about = {"datum": datum, "meridian": meridian, "at_s": at_s, "title": kept.read.network.title, "sum": kept.sum}
    write_whole(folder / PACKED, packed)
    write_whole(folder / ABOUT, enclosed(KIND, orjson.dumps(about)) + b"\n")
    (folder / INCOMING).unlink()
    return kept


def kept_in(folder: Path) -> Kept | None:
    """The network that was taken in; None before the first. Raises BadNetwork, OSError."""
    try:
        about = opened((folder / ABOUT).read_bytes(), KIND, LONGEST)
        packed = (folder / PACKED).read_bytes()
        meridian = about["meridian"]
        kept = _read(packed, str(about["datum"]), None if meridian is None else float(meridian))
    except FileNotFoundError:
        return None
    except (BadJson, KeyError, TypeError) as bad:
        raise BadNetwork("network.spoilt") from bad
    if kept.sum != about["sum"]:
        raise BadNetwork("network.spoilt")
    return kept


def about(folder: Path) -> dict[str, Any] | None:
    """What stands beside the file. Raises BadJson, OSError."""
    try:
        return opened((folder / ABOUT).read_bytes(), KIND, LONGEST)
    except FileNotFoundError:
        return None


def _read(packed: bytes, datum: str, meridian: float | None) -> Kept:
    if datum not in DATUMS:
        raise BadNetwork("datum.unknown", datum=datum[:40], known=DATUMS)
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(packed, LONGEST_BYTES + 1)
    except zlib.error:
        raise BadNetwork("network.spoilt") from None
    read = Read(text)
    return Kept(read, on_earth(read.places, datum, meridian), hashlib.sha256(text).hexdigest()[:16])  # type: ignore[arg-type]  # looked at
