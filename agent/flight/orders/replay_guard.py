"""Which orders were let through: none is obeyed twice, and a memory that was bent is another memory."""

import errno
import logging
import os
import secrets
from pathlib import Path
from zlib import crc32

from agent.flight.orders.epoch import begin, epoch_of
from agent.runtime.buffered_appender import BufferedAppender
from agent.runtime.durable import write_whole
from agent.runtime.readable import read
from agent.runtime.write_behind import Writer

KEPT = 20_000
_log = logging.getLogger("hydronest")


class ReplayGuard:
    """Which orders were let through, in memory at once and on the card behind it. `load` first, off the loop.

    Until it is `loaded` it does not know what was ordered before the restart. `epoch` names this memory.
    """

    epoch = ""

    def __init__(self, path: Path, writer: Writer) -> None:
        self.loaded = False
        self._path = path
        self._writer = writer
        self._file = BufferedAppender(path, writer, sync=True)
        self._seen: dict[str, None] = {}

    def load(self) -> None:
        """Read what is kept: for the writer's thread. Raises OSError; also where the card does not give all of it."""
        try:
            kept, unreadable = read(self._path)
        except FileNotFoundError:
            kept, unreadable = b"", 0
        if unreadable:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(self._path))
        marks, spoilt = marks_in(kept.decode("utf-8", "replace"))
        self._seen = dict.fromkeys([*marks[-KEPT:], *self._seen])
        if spoilt:
            _log.error("%s is not as it was written: a new epoch begins, orders of before are void", self._path)
            self.epoch = begin(self._path.parent, secrets.token_hex(8))
            self._rewrite()
        else:
            self.epoch = epoch_of(self._path.parent)
        self.loaded = True

    def __contains__(self, mark: str) -> bool:
        return mark in self._seen

    def remember(self, mark: str) -> None:
        """From now on it was let through; the card takes it when it can."""
        self._seen[mark] = None
        self._file.add(line_of(mark))
        if len(self._seen) > 2 * KEPT:
            self._shorten(KEPT)
            self._writer.later(self._rewrite)

    async def kept(self) -> None:
        """Return when everything remembered so far is on the card. Raises OSError."""
        await self._writer.done(self._file.catch_up)

    def forget(self, mark: str) -> None:
        """It was not let through after all; a card that took it all the same refuses it after a restart."""
        self._seen.pop(mark, None)

    def _shorten(self, most: int) -> None:
        for mark in list(self._seen)[: max(0, len(self._seen) - most)]:
            del self._seen[mark]

    def _rewrite(self) -> None:
        """The file as memory is by now: whatever was added meanwhile is in it."""
        write_whole(self._path, "".join(f"{line_of(mark)}\n" for mark in list(self._seen)).encode())


def line_of(mark: str) -> str:
    """As it stands in the file: with a sum of its own."""
    return f"{mark}\t{crc32(mark.encode()):08x}"


def marks_in(text: str) -> tuple[list[str], bool]:
    """The marks of a file, and whether a line of it is not as it was written; one that a crash cut off at the end is no
    such line. Those of versions before have no sum, and stand before all that have.
    """
    *lines, torn = text.split("\n")
    marks, summed, spoilt = [], False, False
    for line in filter(None, lines):
        mark, tab, _sum = line.partition("\t")
        summed = summed or bool(tab)
        spoilt = spoilt or (summed and line != line_of(mark))
        marks.append(mark)
    return [*marks, *filter(None, [torn.partition("\t")[0]])], spoilt
