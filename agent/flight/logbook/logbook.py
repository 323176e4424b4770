"""Every flight of this gateway: a folder each, an index beside them, and the ledger in memory that flying asks."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.flight.logbook.ledger import NONE, Ledger, Totals
from agent.flight.logbook.record import FlightRecord
from agent.logbook import index
from agent.runtime.write_behind import Writer

_log = logging.getLogger("hydronest")


class Logbook:
    """`folder`/ID/ per flight. `load` reads it once, off the loop; from there on no question opens a file."""

    def __init__(self, folder: Path, writer: Writer) -> None:
        self.folder = folder
        self._writer = writer
        self._ledger: Ledger | None = None
        self._early: list[Mapping[str, Any]] = []

    @property
    def loaded(self) -> bool:
        """Whether it can say what was flown for; no flight may be begun before."""
        return self._ledger is not None

    async def load(self) -> None:
        """Read the ledger, and mend its index where it is not the folders'. Raises OSError."""
        ledger = Ledger()
        await self._writer.done(lambda: self._read(ledger))
        for summary in self._early:
            ledger.enter(summary)
        self._early.clear()
        self._ledger = ledger

    def _read(self, ledger: Ledger) -> None:
        found = index.read(self.folder)
        if found.mended:
            try:
                index.write(self.folder, found.flights)
            except OSError as error:
                _log.warning("the index of flights stays as it was: %s", error)
        for flight in found.flights:
            ledger.enter(flight)

    def begin(self, nest: str) -> FlightRecord:
        """A new flight's empty record, with the next number. ValueError before it is loaded."""
        if self._ledger is None:
            raise ValueError("the flights kept here have not been read yet")
        self._ledger.last += 1
        return FlightRecord(self.folder / f"{nest}-{self._ledger.last:06d}", self._writer)

    def enter(self, summary: Mapping[str, Any]) -> None:
        """What a flight has come to by now, as far as it is asked in flight."""
        if self._ledger is None:
            self._early.append(summary)
        else:
            self._ledger.enter(summary)

    def file(self, record: FlightRecord, summary: Mapping[str, Any]) -> None:
        """Close a flight's record, and write its line of the index. For the writer's thread. Raises OSError."""
        record.close(summary)
        index.add(self.folder, summary)

    def of_incident(self, incident: str) -> str | None:
        """As `Ledger.of_incident`."""
        return self._ledger.of_incident(incident) if self._ledger is not None else None

    def totals(self, aircraft: str) -> Totals:
        """As `Ledger.totals`."""
        return self._ledger.totals(aircraft) if self._ledger is not None else NONE
