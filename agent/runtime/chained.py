"""Lines that hang together: `HASH JSON`, each with the hash of the line before it, so that none is changed unseen.

HASH is SHA-256, 64 hex digits, over the JSON as it stands; its `before` is the HASH of the line before, 64 zeros for
the first. Lines are only ever added: a correction is a new line.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from agent.runtime.durable import ended
from agent.runtime.readable import read as read_file
from protocols.foreign_json import BadJson, read_json_object
from protocols.reason import Reason

FIRST = "0" * 64
LONGEST_LINE = 64 << 20
MOST_NAMES = 4_000_000


class ChainedLine(NamedTuple):
    """One line that is whole: its hash and what it says, without `before`."""

    hash: str
    content: dict[str, Any]


def chained(before: str, contents: Iterable[Mapping[str, Any]]) -> tuple[bytes, str]:
    """Lines for these, to be added behind the line `before`; and the hash of the last."""
    lines = []
    for content in contents:
        text = orjson.dumps({**content, "before": before})
        before = sha256(text).hexdigest()
        lines.append(b"%b %b\n" % (before.encode(), text))
    return b"".join(lines), before


def append(path: Path, lines: bytes) -> None:
    """Add whole lines; they are on the disk when this returns. Raises OSError, and then nothing was added."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        if not ended(file.fileno(), end):
            lines = b"\n" + lines
        try:
            taken = file.write(lines)
            if taken < len(lines):
                raise OSError(28, os.strerror(28), str(path))
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def cut_torn(path: Path) -> None:
    """Take away what a power cut left of a last line: it was never confirmed. Raises OSError.

    Where the card cannot read it all nothing is taken away: it may be more than that.
    """
    try:
        raw, unreadable = read_file(path)
    except FileNotFoundError:
        return
    if raw and not raw.endswith(b"\n") and not unreadable:
        with path.open("r+b") as file:
            file.truncate(raw.rfind(b"\n") + 1)
            os.fsync(file.fileno())


def texts(path: Path) -> Iterator[bytes]:
    """The JSON of every line that is as it was written, unread; none where there is no file. Raises OSError."""
    try:
        raw = read_file(path).data
    except FileNotFoundError:
        return
    for line in raw[: raw.rfind(b"\n") + 1].splitlines():
        if _is_as_it_says(line):
            yield line[65:]


def read(path: Path, trouble: list[Reason]) -> Iterator[ChainedLine]:
    """Every line that is as it was written; none where there is no file. Raises OSError.

    What is not whole, and where a line was taken out or put in, goes to `trouble`; a last line without its end, which
    may be on its way to the disk, is none.
    """
    try:
        raw, unreadable = read_file(path)
    except FileNotFoundError:
        return
    if unreadable:
        trouble.append(Reason("file.bad_spots", file=str(path), bytes=unreadable))
    before: str | None = None
    for number, line in enumerate(raw[: raw.rfind(b"\n") + 1].splitlines(), 1):
        found = whole(line)
        if found is None:
            trouble.append(Reason("chained.changed", file=str(path), line=number))
            before = line[:64].decode("ascii", "replace")
            continue
        if before is not None and found.content.get("before") != before:
            trouble.append(Reason("chained.gap", file=str(path), line=number))
        before = found.hash
        found.content.pop("before", None)
        yield found


def whole(line: bytes) -> ChainedLine | None:
    """A line that is as it was written; None for another."""
    if not _is_as_it_says(line):
        return None
    try:
        return ChainedLine(line[:64].decode(), read_json_object(line[65:], LONGEST_LINE, MOST_NAMES))
    except BadJson:
        return None


def _is_as_it_says(line: bytes) -> bool:
    return sha256(line[65:]).hexdigest().encode() + b" " == line[:65]
