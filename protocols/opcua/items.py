"""The monitored items of one subscription: made in the pieces the server bears, every result looked at, made anew."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from protocols.opcua.back_off import Failure
from protocols.opcua.change import Item
from protocols.opcua.library import NodeId, ua
from protocols.opcua.session import Session
from protocols.opcua.status import bad, status_name
from protocols.opcua.trouble import Ended

QUEUE_S: Final = 6.0  # the server keeps this much of every item, so a silence we survive loses nothing
QUEUE_MOST: Final = 1000
_FILTER_REFUSED: Final = {
    ua.StatusCodes.BadMonitoredItemFilterUnsupported,
    ua.StatusCodes.BadMonitoredItemFilterInvalid,
    ua.StatusCodes.BadFilterNotAllowed,
    ua.StatusCodes.BadDeadbandFilterInvalid,
}
_NOT_ONE: Final = {"BadTooManyMonitoredItems", "BadSubscriptionIdInvalid", "BadNoSubscription"}

Wanted = Mapping[int, tuple[NodeId | None, Item]]
"""By handle: the node under this connection's indexes (None: it has none) and how closely it is watched."""


class MonitoredItems:
    """Which handles the server watches for us, and which it refused."""

    def __init__(self, session: Session, publishing_ms: float) -> None:
        self.subscription = 0
        self.refused: dict[int, int] = {}  # handle → status code; these must be polled
        self._session = session
        self._publishing_ms = publishing_ms
        self.sampling_ms: dict[int, float] = {}  # handle → how often the server looks at it, as it revised that
        self._ids: dict[int, int] = {}  # handle → the server's own number for its item

    async def watch(self, wanted: Wanted) -> None:
        """Make an item for every handle; what it had before is given up first. Raises WireError."""
        await self.drop(list(wanted))
        for handle, (node, _) in wanted.items():
            self.refused.pop(handle, None)
            if node is None:
                self.refused[handle] = ua.StatusCodes.BadNodeIdUnknown
        known = [handle for handle, (node, _) in wanted.items() if node is not None]
        without_filter = await self._create(known, wanted, filtered=True)
        if without_filter:
            await self._create(without_filter, wanted, filtered=False)
        if known and not self._ids:
            names = {status_name(self.refused[handle]) for handle in known if handle in self.refused}
            if names & _NOT_ONE:
                raise Ended(Failure.TURNED_AWAY, "opcua.refuses_every_item", statuses=tuple(sorted(names)))

    async def drop(self, handles: Sequence[int]) -> None:
        """Give up these items; one the server has lost already is no trouble."""
        dead = [self._ids.pop(handle) for handle in handles if handle in self._ids]

        async def ask(some: Sequence[int]) -> list[Any]:
            request = ua.DeleteMonitoredItemsRequest()
            request.Parameters.SubscriptionId = self.subscription
            request.Parameters.MonitoredItemIds = list(some)
            return list((await self._session.ask(request, ua.DeleteMonitoredItemsResponse)).Results)

        await self._session.in_parts("monitor", dead, ask, lambda _: None)

    async def _create(self, handles: list[int], wanted: Wanted, *, filtered: bool) -> list[int]:
        """Answers the handles whose dead-band was what was refused."""

        async def ask(some: Sequence[int]) -> list[tuple[int, int, float]]:
            request = ua.CreateMonitoredItemsRequest()
            request.Parameters.SubscriptionId = self.subscription
            request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
            request.Parameters.ItemsToCreate = [self._item(handle, *wanted[handle], filtered) for handle in some]
            results = (await self._session.ask(request, ua.CreateMonitoredItemsResponse)).Results
            return [(one.StatusCode.value, one.MonitoredItemId, one.RevisedSamplingInterval) for one in results]

        again: list[int] = []
        answers = await self._session.in_parts("monitor", handles, ask, lambda code: (code, 0, 0.0))
        for handle, (code, number, sampling_ms) in zip(handles, answers, strict=True):
            if filtered and wanted[handle][1].deadband > 0 and code in _FILTER_REFUSED:
                again.append(handle)
            elif bad(code):
                self.refused[handle] = code
            else:
                self._ids[handle] = number
                self.sampling_ms[handle] = sampling_ms
        return again

    def _item(self, handle: int, node: NodeId | None, item: Item, filtered: bool) -> Any:
        request = ua.MonitoredItemCreateRequest()
        request.ItemToMonitor = ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value)
        request.MonitoringMode = ua.MonitoringMode.Reporting
        wanted = request.RequestedParameters
        wanted.ClientHandle = handle
        wanted.SamplingInterval = item.sampling_ms
        wanted.QueueSize = queue_size(item.sampling_ms, self._publishing_ms)
        wanted.DiscardOldest = True
        if filtered and item.deadband > 0:
            wanted.Filter = ua.DataChangeFilter(
                Trigger=ua.DataChangeTrigger.StatusValue,
                DeadbandType=ua.DeadbandType.Absolute,
                DeadbandValue=item.deadband,
            )
        return request


def queue_size(sampling_ms: float, publishing_ms: float) -> int:
    """How many values of an item the server shall hold: six seconds' worth, at least twice what one publish takes."""
    step = sampling_ms if sampling_ms > 0 else min(publishing_ms, 100.0)
    return max(2, min(QUEUE_MOST, math.ceil(max(QUEUE_S * 1000, 2 * publishing_ms) / step)))
