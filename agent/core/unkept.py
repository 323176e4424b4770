"""While the card takes nothing, what happens goes out at once all the same: marked `"kept": false`, from memory.

The journal goes on waiting, in order and bounded, and counts what it loses; what it keeps later is sent as always, so
whoever receives shows the one and keeps the other (docs/platform-contract.md).
"""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Iterator, Sequence

from agent.core.unkept_outbox import UnkeptOutbox
from agent.journal import body
from agent.journal.body import Draft
from agent.journal.journal import Journal
from agent.link.record import Record
from agent.runtime.kernel_boot import kernel_boot_id
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Sample
from protocols.clock import NowNs
from protocols.reason import Reason

LOOK_EVERY_S = 0.5
AFTER_S = 2.0
"""So long a card may refuse before it is news: a commit that fails is tried again each second."""
EVENTS_AT_ONCE = 50
MARK = b'{"kept":false,'
SUBJECT = "journal"


class Unkept:
    """`run` while core runs. `tell` takes the alarm that the card fails; `say` lets the far ends know.

    `sample` is to be told of everything the journal is offered: the newest of each device is remembered, for the next
    may be held back for a while.
    """

    def __init__(
        self,
        journal: Journal,
        boxes: Sequence[UnkeptOutbox],
        tell: Callable[[Event], None],
        say: Callable[[], None],
        now_ns: NowNs,
    ) -> None:
        self.failing: Reason | None = None
        """Why the card takes nothing; None while it does, or did a moment ago."""
        self._journal = journal
        self._boxes = boxes
        self._tell = tell
        self._say = say
        self._now_ns = now_ns
        self._boot = f"{secrets.randbits(47) | 1:012x}"
        self._numbers = itertools.count(1)
        self._since_ns: int | None = None
        self._shown: set[int] = set()
        self._samples: dict[tuple[str, int], Sample] = {}

    def sample(self, sample: Sample) -> None:
        """The newest of each device is shown, once."""
        self._samples[sample.device, id(sample.layout)] = sample

    async def run(self) -> None:
        """For ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """See how the card does, and send what it does not take."""
        why = self._journal.failing
        if why is None:
            self._since_ns = None
            if self.failing is not None:
                self._well_again()
            return
        if self._since_ns is None:
            self._since_ns = self._now_ns()
        if self.failing is None:
            if self._now_ns() - self._since_ns < AFTER_S * 1e9:
                return
            self.failing = why
            self._alarm(Transition.RAISED, why)
            self._say()
        self._show()

    def _show(self) -> None:
        waiting = self._journal.uncommitted
        events = [event for event in waiting if id(event) not in self._shown]
        self._shown = {id(event) for event in waiting}  # they live as long as they wait, so no other has their number
        for at in range(0, len(events), EVENTS_AT_ONCE):
            self._send(body.events(events[at : at + EVENTS_AT_ONCE]))
        if self._samples and all(box.idle for box in self._boxes):
            for draft in _drafts(list(self._samples.values())):
                self._send(draft)
            self._samples.clear()

    def _send(self, draft: Draft) -> None:
        kernel_boot = kernel_boot_id()
        wall = self._journal.almanac.wall(kernel_boot, draft.t0_ms)
        seq, text = next(self._numbers), MARK + draft.json[1:]
        record = Record(
            self._boot, seq, draft.priority, draft.n, wall.wall_ns, wall.err_ms, kernel_boot, draft.t0_ms, text
        )
        for box in self._boxes:
            box.show(record)

    def _well_again(self) -> None:
        self.failing = None
        self._shown.clear()
        for box in self._boxes:
            box.forget()
        self._alarm(Transition.CLEARED)
        self._say()

    def _alarm(self, turn: Transition, why: Reason | None = None) -> None:
        evidence = {"reason": Reason("journal.takes_nothing", why=why)} if why else {}
        self._tell(Event(EventKind.SELF_FAULT, SUBJECT, Severity.ALARM, turn, self._now_ns(), evidence))


def _drafts(samples: list[Sample]) -> Iterator[Draft]:
    fit = [sample for sample in samples if body.fits(sample)]
    if fit:
        yield body.telemetry(fit)
