"""A card with bad spots, full, read-only or hung, for a process and its children: a library preloaded, built here.

Never skipped: where there is no compiler the tests that need it say so and fail.
"""

import errno
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("bad_card.c")
PAGE_BYTES = 4096
TO_THE_END = 1 << 62
HANGS = 0


class BadCard:
    """Give `environment` to a process; what it and its children meet may change at any time. At first all is well."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        library, self._file = folder / "bad_card.so", folder / "rules"
        self.environment = {"LD_PRELOAD": str(library), "HYDRONEST_BAD_CARD": str(self._file)}
        gcc = shutil.which("gcc") or shutil.which("cc")
        assert gcc is not None, "there is no C compiler: apt-get install gcc"
        if not library.exists():
            subprocess.run([gcc, "-O1", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
        if not self._file.exists():  # it may be mapped
            self._file.write_bytes(bytes(PAGE_BYTES))

    def says(self, *rules: str) -> None:
        """From now on: in the words of bad_card.c."""
        text = "".join(f"{rule}\n" for rule in rules).encode()
        assert len(text) < PAGE_BYTES
        with self._file.open("r+b", buffering=0) as file:  # in its place
            file.write(text.ljust(PAGE_BYTES, b"\0"))

    def well(self) -> None:
        """Nothing is wrong with it any more."""
        self.says()


def unreadable(part: str | Path, first: int = 0, last: int = TO_THE_END) -> str:
    """Bytes that cannot be read of files with `part` in their path, or of the file of an inode (`of`)."""
    return f"r {errno.EIO} {first} {last} {part}"


def of(file: Path) -> str:
    """This very file, wherever it is moved to."""
    return f"#{file.stat().st_ino}#"


def read_only(folder: Path) -> list[str]:
    """Nothing below can be written, made or removed."""
    return [f"{what} {errno.EROFS} 0 {TO_THE_END} {folder}/" for what in "ow"]


def full(folder: Path) -> list[str]:
    """There is no room for anything."""
    return [f"w {errno.ENOSPC} 0 {TO_THE_END} {folder}/"]


def hung(folder: Path) -> list[str]:
    """Whoever writes or syncs waits."""
    return [f"{what} {HANGS} 0 {TO_THE_END} {folder}/" for what in "ws"]
