"""A subscription whose every item is accounted for, its publish loop, and the proof that it still lives."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocols.errors import Refused, first_wire_error
from protocols.opcua.back_off import Failure
from protocols.opcua.change import Change, Item, Published
from protocols.opcua.library import NodeId, errors, struct_from_binary, ua
from protocols.opcua.notification import decode_publish
from protocols.opcua.session import Ended, Session, reading
from protocols.opcua.status import bad, status_name

KEEP_ALIVE_S: Final = 2.0
LIFETIME_COUNT: Final = 60
SILENT_KEEP_ALIVES: Final = 2.5
NOTIFICATIONS_PER_PUBLISH: Final = 2000
OUTSTANDING: Final = 3  # Publish requests the server holds; also the bound on what can wait here
QUEUE_S: Final = 6.0  # the server keeps this much of every item, so a silence we survive loses nothing
QUEUE_MOST: Final = 1000
_FILTER_REFUSED: Final = {
    ua.StatusCodes.BadMonitoredItemFilterUnsupported,
    ua.StatusCodes.BadMonitoredItemFilterInvalid,
    ua.StatusCodes.BadFilterNotAllowed,
    ua.StatusCodes.BadDeadbandFilterInvalid,
}


@dataclass(slots=True)
class Counters:
    """What a subscription lived through, over all epochs."""

    publishes: int = 0
    values: int = 0
    decoded_slowly: int = 0  # messages that needed asyncua's decoder
    overflows: int = 0  # values before which the server's queue dropped some
    gaps: int = 0  # notification sequence numbers that never came


class Subscription:
    """The watched items of one epoch. Handles are the indexes into the list of nodes given to `create`."""

    def __init__(self, session: Session, publishing_ms: float, counters: Counters) -> None:
        self.refused: dict[int, int] = {}  # handle → status code; these must be polled
        self.silence_s = 0.0  # without any publish for so long the epoch is over
        self.last_publish = 0.0  # loop time
        self._session = session
        self._publishing_ms = publishing_ms
        self._counters = counters
        self._id = 0
        self._sequence = 0
        self._acknowledge: list[tuple[int, int]] = []

    async def create(self, nodes: Sequence[NodeId | None], items: Sequence[Item]) -> None:
        """Create the subscription and every item; a None node counts as refused. Raises WireError."""
        request = ua.CreateSubscriptionRequest()
        wanted = request.Parameters
        wanted.RequestedPublishingInterval = self._publishing_ms
        wanted.RequestedMaxKeepAliveCount = max(1, round(KEEP_ALIVE_S * 1000 / self._publishing_ms))
        wanted.RequestedLifetimeCount = max(LIFETIME_COUNT, 3 * wanted.RequestedMaxKeepAliveCount)
        wanted.MaxNotificationsPerPublish = NOTIFICATIONS_PER_PUBLISH
        wanted.PublishingEnabled = True
        revised = (await self._session.ask(request, ua.CreateSubscriptionResponse)).Parameters
        self._id = revised.SubscriptionId
        # the *revised* values: a server may have made the keep-alive minutes long
        self.silence_s = (
            SILENT_KEEP_ALIVES * revised.RevisedPublishingInterval * revised.RevisedMaxKeepAliveCount / 1000
        )
        self.last_publish = asyncio.get_running_loop().time()
        for handle, node in enumerate(nodes):
            if node is None:
                self.refused[handle] = ua.StatusCodes.BadNodeIdUnknown
        known = [handle for handle, node in enumerate(nodes) if node is not None]
        without_filter = await self._create_items(known, nodes, items, filtered=True)
        if without_filter:
            await self._create_items(without_filter, nodes, items, filtered=False)
        if known and all(handle in self.refused for handle in known):
            names = {status_name(self.refused[handle]) for handle in known}
            if names & {"BadTooManyMonitoredItems", "BadSubscriptionIdInvalid", "BadNoSubscription"}:
                raise Ended(Failure.TURNED_AWAY, "opcua.refuses_every_item", statuses=tuple(sorted(names)))

    async def _create_items(
        self, handles: list[int], nodes: Sequence[NodeId | None], items: Sequence[Item], *, filtered: bool
    ) -> list[int]:
        """Create items in chunks, every result looked at; answers the handles whose dead-band was what was refused."""
        again: list[int] = []
        position, most = 0, self._session.limits.monitor
        while position < len(handles):
            chunk = handles[position : position + most]
            request = ua.CreateMonitoredItemsRequest()
            request.Parameters.SubscriptionId = self._id
            request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
            request.Parameters.ItemsToCreate = [self._item(h, nodes[h], items[h], filtered) for h in chunk]
            try:
                results = (await self._session.ask(request, ua.CreateMonitoredItemsResponse)).Results
            except errors.BadTooManyOperations:
                if most == 1:
                    raise Refused("opcua.monitors_no_item") from None
                most //= 2
                continue
            if len(results) != len(chunk):
                raise Ended(Failure.TURNED_AWAY, "opcua.other_number_of_items")
            for handle, result in zip(chunk, results, strict=True):
                code = result.StatusCode.value
                if filtered and items[handle].deadband > 0 and code in _FILTER_REFUSED:
                    again.append(handle)
                elif bad(code):
                    self.refused[handle] = code
            position += len(chunk)
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

    async def publish(self, take: Callable[[Published], None]) -> None:
        """Hand over everything published, in order, until the epoch ends; then raise WireError. Never returns.

        Nothing queues here: `take` runs before its request is asked again, so the server's queues are the only ones
        and their overflow is counted.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(OUTSTANDING):
                    group.create_task(self._publisher(take))
                group.create_task(self._watch())
        except BaseExceptionGroup as problems:
            raise first_wire_error(problems) from None

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            left = self.last_publish + self.silence_s - loop.time()
            if left <= 0:
                raise Ended(Failure.SILENCE, "opcua.no_publish", for_s=self.silence_s)
            await asyncio.sleep(left)

    async def _publisher(self, take: Callable[[Published], None]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            request = ua.PublishRequest()
            request.Parameters.SubscriptionAcknowledgements = [
                ua.SubscriptionAcknowledgement(SubscriptionId=s, SequenceNumber=n) for s, n in self._acknowledge
            ]
            self._acknowledge = []
            try:
                data = await self._session.ask_raw(request, timeout_s=0)
            except Ended as problem:
                if isinstance(problem.__cause__, errors.BadTooManyPublishRequests):
                    await asyncio.Event().wait()  # the server holds fewer than we offer: this one rests
                if isinstance(problem.__cause__, errors.BadTimeout):
                    continue
                raise
            published = decode_publish(bytes(data))
            if published is None:
                self._counters.decoded_slowly += 1
                published = decode_slowly(data)
            if published.subscription != self._id:
                continue
            self.last_publish = loop.time()
            self._account(published)
            if published.ended:
                status = status_name(published.ended)
                raise Ended(Failure.TURNED_AWAY, "opcua.subscription_ended", status=status)
            take(published)

    def _account(self, published: Published) -> None:
        counters = self._counters
        counters.publishes += 1
        if not published.changes and not published.ended:
            return  # a keep-alive carries the *next* sequence number and is not acknowledged
        self._acknowledge.append((published.subscription, published.sequence))
        if self._sequence and published.sequence != self._sequence % 0xFFFF_FFFF + 1:
            counters.gaps += 1
        self._sequence = published.sequence
        counters.values += len(published.changes)


def queue_size(sampling_ms: float, publishing_ms: float) -> int:
    """How many values of an item the server shall hold: six seconds' worth, at least twice what one publish takes."""
    step = sampling_ms if sampling_ms > 0 else min(publishing_ms, 100.0)
    return max(2, min(QUEUE_MOST, math.ceil(max(QUEUE_S * 1000, 2 * publishing_ms) / step)))


def decode_slowly(data: Any) -> Published:
    """The same by asyncua's generic decoder, for what `decode_publish` leaves alone."""
    try:
        answer = struct_from_binary(ua.PublishResponse, data)
        answer.ResponseHeader.ServiceResult.check()
        result = answer.Parameters
        message = result.NotificationMessage
        changes: list[Change] = []
        ended = 0
        for part in message.NotificationData or []:
            if isinstance(part, ua.DataChangeNotification):
                for item in part.MonitoredItems:
                    got = reading(item.Value)
                    changes.append((item.ClientHandle, got.value, got.status, got.ticks))
            elif isinstance(part, ua.StatusChangeNotification):
                ended = part.Status.value or ua.StatusCodes.BadShutdown
        sent = message.PublishTime if message.PublishTime > ua.get_win_epoch() else answer.ResponseHeader.Timestamp
        ticks = ua.datetime_to_win_epoch(sent)
        return Published(result.SubscriptionId, message.SequenceNumber, result.MoreNotifications, ticks, changes, ended)
    except ua.UaStatusCodeError:
        raise
    except Exception as problem:  # the socket boundary
        text = f"{type(problem).__name__}: {problem}"
        raise Ended(Failure.TURNED_AWAY, "opcua.unreadable_notification", why=text) from problem
