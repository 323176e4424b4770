"""Two ttys joined by a wire: what one end writes the other reads. For programs that are themselves the slave."""

import contextlib
import os
import select
import threading
import tty
from types import TracebackType
from typing import Self


class NullModem:
    """A context manager; `ends` are the two ports to open."""

    def __init__(self) -> None:
        pairs = [os.openpty(), os.openpty()]
        for _, slave in pairs:
            tty.setraw(slave)
        self.ends = tuple(os.ttyname(slave) for _, slave in pairs)
        self._masters = [master for master, _ in pairs]
        self._slaves = [slave for _, slave in pairs]
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="null modem", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.write(self._wake_write, b"x")
        self._thread.join()
        for fd in (*self._masters, *self._slaves, self._wake_read, self._wake_write):
            os.close(fd)

    def _run(self) -> None:
        other = dict(zip(self._masters, reversed(self._masters), strict=True))
        while True:
            ready, _, _ = select.select([*self._masters, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            for fd in ready:
                with contextlib.suppress(OSError):
                    os.write(other[fd], os.read(fd, 4096))
