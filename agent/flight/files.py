"""Small files that must outlive a power cut: appended line by line, or replaced whole."""

import os
from pathlib import Path


def append_line(path: Path, line: str, *, sync: bool) -> None:
    """Add one line; with `sync` it is on the disk when this returns. A line cut off by a crash is ended first."""
    with path.open("ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(line.encode() + b"\n")
        if sync:
            file.flush()
            os.fsync(file.fileno())


def replace(path: Path, text: str) -> None:
    """Put `text` in place of the file, whole or not at all, on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def lines(path: Path) -> list[str]:
    """Whole lines of a file that may not be there."""
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [line for line in text.split("\n") if line]
