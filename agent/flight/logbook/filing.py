"""Flights that are over are filed off the loop; what the card does not take is tried again."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from agent.flight.logbook.logbook import Logbook
from agent.flight.logbook.record import FlightRecord
from agent.runtime.write_behind import Writer


class Filing:
    """One post's flights, filed in the order they ended."""

    def __init__(self, logbook: Logbook, writer: Writer) -> None:
        self._logbook = logbook
        self._writer = writer
        self._over: deque[tuple[FlightRecord, Mapping[str, Any]]] = deque()
        self._asked = False

    def file(self, record: FlightRecord, summary: Mapping[str, Any]) -> None:
        """Enter it in the ledger now, and on the card when that takes it."""
        self._logbook.enter(summary)
        self._over.append((record, summary))
        self.again()

    def again(self) -> None:
        """Try what could not be filed. Cheap: to be called every second."""
        if self._over and not self._asked:
            self._asked = True
            if not self._writer.later(self._file):
                self._asked = False

    def _file(self) -> None:
        try:
            while self._over:
                self._logbook.file(*self._over[0])
                self._over.popleft()
        finally:
            self._asked = False
