"""Events that core has not committed yet: numbered, on flight's own card behind it, in the order they are sent.

Each life of flight numbers anew under a name of its own, so that an event never waits for the card to be told.
"""

import logging
import secrets
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from agent.link.messages import event_out
from agent.runtime.buffered_appender import BufferedAppender
from agent.runtime.durable import lines, write_whole
from agent.runtime.write_behind import Writer
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from protocols.reason import Reason, plain

MOST = 20_000
"""Events that wait for core: days of flying. Beyond it the newest are lost, counted and told."""
AT_ONCE = 500
"""Sent and not yet committed: more would only wait in core's memory."""
TIDY_AFTER = 1000
"""Lines of events long committed, after which the file is made anew."""
_log = logging.getLogger("hydronest")


class Spooled(NamedTuple):
    """One event as it is kept and sent."""

    numbering: str
    number: int
    event: list[Any]


class EventSpool:
    """`add` never waits. `to_send` gives what core lacks; `core_has` and `core_keeps` is what core says of it."""

    def __init__(self, path: Path, writer: Writer) -> None:
        self.lost = 0
        self._path = path
        self._writer = writer
        self._file = BufferedAppender(path, writer, sync=True)
        self._numbering = secrets.token_hex(8)
        self._number = 0
        self._waiting: list[Spooled] = []
        self._sent = 0
        self._written = 0
        self._loaded = False
        self._has: dict[str, int] = {}  # all that core has said: of what is not loaded yet, perhaps
        self._keeps: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def at_rest(self) -> bool:
        """Whether core has committed everything."""
        return not self._waiting

    async def load(self) -> None:
        """Take up what earlier lives left. It is sent before what is new, or after it where that is under way."""
        found: list[Spooled] = []
        await self._writer.done(lambda: found.extend(_read(self._path)))
        self._written += len(found)
        left = [one for one in found if one.numbering != self._numbering]
        del left[: max((_upto(left, *mark) for mark in self._keeps.items()), default=0)]
        had = max((_upto(left, *mark) for mark in self._has.items()), default=0)
        late = self._sent > 0
        self._waiting[:0] = left[:had]
        self._sent += had
        self._waiting[self._sent : self._sent] = left[had:]
        self._loaded = True
        if late:  # the file's order is to be that of sending: what stands before what core has, it has
            self._writer.later(self._tidy)

    def add(self, event: Event) -> None:
        """Keep it until core has committed it."""
        if len(self._waiting) >= MOST:
            if not self.lost:
                _log.error("%d events wait for core: what comes now is lost", MOST)
            self.lost += 1
            return
        if self.lost and event.kind is not EventKind.DATA_LOST:
            evidence: dict[str, Value | Reason] = {"lane": "flight", "records": self.lost, "why": "not_committed"}
            self.lost = 0
            self.add(Event(EventKind.DATA_LOST, "flight", Severity.WARNING, Transition.NOTED, event.at_ns, evidence))
        self._number += 1
        one = Spooled(self._numbering, self._number, event_out(event))
        self._waiting.append(one)
        self._written += 1
        self._file.add(_line(one))

    def to_send(self) -> Sequence[Spooled]:
        """What is to go out next, and has not in core's present life."""
        return list(islice(self._waiting, self._sent, AT_ONCE))

    def sent(self, count: int) -> None:
        """So many more went out."""
        self._sent += count

    def core_has(self, numbering: str, number: int) -> None:
        """A life of core begins, and has all up to here: what comes behind goes out again."""
        self._has[numbering] = number
        self._sent = _upto(self._waiting, numbering, number)

    def core_keeps(self, numbering: str, number: int) -> None:
        """Core has committed all up to here."""
        self._keeps[numbering] = number
        upto = _upto(self._waiting, numbering, number)
        del self._waiting[:upto]
        self._sent = max(0, self._sent - upto)
        if self._loaded and self._written - len(self._waiting) >= TIDY_AFTER:
            self._written = len(self._waiting)
            self._writer.later(self._tidy)

    def _tidy(self) -> None:
        """The file as memory is by now: what is added meanwhile is in it, and written behind it once more."""
        write_whole(self._path, "".join(f"{_line(one)}\n" for one in list(self._waiting)).encode())


def _upto(waiting: Sequence[Spooled], numbering: str, number: int) -> int:
    """How many stand before and at this one, in the order they are sent."""
    for at in range(len(waiting), 0, -1):
        one = waiting[at - 1]
        if one.numbering == numbering and one.number <= number:
            return at
    return 0


def _line(one: Spooled) -> str:
    return orjson.dumps(tuple(one), default=plain).decode()


def _read(path: Path) -> list[Spooled]:
    found: dict[tuple[str, int], Spooled] = {}
    for line in lines(path):
        try:
            match orjson.loads(line):
                case [str(numbering), int(number), list(event)]:
                    found[numbering, number] = Spooled(numbering, number, event)
                case _:
                    raise ValueError("not an event")
        except ValueError:
            _log.warning("%s: a line cannot be read and is left out", path)
    return list(found.values())
