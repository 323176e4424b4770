"""Answers `journal.status` and `.peek` on the control socket; what looks at everything is a report's."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import orjson

from agent.control.encoding import Rows
from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.journal.files import JournalTrouble
from agent.journal.journal import Journal
from agent.journal.reader import Reader
from agent.link.record import PriorityClass
from protocols.reason import Reason, plain

_LANES = {priority.code: priority for priority in PriorityClass}
_MOST_PEEKED = 1000
_AT_ONCE = 20  # records: a few milliseconds of the journal's thread
_MOST_BYTES = 7 << 20


def register_journal(server: ControlServer, journal: Journal) -> None:
    """Offer `journal.status` and `journal.peek`; both only read."""
    asks = _Handlers(journal)
    server.register("journal.status", asks.status, "read")
    server.register("journal.peek", asks.peek, "read")


def lane_of(name: str) -> PriorityClass:
    """A lane by its code. Raises RequestError."""
    if name not in _LANES:
        known = Reason("journal.lanes", lanes=tuple(_LANES))
        raise RequestError("bad_request", Reason("journal.no_such_lane", lane=name), known)
    return _LANES[name]


@contextmanager
def _answered() -> Iterator[None]:
    try:
        yield
    except JournalTrouble as trouble:
        raise RequestError("no_answer", trouble.reason) from None


class _Handlers:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def status(self, _request: Request) -> dict[str, Any]:
        with _answered():
            return await self._journal.status()

    async def peek(self, request: Request) -> Rows:
        """The rows are made into JSON on the journal's thread, a few between two commits."""
        with _answered():
            return await self._peeked(request)

    async def _peeked(self, request: Request) -> Rows:
        priority = lane_of(request.text("lane", "telemetry"))
        count = int(request.number("count", 10, 1, _MOST_PEEKED))
        with_body = request.flag("body")
        if request.args.get("first") is None:
            seqs = await self._journal.inspect(partial(Reader.newest, priority=priority, count=count))
            first, count = (seqs[0], len(seqs)) if seqs else (0, 0)
        else:
            first = int(request.number("first", 0, 0, 2**62))
        reader = await self._journal.inspect(lambda reader: reader)  # one for all: it knows the clocks
        rows: list[bytes] = []
        while len(rows) < count:
            look = partial(_peeked, reader, priority, first, min(_AT_ONCE, count - len(rows)), with_body)
            step = await self._journal.inspect(lambda _reader, look=look: look())  # type: ignore[misc]  # bound now
            if not step:
                break
            rows += (row for _seq, row in step)
            first = step[-1][0] + 1
            if sum(map(len, rows)) > _MOST_BYTES:
                told = Reason("request.answer_too_long", bytes=sum(map(len, rows)), most_bytes=_MOST_BYTES)
                raise RequestError("bad_request", told, "request.ask_for_less")
        return Rows(rows)


def _peeked(
    reader: Reader, priority: PriorityClass, first: int, count: int, with_body: bool
) -> list[tuple[int, bytes]]:
    return [(row["seq"], orjson.dumps(row, default=plain)) for row in reader.peek(priority, count, first, with_body)]
