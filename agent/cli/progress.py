"""A bar for work that takes long, on standard error and only where a person looks."""

from __future__ import annotations

import sys
import time

from agent.cli import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_REDRAW_S = 0.1


class Progress:
    """`with` it; `step()` after each piece of `total`. Draws at most ten times a second and wipes itself at the end."""

    def __init__(self, total: int, label: str, quiet: bool = False, ascii_only: bool = False) -> None:
        self._total = max(total, 1)
        self._label = label
        self._done = 0
        self._detail = ""
        self._drawn_at = 0.0
        self._shown = not quiet and sys.stderr.isatty()
        self._full, self._empty = ("#", ".") if ascii_only else ("⣿", "⡀")

    def __enter__(self) -> Self:
        self._draw()
        return self

    def step(self, count: int = 1, detail: str = "") -> None:
        """`count` pieces more are done; `detail` says what is being worked on."""
        self.reach(self._done + count, self._total, detail)

    def reach(self, done: int, total: int, detail: str = "") -> None:
        """`done` of `total` pieces are done by now, for work that counts by itself and may learn of more."""
        self._total = max(total, 1)
        self._done = min(done, self._total)
        self._detail = detail
        if time.monotonic() - self._drawn_at >= _REDRAW_S or self._done == self._total:
            self._draw()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    def _draw(self) -> None:
        if not self._shown:
            return
        self._drawn_at = time.monotonic()
        filled = 20 * self._done // self._total
        bar = self._full * filled + self._empty * (20 - filled)
        line = f"{self._label} {bar} {100 * self._done // self._total:3d}% {self._detail}"
        sys.stderr.write("\r" + terminal.fit(line, terminal.width() - 1).rstrip() + "\033[K")
        sys.stderr.flush()
