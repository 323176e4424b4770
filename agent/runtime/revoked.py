"""Keys that are believed no more, from the moment somebody says so: no restart, and no other file to edit.

What is taken back stays so: a line a key, never taken away. Who is to be believed again gets another key.
"""

from pathlib import Path

from agent.runtime.durable import append_line, lines
from agent.runtime.write_behind import Writer

NAME = "revoked-keys"


class RevokedKeys:
    """`key in revoked`. `load` first, off the loop; what is revoked before is not lost by it."""

    def __init__(self, folder: Path, writer: Writer) -> None:
        self._path = folder / NAME
        self._writer = writer
        self._ids: set[str] = set()

    def __contains__(self, key: object) -> bool:
        return key in self._ids

    def load(self) -> None:
        """Read what is kept. Raises OSError."""
        self._ids |= set(lines(self._path))

    async def revoke(self, key: str) -> None:
        """From now on; on the card when this returns. Raises OSError: then it counts until the next start."""
        if key in self._ids:
            return
        self._ids.add(key)
        await self._writer.done(lambda: self._keep(key))

    def _keep(self, key: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        append_line(self._path, key, sync=True)
