"""The minutes since the ledger was kept last: a line each, in `ledger/N.minutes`, synced as it is written.

N rises with every ledger that is kept; what came before it goes once that ledger is on the card.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from agent.judge.minute_lines import Line
from agent.judge.service.files import LEDGER, LONGEST_BYTES, MOST_NAMES
from agent.runtime.durable import append_line, lines, sync
from agent.runtime.envelope import enclosed, opened
from protocols.foreign_json import BadJson
from protocols.reason import Reason

KIND = "minute"
SUFFIX = ".minutes"


class MinuteLog:
    """Call `read` once, before anything else; the rest on a thread, one call after the other."""

    def __init__(self, directory: Path) -> None:
        self._folder = directory / LEDGER
        self._number = 0

    def read(self) -> tuple[list[Line], list[Reason]]:
        """What an earlier run has left, and what of it cannot be read: a last line that a crash cut off is not told.

        Raises OSError.
        """
        found: list[Line] = []
        trouble: list[Reason] = []
        for number, path in sorted(self._files()):
            self._number = number
            texts = lines(path)
            spoilt = []
            for at, text in enumerate(texts, 1):
                try:
                    found.append(Line.from_json(opened(text.encode(), KIND, LONGEST_BYTES, MOST_NAMES)))
                except (BadJson, KeyError, ValueError, TypeError):
                    spoilt.append(at)
            if [at for at in spoilt if at < len(texts)]:
                trouble.append(Reason("judge.lines_left_aside", file=str(path), lines=tuple(spoilt)))
        return found, trouble

    def begin(self) -> int:
        """What is added from now on is not in the ledger that is about to be kept: give this to `kept`."""
        self._number += 1
        return self._number

    def add(self, number: int, waiting: Iterable[Line]) -> None:
        """Behind what was begun by this number. Raises OSError; then begin anew."""
        path = self._folder / f"{number}{SUFFIX}"
        known = path.exists()
        for line in waiting:
            path.parent.mkdir(parents=True, exist_ok=True)
            append_line(path, enclosed(KIND, orjson.dumps(line.as_json())).decode(), sync=True)
        if not known:
            sync(self._folder)

    def kept(self, number: int) -> None:
        """The ledger has everything from before this was begun. Raises OSError."""
        for before, path in list(self._files()):
            if before < number:
                path.unlink(missing_ok=True)
        if self._folder.exists():
            sync(self._folder)  # one that came back would put its minutes in the place of later ones

    def _files(self) -> Iterator[tuple[int, Path]]:
        for path in self._folder.glob(f"*{SUFFIX}"):
            if path.stem.isdecimal():
                yield int(path.stem), path
