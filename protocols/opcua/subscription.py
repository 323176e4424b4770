"""A subscription whose every item is accounted for, its publish loop, and the proof that it still lives."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocols.errors import first_wire_error
from protocols.opcua.back_off import Failure
from protocols.opcua.change import Change, Item, Published
from protocols.opcua.items import MonitoredItems
from protocols.opcua.library import NodeId, errors, struct_from_binary, ua
from protocols.opcua.notification import decode_publish
from protocols.opcua.session import Session, reading
from protocols.opcua.status import status_name
from protocols.opcua.trouble import Ended

KEEP_ALIVE_S: Final = 2.0
LIFETIME_COUNT: Final = 60
SILENT_KEEP_ALIVES: Final = 2.5
NOTIFICATIONS_PER_PUBLISH: Final = 2000
OUTSTANDING: Final = 3  # Publish requests the server holds; also the bound on what can wait here


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
        self.items = MonitoredItems(session, publishing_ms)
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
        self._publishing_ms = revised.RevisedPublishingInterval
        # the *revised* values: a server may have made the keep-alive minutes long
        self.silence_s = (
            SILENT_KEEP_ALIVES * revised.RevisedPublishingInterval * revised.RevisedMaxKeepAliveCount / 1000
        )
        self.items.subscription = self._id
        await self.items.watch(dict(enumerate(zip(nodes, items, strict=True))))

    def notifies_within_s(self, handle: int) -> float:
        """How long a change may take to be told: two publishing intervals and two looks, as the server revised them."""
        return 2 * (self._publishing_ms + max(self.items.sampling_ms.get(handle, 0.0), 0.0)) / 1000

    async def publish(self, take: Callable[[Published], None]) -> None:
        """Hand over everything published, in order, until the epoch ends; then raise WireError. Never returns.

        Nothing queues here: `take` runs before its request is asked again, so the server's queues are the only ones
        and their overflow is counted. Silence counts from here: a thousand items made one by one take their time.
        """
        self.last_publish = asyncio.get_running_loop().time()
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
