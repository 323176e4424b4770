"""One open session put to use: see who is there, read once, subscribe, fill what was missed, mend what falls away."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from drivers.opcua.backfill import fill_gaps
from drivers.opcua.identity import ask, questions
from drivers.opcua.line_memory import LineMemory
from drivers.opcua.mending import gone
from drivers.opcua.quality import quality_of
from drivers.opcua.rows import Rows, in_turn
from drivers.opcua.watched import Watched
from drivers.ports import Sink
from drivers.quality import Quality
from protocols.clock import NowNs
from protocols.errors import first_wire_error
from protocols.opcua.back_off import Failure
from protocols.opcua.change import Change, Published, ns_to_ticks
from protocols.opcua.session import Session
from protocols.opcua.status import OVERFLOW, bad
from protocols.opcua.trouble import Ended, explain
from protocols.reason import Reason

CLOCK_BELIEVED_NS: Final = 5_000_000_000
IDENTITY_S: Final = 60.0
IDENTITY_AGAIN_S: Final = 5.0  # while a device is not the right one; each second while it does not say who it is
QUIET_S: Final = 10.0  # a point that did not change is read again this often: proof it is still so, under its own time
POLL_S: Final = 1.0  # least period of a point the server refused to watch, and how often a missing node is looked for
LOOKED_FOR_PER_S: Final = 200  # missing nodes at most; with more each is looked for less often
NAMESPACES_S: Final = 2.0  # how often they are asked while one is missing
SWAPPED: Final = Reason("opcua.device_swapped")
NODE_UNKNOWN: Final = 0x80340000


class Epoch:
    """One session's worth of reading. `run` ends by raising WireError, or by cancellation."""

    def __init__(
        self,
        session: Session,
        rows: Rows,
        told: LineMemory,
        sink: Sink,
        now_ns: NowNs,
        wall_ns: NowNs,
        clock_trusted: Callable[[], bool],
    ) -> None:
        self._session, self._rows, self._told, self._sink = session, rows, told, sink
        self._now_ns, self._wall_ns, self._clock_trusted = now_ns, wall_ns, clock_trusted
        publishing_ms = min((device.profile.opcua.publishing_ms for device in rows.devices), default=500.0)
        self._asked = questions(rows.devices, publishing_ms)
        self._watched = Watched(session, rows, told, self._asked, publishing_ms)
        self._fits: list[bool] = []  # how each identity was answered last
        self._wrong_told: dict[int, Quality] = {}
        self._look_again = asyncio.Event()  # at the identities
        self._seen: list[float] = [0.0] * self._watched.points  # loop time of the last live value
        self._server_ticks = 0  # the server's clock when last asked; 0 where it does not tell

    async def run(self, up: Callable[[], None]) -> None:
        """Everything, for as long as the session lives; `up` is called once good data has come."""
        session, told, watched = self._session, self._told, self._watched
        await self._look_at_clock()
        self._fits, watched.wrong = await ask(session, self._asked)
        for device, why in watched.wrong.items():
            if why is Quality.WRONG_DEVICE:
                watched.forget(device)
        watched.open_gaps()
        self._tell_wrong()
        await watched.learn(range(watched.points))
        watched.got = await self._read(watched.believed_points())
        told.alive_ticks = self._server_ticks or max(watched.got.values(), default=0)
        watched.open_gaps()  # those never heard before
        up()
        await watched.subscribe()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(watched.subscription.publish(self._take))
                group.create_task(session.renew_channel())
                group.create_task(self._tend())
                group.create_task(self._check_identity())
                group.create_task(fill_gaps(session, watched, told, self._deliver_missing))
        except BaseExceptionGroup as problems:
            first = first_wire_error(problems)
            if first is problems:
                raise
            raise explain(first, session.endpoint) from None

    # -- values ------------------------------------------------------------------------------------------------------

    def _deliver(self, changes: Sequence[Change], *, history: bool = False) -> None:
        told, off = self._told, 0
        if not told.clock_believed:
            off = (told.clock_off_ns or 0) // 100
        latest = ns_to_ticks(self._wall_ns() + CLOCK_BELIEVED_NS) + off if self._clock_trusted() else 2**63
        # a server with a wrong clock: live values go under the time they were read, historic ones are moved to ours
        believed = told.clock_believed or history
        for part in in_turn(changes):
            rows = self._rows.samples(
                part, self._now_ns(), latest, shift_ticks=-off, believed=believed, history=history
            )
            for sample in rows:
                self._sink.sample(sample)

    def _deliver_missing(self, changes: list[Change]) -> None:
        self._deliver(self._watched.opened(changes), history=True)

    def _take(self, published: Published) -> None:
        """One publish, live. Runs inside the publish loop: nothing else is asked of the server before it is done."""
        told, watched = self._told, self._watched
        told.alive_ticks = published.publish_ticks
        changes = watched.opened(published.changes)
        if not changes:
            return
        now = asyncio.get_running_loop().time()
        points, seen, last = watched.points, self._seen, self._rows.last_ticks
        first, latest, suspects = watched.first, watched.latest, watched.mending.suspects
        swapped: set[int] = set()
        lost: list[int] = []
        for change in changes:
            handle, value, status, ticks = change
            if status and gone(status):
                lost.append(handle)
            if handle >= points:
                swapped |= self._swapped(handle - points, value, status)
                continue
            seen[handle] = now
            latest[handle] = change
            if status & OVERFLOW == OVERFLOW:
                told.published.overflows += 1
                told.gaps.missed(handle, last[handle], ticks)
            if handle not in first:
                watched.begun(handle, status, ticks or published.publish_ticks)
            if suspects:
                suspects.pop(handle, None)
        if lost:  # the time of such an answer is the server's own, not that of anything the new node will have shown
            changes = [(h, v, s, 0) if gone(s) else (h, v, s, t) for h, v, s, t in changes]
        if watched.got:
            # the first notification repeats what was just read
            changes = [change for change in changes if watched.got.pop(change[0], 0) != change[3] or not change[3]]
        if self._asked:
            of_handle, wrong = self._rows.of_handle, watched.wrong.keys() | swapped
            changes = [c for c in changes if c[0] < points and of_handle[c[0]][0] not in wrong]
        self._deliver(changes)
        self._session.good_data = True
        for handle in lost:
            watched.lose(handle)
        if swapped:
            raise Ended(Failure.SILENCE, SWAPPED)

    def _swapped(self, place: int, value: object, status: int) -> set[int]:
        """The device another stands in for now: nothing beside it is believed. One that is silent is asked again."""
        if place >= len(self._asked):
            raise Ended(Failure.TURNED_AWAY, "opcua.unknown_handle")
        question = self._asked[place]
        if question.fits(value, status) == self._fits[place]:
            return set()
        self._look_again.set()
        if not self._fits[place]:
            return set()
        if bad(status):
            self._watched.disbelieve(question.device, quality_of(status))
            return set()
        return {question.device}

    async def _read(self, handles: list[int]) -> dict[int, int]:
        """Read these points now and hand them on; answers the source time of each."""
        nodes = self._watched.nodes
        known = [h for h in handles if nodes[h] is not None]
        answers = await self._session.read([nodes[h] for h in known]) if known else []
        changes = [
            *self._watched.opened([(h, a.value, a.status, a.ticks) for h, a in zip(known, answers, strict=True)])
        ]
        changes += [(h, None, NODE_UNKNOWN, 0) for h in handles if nodes[h] is None]
        now = asyncio.get_running_loop().time()
        told = [change for change in changes if self._watched.believed(change[0])]  # it may have been when asked
        for change in told:
            handle, _, status, ticks = change
            self._told.gaps.came(handle, ticks)
            self._watched.compare(change, now)
            self._seen[handle] = now
            if not bad(status):
                self._session.good_data = True
        self._deliver(told)
        return {handle: ticks for handle, _, _, ticks in told}

    async def _tend(self) -> None:
        """Poll what the server does not watch, read again what has been quiet, give a new item to what lost its own."""
        loop = asyncio.get_running_loop()
        watched, rows = self._watched, self._rows
        mending = watched.mending
        period = []
        for handle, (device, _) in enumerate(rows.of_handle):
            own = rows.devices[device]
            period.append((own.poll_s or own.profile.poll_s).period_s(rows.points[handle].poll))
        looked = namespaces = loop.time()
        while True:
            await asyncio.sleep(POLL_S)
            now = loop.time() + 0.05
            if now - namespaces >= NAMESPACES_S and None in watched.nodes:
                namespaces = now
                await watched.look_at_namespaces()
            if mending.gone and now - looked >= len(mending.gone) / LOOKED_FOR_PER_S:
                looked = now
                await watched.look_for(sorted(mending.gone))
            due = []
            for handle in watched.believed_points():
                least = QUIET_S if mending.has_item(handle) else POLL_S
                if now - self._seen[handle] >= max(period[handle], least):
                    due.append(handle)
            if due:
                await self._read(due)
            await watched.mend(loop.time())

    # -- who is there, and what time it is there ---------------------------------------------------------------------

    async def _check_identity(self) -> None:
        """Look again who is there: every minute, sooner while somebody is not as he should be."""
        loop = asyncio.get_running_loop()
        told_at = loop.time()
        while True:
            await self._pause()
            await self._look_at_clock()
            await self._watched.look_at_namespaces()
            await self._judge(*await ask(self._session, self._asked))
            if self._watched.wrong != self._wrong_told or loop.time() - told_at >= IDENTITY_S:
                told_at = loop.time()
                self._tell_wrong()

    async def _pause(self) -> None:
        """Until the identities are to be asked again."""
        wrong = set(self._watched.wrong.values())
        seconds = IDENTITY_S
        if wrong:
            seconds = IDENTITY_AGAIN_S if wrong == {Quality.WRONG_DEVICE} else POLL_S
        waiting = asyncio.ensure_future(self._look_again.wait())
        try:
            await asyncio.wait([waiting], timeout=seconds)
        finally:
            waiting.cancel()
        self._look_again.clear()

    async def _judge(self, fits: list[bool], wrong: dict[int, Quality]) -> None:
        """Take in what the identities say now.

        Who became another ends the epoch: nothing beside him is believed. Who fell silent is not believed until he
        says again that he is the one; who is the right one now is believed from now on.
        """
        watched, before = self._watched, dict(self._watched.wrong)
        self._fits = fits
        for device, why in wrong.items():
            if why is Quality.WRONG_DEVICE and device not in before:
                raise Ended(Failure.SILENCE, SWAPPED)
            if why is Quality.WRONG_DEVICE and before[device] is not why:
                watched.forget(device)
            watched.disbelieve(device, why)
        await watched.subscription.items.drop([h for device in wrong for h in watched.of(device)])
        for device in before.keys() - wrong.keys():
            watched.believe(device)
            await self._read(watched.of(device))

    def _tell_wrong(self) -> None:
        self._wrong_told = dict(self._watched.wrong)
        for device, why in sorted(self._watched.wrong.items()):
            self._sink.sample(self._rows.absent(device, why, self._now_ns()))

    async def _look_at_clock(self) -> None:
        told = self._told
        off = await self._session.clock_offset_ns(self._wall_ns)
        self._server_ticks = 0 if off is None else ns_to_ticks(self._wall_ns() + off)
        if off is not None and self._clock_trusted():
            told.clock_off_ns = off
            told.clock_believed = abs(off) <= CLOCK_BELIEVED_NS
