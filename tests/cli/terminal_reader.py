"""A terminal small enough to read: a grid of cells that understands what the live screen sends, and no more."""

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Self

from agent.cli.terminal import cells
from tests.waiting import Stuck, ended, patient, work_of

_SEQUENCE = re.compile(r"\033\[(\??)([\d;]*)([A-Za-z])")


class Grid:
    """Characters by line and column; a wide one takes two. Raises ValueError for a sequence it does not know."""

    def __init__(self, columns: int, rows: int) -> None:
        self.alternate = False
        self.cursor_shown = True
        self.wraps = True
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.x = self.y = 0
        self.cells = [[" "] * columns for _ in range(rows)]

    def feed(self, text: str) -> None:
        at = 0
        while at < len(text):
            found = _SEQUENCE.match(text, at)
            if found:
                self._sequence(*found.groups())
                at = found.end()
                continue
            if text[at] == "\n":
                self.y = min(self.y + 1, self.rows - 1)
            elif text[at] == "\r":
                self.x = 0
            elif text[at] == "\033":
                raise ValueError(f"unknown: {text[at : at + 8]!r}")
            else:
                self._put(text[at])
            at += 1

    def _put(self, char: str) -> None:
        width = cells(char)
        if self.x + width > self.columns:
            self.x = self.columns - width  # no wrapping: the last cell is written over, as terminals do
        self.cells[self.y][self.x : self.x + width] = [char, ""][:width]
        self.x = min(self.x + width, self.columns - (0 if self.x + width < self.columns else 1))

    def _sequence(self, private: str, numbers: str, kind: str) -> None:
        given = [int(n) for n in numbers.split(";") if n]
        if private:
            setattr(self, {1049: "alternate", 25: "cursor_shown", 7: "wraps"}[given[0]], kind == "h")
        elif kind == "H":
            line, column = given or (1, 1)
            self.y, self.x = min(line, self.rows) - 1, min(column, self.columns) - 1
        elif kind == "K":
            self.cells[self.y][self.x :] = [" "] * (self.columns - self.x)
        elif kind == "J":
            first = 0 if given == [2] else self.y
            for y in range(first, self.rows):
                self.cells[y] = [" "] * self.columns
        elif kind != "m":
            raise ValueError(f"unknown: CSI {numbers}{kind}")

    def lines(self) -> list[str]:
        return ["".join(row).rstrip() for row in self.cells]

    def text(self) -> str:
        return "\n".join(self.lines())


class Session:
    """`hydronest ARGS` in a pseudo-terminal of its own; what it draws stands in `grid`."""

    def __init__(self, columns: int, rows: int, environment: dict[str, str], *args: str) -> None:
        self.grid = Grid(columns, rows)
        self.sent = 0  # bytes
        self.writes: list[str] = []
        self._environment = {**environment, "TERM": "xterm-256color"}
        self._args = args
        self._kept = b""

    async def __aenter__(self) -> Self:
        self._master, slave = pty.openpty()
        self._size(self.grid.columns, self.grid.rows)
        self.before = termios.tcgetattr(slave)
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent.cli", *self._args),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=self._environment,
            cwd=Path(__file__).parents[2],
            preexec_fn=_own_terminal,
        )
        self._slave = slave  # kept open: its settings are looked at after the process has gone
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._master, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            await self._end()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)

    async def _end(self) -> None:
        """Twice asked, then made: a demo killed at once would leave its agent and its broker behind."""
        for ask in (self.process.terminate, self.process.terminate, self.process.kill):
            ask()
            with contextlib.suppress(Stuck):
                await self.ended(5)
                return

    def _read(self) -> None:
        data = self._kept + os.read(self._master, 1 << 16)
        self.sent += len(data)
        end = len(data)
        while end and data[end - 1] & 0xC0 == 0x80:
            end -= 1  # a character split over two reads
        if end and data[end - 1] >= 0xC0:
            need = 2 if data[end - 1] < 0xE0 else 3 if data[end - 1] < 0xF0 else 4
            end = end - 1 if len(data) - end + 1 < need else len(data)
        text = data[:end].decode()
        cut = text.rfind("\033")
        if cut >= 0 and not _SEQUENCE.match(text, cut):
            end -= len(text[cut:].encode())  # a sequence split over two reads
            text = text[:cut]
        self._kept = data[end:]
        self.writes.append(text)
        self.grid.feed(text)
        self._news.set()

    async def until(self, right: Callable[[str], bool], seconds: float = 10) -> str:
        """The screen, once it looks right; given up when it shows nothing new and nobody behind it works."""
        try:
            async with patient("the screen looks right", seconds, self._progress):
                while not right(self.grid.text()):
                    self._news.clear()
                    await self._news.wait()
        except Stuck as stuck:
            raise AssertionError(f"{stuck}\n{self.grid.text()}") from None
        return self.grid.text()

    def _progress(self) -> tuple[str, int]:
        return self.grid.text(), work_of(self.process.pid)

    async def ended(self, seconds: float = 10) -> int:
        return await ended(self.process, seconds)

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        self.grid.resize(columns, rows)
        self._size(columns, rows)
        self.process.send_signal(signal.SIGWINCH)

    def settings(self) -> list[object]:
        return termios.tcgetattr(self._slave)

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))


def _own_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
