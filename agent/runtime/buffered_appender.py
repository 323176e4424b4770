"""Lines into a file on a card that may fail or hang: nobody waits for it, and what it does not take waits."""

import logging
from collections import deque
from pathlib import Path

from agent.runtime.durable import append_line
from agent.runtime.write_behind import Writer
from protocols.reason import Reason
from protocols.system import os_reason

MOST = 20_000
"""Lines that wait for a card to come back: hours of a flight."""
_log = logging.getLogger("hydronest")


class BufferedAppender:
    """One file's writer; with `sync` each write is on the disk before the next call of the `writer` is made.

    `trouble`: why lines wait, None when the last write went well. `lost`: lines that were not taken.
    """

    def __init__(self, path: Path, writer: Writer, *, sync: bool = False, most: int = MOST) -> None:
        self.trouble: Reason | None = None
        self.lost = 0
        self._path = path
        self._writer = writer
        self._sync = sync
        self._most = most
        self._waiting: deque[str] = deque()  # added to by the loop, taken from by the writer's thread alone
        self._asked = False

    @property
    def full(self) -> bool:
        """Whether the next line would be lost."""
        return len(self._waiting) >= self._most

    def add(self, line: str) -> bool:
        """Have it written behind those that wait. False where too many wait: this one is lost, and counted."""
        if self.full:
            if not self.lost:
                _log.error("%s: %d lines wait for the card; what comes now is lost", self._path, self._most)
            self.lost += 1
            return False
        self._waiting.append(line)
        self.ask()
        return True

    def ask(self) -> None:
        """Have what waits written; after trouble too, once the card is back."""
        if self._waiting and not self._asked:
            self._asked = True
            if not self._writer.later(self.catch_up):
                self._asked = False

    def catch_up(self) -> None:
        """Write what waits, here and now: for the writer's thread. Raises OSError, and then it waits on."""
        self._asked = False  # before the lines are counted: one that comes from here on asks anew
        count = len(self._waiting)
        try:
            if count:
                append_line(self._path, "\n".join(self._waiting[at] for at in range(count)), sync=self._sync)
        except OSError as error:
            self.trouble = os_reason(error)
            raise
        for _ in range(count):
            self._waiting.popleft()
        self.trouble = None
