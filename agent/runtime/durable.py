"""Files that must outlive a power cut: appended line by line, or replaced whole."""

import errno
import os
from pathlib import Path

from agent.runtime.readable import BAD_SPOT, read


def append_line(path: Path, line: str, *, sync: bool) -> None:
    """Add one line; with `sync` it is on the disk when this returns. A line cut off by a crash is ended first.

    Raises OSError, and then nothing was added: a full disk takes a part of a line and does not say so.
    """
    with path.open("ab+", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        data = line.encode() + b"\n"
        if not ended(file.fileno(), end):
            data = b"\n" + data
        try:
            if file.write(data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            if sync:
                os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def ended(descriptor: int, end: int) -> bool:
    """Whether what is appended at `end` begins a line. What a card cannot read may be half a line."""
    try:
        return end == 0 or os.pread(descriptor, 1, end - 1) == b"\n"
    except OSError as error:
        if error.errno not in BAD_SPOT:
            raise
        return False


def lines(path: Path) -> list[str]:
    """Lines of a file that may not be there; where the card cannot read it they have zeros in them. Raises OSError."""
    try:
        text = read(path).data.decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [line for line in text.split("\n") if line]


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file so that a reader, or a power cut, finds the old or the new one whole. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    put(beside, path)


def put(beside: Path, path: Path) -> None:
    """Let a file written `beside` take the place of `path`, on the disk when this returns. Raises OSError."""
    sync(beside)
    beside.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk. Raises OSError."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
