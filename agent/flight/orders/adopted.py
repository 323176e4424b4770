"""Which standing orders and permits were signed for on site, by their digest. The last one counts."""

from pathlib import Path

from agent.runtime.durable import append_line, lines
from agent.runtime.write_behind import Writer

NAME = "adopted"


class Adopted:
    """`load` first, off the loop. `here` is what the settings hold now, by `Flight.in_force`."""

    def __init__(self, folder: Path, writer: Writer, here: str) -> None:
        self.here = here
        self._path = folder / NAME
        self._writer = writer
        self._last = ""

    @property
    def holds(self) -> bool:
        """Whether what the settings hold is what was signed for."""
        return self._last == self.here

    def load(self) -> None:
        """Read what is kept. Raises OSError."""
        kept = lines(self._path)
        self._last = self._last or (kept[-1] if kept else "")

    async def adopt(self) -> None:
        """What the settings hold now. On the card when this returns. Raises OSError: then it counts until a restart."""
        self._last = self.here
        await self._writer.done(lambda: append_line(self._path, self.here, sync=True))
