"""Whether the card takes what flight will have to write: asked beforehand, for at rest nothing is written for days."""

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

from agent.runtime.write_behind import Writer
from protocols.reason import Reason
from protocols.system import why_failed

LOOK_EVERY_S = 10.0
WRITE_EVERY = 6
"""Looks between two writes, which cost a card about 16 kB: 23 MB a day. After trouble each look writes."""
LATE_S = 5.0
"""A card that takes longer than that over a look takes nothing."""
LEAST_FREE_BYTES = 4 << 20
"""A flight's record and track are smaller."""
NAME = ".probe"


class CardProbe:
    """`run` for ever. `ok` is for the interlocks: what is not known is not well."""

    def __init__(self, folder: Path, writer: Writer, now: Callable[[], float]) -> None:
        self.trouble: Reason | None = None
        self._folder = folder
        self._writer = writer
        self._now = now
        self._well_s: float | None = None
        self._looks = 0

    @property
    def ok(self) -> bool:
        """Whether it took what it was given a moment ago."""
        return self._well_s is not None and self._now() - self._well_s <= LOOK_EVERY_S + LATE_S

    @property
    def looked(self) -> bool:
        """Whether it was looked at once, with whatever success."""
        return self._well_s is not None or self.trouble is not None

    async def run(self) -> None:
        """Look now and then."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """One look; waits as long as the card does."""
        writes = self._well_s is None or self._looks % WRITE_EVERY == 0
        self._looks += 1
        try:
            await self._writer.done(lambda: probe(self._folder, writes=writes))
        except OSError as error:
            self.trouble, self._well_s = why_failed(error), None
        else:
            self.trouble, self._well_s = None, self._now()


def probe(folder: Path, *, writes: bool) -> None:
    """Raises OSError where there is no room, nothing may be written, or a file that is `writes`n does not reach it."""
    folder.mkdir(parents=True, exist_ok=True)
    disk = os.statvfs(folder)
    if disk.f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(folder))
    if disk.f_bavail * disk.f_frsize < LEAST_FREE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    if writes:
        file = folder / NAME
        with file.open("wb", buffering=0) as probed:
            if probed.write(bytes(4096)) < 4096:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
            os.fsync(probed.fileno())
        file.unlink()
