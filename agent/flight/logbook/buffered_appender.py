"""Lines into a file on a disk that may fail in mid-flight: nothing is raised, and what it does not take waits."""

import logging
from pathlib import Path

from agent.runtime.durable import append_line

MOST = 20_000
"""Lines that wait for a disk to come back: hours of a flight."""
_log = logging.getLogger(__name__)


class BufferedAppender:
    """One file's writer. `trouble`: why lines wait, empty when none does."""

    def __init__(self, path: Path) -> None:
        self.trouble = ""
        self._path = path
        self._waiting: list[str] = []

    @property
    def begun(self) -> bool:
        """Whether it has a first line, written or waiting."""
        return bool(self._waiting) or self._path.exists()

    def add(self, line: str) -> None:
        """Write it, with those that wait; on trouble it waits too."""
        self._waiting.append(line)
        del self._waiting[:-MOST]
        try:
            self.catch_up()
        except OSError as error:
            if not self.trouble:
                _log.error("%s cannot be written: %s", self._path, error)
            self.trouble = error.strerror or str(error)

    def catch_up(self) -> None:
        """Write what waits. Raises OSError, and then it waits on."""
        if self._waiting:
            append_line(self._path, "\n".join(self._waiting), sync=False)
            self._waiting.clear()
        self.trouble = ""
