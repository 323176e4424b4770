"""The watched values of one connection, by handle: their nodes and items, what of them is missing, what to mend.

Handles: the points in the order of `rows`, then the identities. The server watches both, so a swap is seen when it
happens.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from drivers.opcua.backfill import FIRST_VALUES_S
from drivers.opcua.identity import Question
from drivers.opcua.line_memory import LineMemory
from drivers.opcua.mending import Mending, gone
from drivers.opcua.rows import OpcuaDevice, Rows
from drivers.profile.point import OpcuaPoint
from drivers.quality import Quality
from protocols.opcua.change import Change, Item
from protocols.opcua.library import NodeId
from protocols.opcua.plain import inside
from protocols.opcua.session import Session
from protocols.opcua.status import OVERFLOW
from protocols.opcua.structure import Structures
from protocols.opcua.subscription import Subscription

HISTORY_MARGIN_TICKS: Final = 100_000_000  # 10 s: how late a device's value may reach its server


class Watched:
    """`wrong`: the devices not to be believed, and why. `first`: handles notified since they have their item."""

    def __init__(
        self, session: Session, rows: Rows, told: LineMemory, asked: list[Question], publishing_ms: float
    ) -> None:
        self.points = len(rows.points)
        self.items = [
            _item(point, rows.devices[number]) for point, (number, _) in zip(rows.points, rows.of_handle, strict=True)
        ] + [question.item for question in asked]
        self._inside = {handle: point.inside.steps for handle, point in enumerate(rows.points) if point.inside}
        self._structures = Structures(session)
        self.nodes: list[NodeId | None] = [session.node_id(item) for item in self.items]
        self.wrong: dict[int, Quality] = {}
        self.first: set[int] = set()
        self.latest: list[Change | None] = [None] * self.points  # what was last notified
        self.got: dict[int, int] = {}  # handle → source time of what was read before its item was made
        self.mending = Mending()
        self.subscription = Subscription(session, publishing_ms, told.published)
        self._session, self._rows, self._told = session, rows, told
        self._awaited: dict[int, float] = {}  # handle → until when its first live value is awaited

    def believed(self, handle: int) -> bool:
        """Whether it is a device's that is who it should be; an identity is asked of any."""
        return handle >= self.points or self._rows.of_handle[handle][0] not in self.wrong

    def believed_points(self) -> list[int]:
        """Points of devices that are who they should be, known to the server or not."""
        return [handle for handle in range(self.points) if self.believed(handle)]

    def of(self, device: int) -> list[int]:
        """The points of a device."""
        return [handle for handle, (number, _) in enumerate(self._rows.of_handle) if number == device]

    # -- values ------------------------------------------------------------------------------------------------------

    async def learn(self, handles: Iterable[int]) -> None:
        """How to read the structures that these points lie in."""
        nodes = {self.nodes[handle]: None for handle in handles if handle in self._inside}
        await self._structures.learn([node for node in nodes if node is not None])

    def opened(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Of what a node says, the part that is the point."""
        if not self._inside:
            return changes
        part = self._inside
        return [
            (handle, inside(self._structures.open(value), part[handle]), status, ticks) if handle in part
            else (handle, value, status, ticks)
            for handle, value, status, ticks in changes
        ]  # fmt: skip

    # -- items -------------------------------------------------------------------------------------------------------

    async def subscribe(self) -> None:
        """Create the subscription, and an item for everything that is to be believed."""
        believed = [node if self.believed(handle) else None for handle, node in enumerate(self.nodes)]
        await self.subscription.create(believed, self.items)
        self._note([*self.believed_points(), *range(self.points, len(self.items))])

    def begun(self, handle: int, status: int, ticks: int) -> None:
        """Its new item notified for the first time: nothing is missing from `ticks` on."""
        if not gone(status) and self.believed(handle):
            self.first.add(handle)
            self._told.gaps.end(handle, ticks)

    def lose(self, handle: int) -> None:
        """Its node is gone: what follows its last value is missing until another stands there."""
        self.mending.lost(handle)
        self.first.discard(handle)
        if handle < self.points:
            self.open_gap(handle, self._rows.last_ticks[handle])
        self._count()

    def compare(self, change: Change, now: float) -> None:
        """What was read with what was last notified: a dead item shows in nothing else."""
        handle, value, status, ticks = change
        latest, mending = self.latest[handle], self.mending
        if gone(status):
            self.lose(handle)
        elif handle in mending.gone:
            mending.found(handle)
        elif latest is not None and mending.has_item(handle) and _differs(latest, value, status, self.items[handle]):
            patience_s = self.subscription.notifies_within_s(handle)
            mending.differs(handle, now, patience_s, self._rows.last_ticks[handle], ticks)

    async def look_for(self, handles: list[int]) -> None:
        """Whether the nodes of these are there by now."""
        known = [handle for handle in handles if self.nodes[handle] is not None]
        answers = await self._session.read([self.nodes[handle] for handle in known]) if known else []
        for handle, answer in zip(known, answers, strict=True):
            if not gone(answer.status):
                self.mending.found(handle)

    async def look_at_namespaces(self) -> None:
        """Resolve what lacked its namespace. Raises Ended where an index means another one now."""
        if await self._session.look_at_namespaces():
            for handle, node in enumerate(self.nodes):
                if node is None:
                    self.nodes[handle] = self._session.node_id(self.items[handle])

    async def mend(self, now: float) -> None:
        """New items for what needs one; what was not told meanwhile is read back."""
        due = self.mending.due(now)
        again = {handle: missed for handle, missed in due.items() if self.believed(handle)}
        if not again:
            return
        for handle, missed in again.items():
            self.first.discard(handle)
            if handle >= self.points:
                continue
            self.got[handle] = self._rows.last_ticks[handle]  # the first notification may repeat what was read
            if missed is not None:
                self.open_gap(handle, missed[0])
                for ticks in missed[1]:
                    self._told.gaps.came(handle, ticks)
        await self.learn(again)
        await self.subscription.items.watch({handle: (self.nodes[handle], self.items[handle]) for handle in again})
        self._note(list(again))
        self._told.mended += sum(map(self.mending.has_item, again))

    def _note(self, handles: list[int]) -> None:
        now = asyncio.get_running_loop().time()
        refused = self.subscription.items.refused
        for handle in handles:
            self.mending.created(handle, refused.get(handle, 0), now)
            self._awaited[handle] = now + FIRST_VALUES_S
            if handle in refused:
                self.got.pop(handle, None)
        self._count()

    def _count(self) -> None:
        unwatched = self.mending.gone | self.mending.polled.keys()
        self._told.polled_points = sum(handle < self.points for handle in unwatched)

    # -- who is believed ---------------------------------------------------------------------------------------------

    def disbelieve(self, device: int, why: Quality) -> None:
        """From now on; what it shows meanwhile is read back if it turns out to be the right one after all."""
        if device not in self.wrong:
            for handle in self.of(device):
                self.first.discard(handle)
                self.open_gap(handle, self._rows.last_ticks[handle])
        self.wrong[device] = why

    def believe(self, device: int) -> None:
        """From now on; its points get their items at the next `mend`."""
        self.wrong.pop(device, None)
        for handle in self.of(device):
            self.open_gap(handle, self._rows.last_ticks[handle])
            self.mending.found(handle)

    def forget(self, device: int) -> None:
        """What the server keeps of a stranger is not ours."""
        for handle in self.of(device):
            self._told.gaps.forget(handle)
            self._rows.last_ticks[handle] = 0

    # -- what was missed ---------------------------------------------------------------------------------------------

    def node(self, handle: int) -> NodeId | None:
        """Where a point's history may be asked for now."""
        return self.nodes[handle] if self.believed(handle) and handle not in self.mending.gone else None

    def awaited(self, handle: int) -> bool:
        """Whether a point's first live value is still to come."""
        if self.mending.waits(handle) or not self.believed(handle):
            return True
        return self._awaited.get(handle, 0.0) > asyncio.get_running_loop().time()

    def open_gaps(self) -> None:
        """From each point's last value on, something may be missing; but not from before the server last lived."""
        earliest = self._told.alive_ticks - HISTORY_MARGIN_TICKS if self._told.alive_ticks else 0
        for handle, ticks in enumerate(self._rows.last_ticks):
            self.open_gap(handle, ticks and max(ticks, earliest))

    def open_gap(self, handle: int, after: int) -> None:
        """Something may be missing from `after` on (0: nothing was ever had)."""
        profile = self._rows.devices[self._rows.of_handle[handle][0]].profile
        if after and profile.opcua.history:
            self._told.gaps.open(handle, after)


def _item(point: OpcuaPoint, device: OpcuaDevice) -> Item:
    part = device.profile.opcua
    sampling = part.sampling_ms if point.sampling_ms is None else point.sampling_ms
    numeric = point.inside is None and point.enum is None and point.bits is None and not point.counter
    deadband = point.deadband / abs(point.scale) if numeric and part.deadband_at_server else 0.0
    return Item(point.node.namespace or part.namespace, point.node.of(device.unit), sampling, deadband)


def _differs(latest: Change, value: object, status: int, item: Item) -> bool:
    """Whether a living item would have told of this reading."""
    _, before, status_before, _ = latest
    if (status ^ status_before) & ~OVERFLOW:
        return True
    if isinstance(before, int | float) and isinstance(value, int | float):
        return abs(value - before) > item.deadband  # False where either is not a number
    return before != value
