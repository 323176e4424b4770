"""Answers the `journal.*` asks of the control socket. Long looks are taken in steps between commits."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.journal.files import JournalTrouble
from agent.journal.journal import Journal
from agent.journal.reader import Reader, flat, pieces
from agent.link.record import PriorityClass

T = TypeVar("T")

_LANES = {priority.code: priority for priority in PriorityClass}
_MOST_PEEKED = 1000


def register_journal(server: ControlServer, journal: Journal) -> None:
    """Offer `journal.status|peek|verify|export|history`; all of them only read."""
    asks = _Handlers(journal)
    server.register("journal.status", asks.status, "read")
    server.register("journal.peek", asks.peek, "read")
    server.register("journal.verify", asks.verify, "read")
    server.register("journal.export", asks.export, "read")
    server.register("journal.history", asks.history, "read")


def lane_of(name: str) -> PriorityClass:
    """A lane by its code. Raises RequestError."""
    if name not in _LANES:
        raise RequestError("bad_request", f"there is no lane {name}", f"Lanes: {', '.join(_LANES)}.")
    return _LANES[name]


class _Handlers:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def _walk(self, look: Callable[[Reader], Iterator[T]]) -> AsyncIterator[T]:
        try:
            async for item in self._journal.walk(look):
                yield item
        except JournalTrouble as trouble:
            raise RequestError("failed", str(trouble), "Ask again.") from None

    async def status(self, _request: Request) -> dict[str, Any]:
        return await self._journal.status()

    async def peek(self, request: Request) -> list[dict[str, Any]]:
        priority = lane_of(request.text("lane", "telemetry"))
        count = int(request.number("count", 10, 1, _MOST_PEEKED))
        first = None if request.args.get("first") is None else int(request.number("first", 0, 0, 2**62))
        with_body = request.flag("body")
        return await self._journal.inspect(lambda reader: reader.peek(priority, count, first, with_body))

    async def verify(self, _request: Request) -> AsyncIterator[dict[str, Any]]:
        async for told in self._walk(Reader.verify):
            yield told

    async def export(self, request: Request) -> AsyncIterator[dict[str, Any]]:
        """Answers {"lane", "of", "records", "damaged", "rows": [flat objects]}."""
        priority = lane_of(request.text("lane", "telemetry"))
        since_ms = int(request.number("since_ms", 0, 0, 1e15))
        async for part in self._walk(lambda reader: flat(reader, priority, since_ms)):
            yield part

    async def history(self, request: Request) -> AsyncIterator[list[list[Any]]]:
        """Answers lists of [UTC ms, value, quality], oldest first."""
        device, point = request.text("device"), request.text("point")
        since_ms = int(request.number("since_ms", 0, 0, 1e15))
        async for part in self._walk(lambda reader: pieces(reader, device, point, since_ms)):
            yield part
