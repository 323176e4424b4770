"""Reads `vectors.txt`: frames published by others and frames worked by hand from the standard's tables."""

import re
from pathlib import Path
from typing import NamedTuple


class Vector(NamedTuple):
    id: str
    raw: bytes
    note: str


def expand(text: str) -> bytes:
    """`20×30` is byte 20 thirty times."""
    return bytes.fromhex(re.sub(r"([0-9A-F]{2})×(\d+)", lambda m: " ".join([m[1]] * int(m[2])), text))


def vectors(prefix: str) -> list[Vector]:
    """The vectors whose id starts with `prefix`, one per frame."""
    found = []
    for line in Path(__file__).with_name("vectors.txt").read_text().splitlines():
        if line.startswith(prefix):
            head, _, note = line.partition(" | ")
            ident, _, body = head.partition(" ")
            found += [Vector(ident, expand(part), note) for part in body.split("/")]
    return found
