"""The terminal while `watch` has it: taken over, written to once a frame, and given back however watch ends."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import tty

from agent.cli.watch.keys import Keyboard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any, Self

_ENTER = "\033[?1049h\033[?25l\033[?7l\033[2J"  # alternate screen, no cursor, no wrapping
_LEAVE = "\033[0m\033[?7h\033[?25h\033[?1049l"
_ESC_WAIT_S = 0.1


class Ended(KeyboardInterrupt):
    """SIGTERM or SIGHUP came: unwind as after Ctrl-C, giving the terminal back. `code` is the exit code."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


class Screen:
    """`with Screen() as screen:` draw, wait for keys. Standard input and output must be terminals."""

    def __init__(self) -> None:
        self._input = sys.stdin.fileno()
        self._output = sys.stdout.fileno()
        self._before = termios.tcgetattr(self._input)
        self._keyboard = Keyboard()
        self._shown: list[str] = []
        self._wake_read, self._wake_write = -1, -1
        self._woken_by = -1
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._woken_by = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._handlers = {
            signal.SIGINT: signal.getsignal(signal.SIGINT),
            signal.SIGTERM: signal.signal(signal.SIGTERM, _end),
            signal.SIGHUP: signal.signal(signal.SIGHUP, _end),
            signal.SIGTSTP: signal.signal(signal.SIGTSTP, self._suspended),
            signal.SIGWINCH: signal.signal(signal.SIGWINCH, self._resized),
        }
        self._take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)  # nothing may come between the terminal and its owner now
        with contextlib.suppress(OSError):  # the terminal itself may be gone
            self._give_back()
        signal.set_wakeup_fd(self._woken_by)
        os.close(self._wake_read)
        os.close(self._wake_write)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        try:
            columns, lines = os.get_terminal_size(self._output)
        except OSError:
            return 80, 24
        return columns or 80, lines or 24

    def draw(self, lines: list[str]) -> None:
        """Show these lines; only those that differ are sent, all in one write."""
        out = [
            f"\033[{at + 1};1H\033[0m\033[K{line}"  # erased first: after a full line it would eat the last cell
            for at, line in enumerate(lines)
            if at >= len(self._shown) or self._shown[at] != line
        ]
        if len(lines) < len(self._shown):
            out.append(f"\033[{len(lines) + 1};1H\033[J")
        self._shown = lines
        if out:
            self._write("".join(out))

    def ring(self) -> None:
        """The terminal's bell."""
        self._write("\a")

    def keys(self, wait_s: float) -> list[str]:
        """The keys typed, waiting at most `wait_s` for one; `resize` is one of them."""
        if self._keyboard.unfinished:
            wait_s = min(wait_s, _ESC_WAIT_S)
        ready, _, _ = select.select([self._input, self._wake_read], [], [], max(wait_s, 0))
        if not ready:
            return self._keyboard.flush()
        keys = []
        if self._wake_read in ready:
            os.read(self._wake_read, 512)
            keys.append("resize")
        if self._input in ready:
            data = os.read(self._input, 512)
            if not data:
                raise Ended(signal.SIGHUP)
            keys += self._keyboard.feed(data)
        return keys

    def forget(self) -> None:
        """The terminal's content is unknown: the next draw sends everything."""
        self._shown = []
        self._write("\033[0m\033[2J")

    def _take(self) -> None:
        tty.setcbreak(self._input)
        self._shown = []
        self._write(_ENTER)

    def _give_back(self) -> None:
        termios.tcsetattr(self._input, termios.TCSADRAIN, self._before)
        self._write(_LEAVE)

    def _resized(self, _number: int, _frame: FrameType | None) -> None:
        """The byte in the wake-up pipe is the message."""

    def _suspended(self, _number: int, _frame: FrameType | None) -> None:
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)  # Ctrl-Z: until fg
        self._take()

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(self._output, data) :]


def _end(number: int, _frame: FrameType | None) -> None:
    raise Ended(number)
