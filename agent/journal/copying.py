"""A copy of the open journal, made in steps between commits: what is committed meanwhile goes into it as well."""

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import apsw

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.journal.files import COPY, JournalTrouble, forget_copies
from agent.journal.journal import Journal
from agent.journal.opening import LOG_MARK
from agent.journal.tally import summed
from agent.runtime.durable import sync
from protocols.reason import Reason
from protocols.system import why_failed

STEP_PAGES = 200
STEP_S = 0.2
"""So much of the journal's thread one question takes, between two looks at the time."""


class Progress(NamedTuple):
    """Pages still to come, of how many."""

    left: int
    of: int


class _Copy:
    """One copy under way; on the journal's thread."""

    def __init__(self, db: apsw.Connection, path: Path) -> None:
        self._path = path
        self._copy = apsw.Connection(str(path))
        path.chmod(0o600)
        self._copy.pragma("synchronous", "OFF")
        self._backup = self._copy.backup("main", db, "main")

    def step(self) -> Progress:
        """Some more of it; with nothing left it is whole and on the disk. Raises apsw.Error and OSError."""
        until = time.monotonic() + STEP_S
        while not self._backup.done and time.monotonic() < until:
            self._backup.step(STEP_PAGES)
        left, of, done = self._backup.remaining, self._backup.page_count, self._backup.done
        if done:
            self._backup.finish()
            self._finish()
        return Progress(0 if done else max(1, left), of)

    def _finish(self) -> None:
        """It has no log: what the journal's was long says nothing here."""
        self._copy.execute("REPLACE INTO mark VALUES (?, ?)", (LOG_MARK, summed([0, 0])))
        self._copy.pragma("journal_mode", "DELETE")
        self._copy.close()
        sync(self._path)

    def give_up(self) -> None:
        """Nobody wants it any more."""
        self._backup.close(True)
        self._copy.close()
        self._path.unlink(missing_ok=True)


class Copies:
    """`journal.copy`: `{"begin": true}` begins one, each further ask goes on; `{"end": true}` throws it away.

    Answers {"file", "left", "of"}; whoever asks, and may read the file, takes it when nothing is left.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._file = journal.plan.path
        self._copy: _Copy | None = None

    def register(self, server: ControlServer) -> None:
        """It writes as much as the journal holds: for operators."""
        server.register("journal.copy", self.ask, "operate")

    async def ask(self, request: Request) -> dict[str, object]:
        """One step. Raises RequestError where the card does not take it, or the journal was made anew meanwhile."""
        begin, end = request.flag("begin"), request.flag("end")
        work: Callable[[apsw.Connection], Progress] = self._end if end else self._begin if begin else self._step
        try:
            left, of = await self._journal.beside(work)
        except (apsw.Error, OSError, JournalTrouble) as error:
            self._copy = None
            raise RequestError("no_answer", Reason("journal.not_copied", why=why_failed(error))) from None
        return {"file": str(self._file), "left": left, "of": of}

    def _begin(self, db: apsw.Connection) -> Progress:
        self._end(db)
        self._file = self._journal.plan.path.with_name(f"{COPY}.{secrets.token_hex(4)}")
        self._copy = _Copy(db, self._file)
        return self._step(db)

    def _step(self, _db: apsw.Connection) -> Progress:
        if self._copy is None:
            raise JournalTrouble("journal.no_copy_begun")
        progress = self._copy.step()
        if not progress.left:
            self._copy = None
        return progress

    def _end(self, _db: apsw.Connection) -> Progress:
        if self._copy is not None:
            copy, self._copy = self._copy, None
            copy.give_up()
        forget_copies(self._journal.plan.path)
        return Progress(0, 0)
