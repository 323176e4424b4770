"""One open session put to use: see who is there, read once, subscribe, poll what is refused, fill what was missed."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from drivers.opcua.backfill import fill_gaps
from drivers.opcua.identity import ask, questions
from drivers.opcua.line_memory import LineMemory
from drivers.opcua.rows import OpcuaDevice, Rows
from drivers.ports import Sink
from drivers.profile.point import OpcuaPoint
from drivers.quality import Quality
from protocols.clock import NowNs
from protocols.errors import first_wire_error
from protocols.opcua.back_off import Failure
from protocols.opcua.change import Change, Item, Published, ns_to_ticks
from protocols.opcua.library import NodeId
from protocols.opcua.session import Ended, Session, explain
from protocols.opcua.status import OVERFLOW, bad
from protocols.opcua.subscription import Subscription
from protocols.reason import Reason

CLOCK_BELIEVED_NS: Final = 5_000_000_000
IDENTITY_S: Final = 60.0
IDENTITY_AGAIN_S: Final = 5.0  # while a device is not the right one
QUIET_S: Final = 10.0  # a point that did not change is read again this often: proof it is still so, under its own time
POLL_S: Final = 1.0  # least period of a point the server refused to watch
HISTORY_MARGIN_TICKS: Final = 100_000_000  # 10 s: how late a device's value may reach its server
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
        self._nodes: list[NodeId | None] = []
        self._items = [
            _item(point, rows.devices[number]) for point, (number, _) in zip(rows.points, rows.of_handle, strict=True)
        ]
        self._asked = questions(rows.devices, self._publishing_ms())
        self._fits: list[bool] = []  # how each identity was answered when this epoch began
        self._wrong: dict[int, Quality] = {}  # devices not to be believed, and why
        self._seen: list[float] = [0.0] * len(self._items)  # loop time of the last live value
        self._first: set[int] = set()  # handles that were notified
        self._server_ticks = 0  # the server's clock when last asked; 0 where it does not tell
        self._got: dict[int, int] = {}  # handle → source time of what was read before subscribing
        self._subscription: Subscription | None = None

    async def run(self, up: Callable[[], None]) -> None:
        """Everything, for as long as the session lives; `up` is called once good data has come."""
        session, rows, told = self._session, self._rows, self._told
        self._nodes = [session.node_id(item) for item in self._items]
        await self._look_at_clock()
        self._fits, self._wrong = await ask(session, self._asked)
        for handle, (device, _) in enumerate(rows.of_handle):
            if device in self._wrong:  # what the server keeps may be the stranger's
                told.gaps.forget(handle)
                rows.last_ticks[handle] = 0
        self._open_gaps(rows.last_ticks)
        self._tell_wrong()
        self._got = await self._read(self._watched())
        told.alive_ticks = self._server_ticks or max(self._got.values(), default=0)
        self._open_gaps(rows.last_ticks)  # those never heard before
        up()
        watched = [node if rows.of_handle[h][0] not in self._wrong else None for h, node in enumerate(self._nodes)]
        subscription = self._subscription = Subscription(session, self._publishing_ms(), told.published)
        # identities are watched too, under the handles after the points': a swap is seen when it happens
        identities = [question.item for question in self._asked]
        await subscription.create([*watched, *map(session.node_id, identities)], [*self._items, *identities])
        polled = [h for h in self._watched() if h in subscription.refused]
        self._got = {h: ticks for h, ticks in self._got.items() if h not in subscription.refused}
        told.polled_points = len(polled)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(subscription.publish(self._take))
                group.create_task(session.renew_channel())
                group.create_task(self._read_quiet(frozenset(polled)))
                group.create_task(self._check_identity())
                group.create_task(fill_gaps(session, self._nodes, told, self._deliver_missing))
        except BaseExceptionGroup as problems:
            first = first_wire_error(problems)
            if first is problems:
                raise
            raise explain(first, session.endpoint) from None

    def _watched(self) -> list[int]:
        """Handles of devices that are who they should be, known to the server or not."""
        return [h for h, (device, _) in enumerate(self._rows.of_handle) if device not in self._wrong]

    def _publishing_ms(self) -> float:
        return min((device.profile.opcua.publishing_ms for device in self._rows.devices), default=500.0)

    # -- values ------------------------------------------------------------------------------------------------------

    def _deliver(self, changes: Iterable[Change], *, history: bool = False) -> None:
        told, off = self._told, 0
        if not told.clock_believed:
            off = (told.clock_off_ns or 0) // 100
        latest = ns_to_ticks(self._wall_ns() + CLOCK_BELIEVED_NS) + off if self._clock_trusted() else 2**63
        # a server with a wrong clock: live values go under the time they were read, historic ones are moved to ours
        rows = self._rows.samples(
            changes, self._now_ns(), latest, shift_ticks=-off, believed=told.clock_believed or history, history=history
        )
        for sample in rows:
            self._sink.sample(sample)

    def _deliver_missing(self, changes: list[Change]) -> None:
        self._deliver(changes, history=True)

    def _take(self, published: Published) -> None:
        """One publish, live. Runs inside the publish loop: nothing else is asked of the server before it is done."""
        self._told.alive_ticks = published.publish_ticks
        changes = published.changes
        if not changes:
            return
        now = asyncio.get_running_loop().time()
        seen, first, last = self._seen, self._first, self._rows.last_ticks
        swapped: set[int] = set()
        for handle, value, status, ticks in changes:
            if handle >= len(seen):
                swapped |= self._swapped(handle - len(seen), value, status)
                continue
            seen[handle] = now
            if status & OVERFLOW == OVERFLOW:
                self._told.published.overflows += 1
                self._told.gaps.missed(handle, last[handle], ticks)
            if handle not in first:
                first.add(handle)
                self._told.gaps.end(handle, ticks or published.publish_ticks)
        if self._got:
            # the first notification repeats what was just read
            changes = [change for change in changes if self._got.pop(change[0], 0) != change[3] or not change[3]]
        if self._asked:
            of_handle = self._rows.of_handle
            changes = [c for c in changes if c[0] < len(seen) and of_handle[c[0]][0] not in swapped]
        self._deliver(changes)
        self._session.good_data = True
        if swapped:
            raise Ended(Failure.SILENCE, SWAPPED)

    def _swapped(self, place: int, value: object, status: int) -> set[int]:
        """The device whose identity is no longer as it was when this epoch began: nothing beside it is believed."""
        if place >= len(self._asked):
            raise Ended(Failure.TURNED_AWAY, "opcua.unknown_handle")
        question = self._asked[place]
        return {question.device} if question.fits(value, status) != self._fits[place] else set()

    async def _read(self, handles: list[int]) -> dict[int, int]:
        """Read these points now and hand them on; answers the source time of each."""
        known = [h for h in handles if self._nodes[h] is not None]
        unknown: list[Change] = [(h, None, NODE_UNKNOWN, 0) for h in handles if self._nodes[h] is None]
        answers = await self._session.read([self._nodes[h] for h in known]) if known else []
        changes = [(h, a.value, a.status, a.ticks) for h, a in zip(known, answers, strict=True)]
        for handle, _, _, ticks in changes:
            self._told.gaps.came(handle, ticks)
        if any(not bad(status) for _, _, status, _ in changes):
            self._session.good_data = True
        self._deliver([*changes, *unknown])
        now = asyncio.get_running_loop().time()
        for handle in handles:
            self._seen[handle] = now
        return {handle: ticks for handle, _, _, ticks in changes}

    async def _read_quiet(self, polled: frozenset[int]) -> None:
        """Poll what the server refused to watch, and read again what has been quiet."""
        loop = asyncio.get_running_loop()
        rows = self._rows
        period = []
        for handle, (device, _) in enumerate(rows.of_handle):
            own = rows.devices[device]
            wanted = (own.poll_s or own.profile.poll_s).period_s(rows.points[handle].poll)
            period.append(max(wanted, POLL_S if handle in polled else QUIET_S))
        watched = self._watched()
        while True:
            await asyncio.sleep(POLL_S)
            now = loop.time() + 0.05
            due = [handle for handle in watched if now - self._seen[handle] >= period[handle]]
            if due:
                await self._read(due)

    # -- who is there, and what time it is there ---------------------------------------------------------------------

    async def _check_identity(self) -> None:
        """Look again who is there: every minute, sooner while somebody is wrong; a change ends the epoch."""
        told_at = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(IDENTITY_AGAIN_S if self._wrong else IDENTITY_S)
            await self._look_at_clock()
            if (await ask(self._session, self._asked))[0] != self._fits:
                raise Ended(Failure.SILENCE, SWAPPED)
            if asyncio.get_running_loop().time() - told_at >= IDENTITY_S:
                told_at = asyncio.get_running_loop().time()
                self._tell_wrong()

    def _tell_wrong(self) -> None:
        for device, why in sorted(self._wrong.items()):
            self._sink.sample(self._rows.absent(device, why, self._now_ns()))

    async def _look_at_clock(self) -> None:
        told = self._told
        off = await self._session.clock_offset_ns(self._wall_ns)
        self._server_ticks = 0 if off is None else ns_to_ticks(self._wall_ns() + off)
        if off is not None and self._clock_trusted():
            told.clock_off_ns = off
            told.clock_believed = abs(off) <= CLOCK_BELIEVED_NS

    # -- what was missed ---------------------------------------------------------------------------------------------

    def _open_gaps(self, last: list[int]) -> None:
        """From each point's last value on, something may be missing; but not from before the server last lived."""
        earliest = self._told.alive_ticks - HISTORY_MARGIN_TICKS if self._told.alive_ticks else 0
        for handle in self._watched():
            profile = self._rows.devices[self._rows.of_handle[handle][0]].profile
            if last[handle] and profile.opcua.history and self._nodes[handle] is not None:
                self._told.gaps.open(handle, max(last[handle], earliest))


def _item(point: OpcuaPoint, device: OpcuaDevice) -> Item:
    part = device.profile.opcua
    sampling = part.sampling_ms if point.sampling_ms is None else point.sampling_ms
    numeric = point.enum is None and point.bits is None and not point.counter
    deadband = point.deadband / abs(point.scale) if numeric and part.deadband_at_server else 0.0
    return Item(point.node.namespace or part.namespace, point.node.of(device.unit), sampling, deadband)
