"""A Session drives paho's protocol engine from the event loop: every publish ends with the broker's own answer.

Decision 0160 says why not through aiomqtt: it drops the reason code of a PUBACK, and a publish outlives its connection.
"""

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, TypeVar

from paho.mqtt import client as paho
from paho.mqtt.reasoncodes import ReasonCode

from protocols.errors import Busy, NoAnswer, NotConnected
from protocols.mqtt.dial import LARGEST_BYTES, BoundedClient, PacketTooLarge, dial, hang_up
from protocols.mqtt.link import Hear, Link, OnEnd
from protocols.mqtt.patience import Patience
from protocols.mqtt.reasons import PACKET_TOO_LARGE, broker_reason, refusal
from protocols.reason import Reason

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike  # paho defines it for type checkers only

LOOKS = 8  # so often within `answer_s` a waiting publish looks whether the wire moves
GOODBYE_S = 1.0  # how long a full socket may hold up our DISCONNECT
HEAD_ROOM = 16  # bytes of a PUBLISH besides topic and payload, properties empty

T = TypeVar("T")


class Session:
    """One connection at a time. Every `connect` starts with fresh protocol state, so nothing old is ever resent."""

    def __init__(
        self, link: Link, on_message: Hear | None = None, on_end: OnEnd | None = None, on_kept: Hear | None = None
    ) -> None:
        self.link = link
        self.window = link.in_flight
        self._on_message = on_message
        self._on_kept = on_kept or on_message  # told what a broker had kept, retained, when we subscribed
        self._on_end = on_end  # told why a connection ended, once for each
        self._client: BoundedClient | None = None
        self._patience: Patience
        self._ended = asyncio.Event()
        self._ended.set()
        self._why = Reason("mqtt.not_connected", place=str(link))
        self._greeted: asyncio.Future[None] | None = None
        self._waiting: dict[int, asyncio.Future[ReasonCode]] = {}
        self._subscribing: dict[int, asyncio.Future[list[ReasonCode]]] = {}
        self._room = asyncio.Semaphore(link.in_flight)
        self._largest = 268_435_455  # MQTT's own bound, until the broker names a lower one
        self._keeper: asyncio.TimerHandle | None = None
        self._writing = False

    @property
    def connected(self) -> bool:
        """Whether the broker has let us in and the connection stands, as far as can be known."""
        return not self._ended.is_set()

    def most_bytes(self, topic: str) -> int:
        """What the broker takes as the payload of one message, as far as it has said."""
        return self._largest - len(topic.encode()) - HEAD_ROOM

    def carried_bytes(self) -> int:
        """What the connection there is has cost so far, both ways."""
        return 0 if self._client is None else self._client.carried_bytes()

    async def connect(self, link: Link | None = None) -> None:
        """Connect and be greeted, by this `link` from now on where one is given.

        Raises NotConnected, NoAnswer, Busy, or Refused (rights, certificates, files).
        """
        await self.close()
        self.link = link or self.link
        loop = asyncio.get_running_loop()
        client = await dial(self.link)
        sock = client.socket()
        if not isinstance(sock, socket.socket):
            raise NotConnected("mqtt.closed_at_once", place=str(self.link))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # with Nagle each strict delivery waits 40 ms
        self._client, self._greeted = client, loop.create_future()
        self._patience = Patience(loop.time, self.link.answer_s)
        self._room = asyncio.Semaphore(self.link.in_flight)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_publish, client.on_subscribe = self._published, self._subscribed
        client.on_message, client.on_socket_close = self._arrived, self._closing
        loop.add_reader(sock.fileno(), self._readable, sock)
        self._flush()
        self._keep()
        try:
            async with asyncio.timeout(self.link.answer_s):
                await self._greeted
        except TimeoutError:
            self._drop(Reason("mqtt.gave_up", place=str(self.link)))
            raise NoAnswer("mqtt.no_greeting", place=str(self.link), within_s=self.link.answer_s) from None
        except BaseException:
            self._drop(Reason("mqtt.not_let_in", place=str(self.link)))
            raise
        self._ended.clear()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Send at QoS 1 and return the broker's reason code once it has it: 0, or 0x10 where nobody is subscribed.

        Waits while the wire moves, as `Patience` says. Raises NotConnected at once when the connection ends, NoAnswer
        (and ends it), Busy, Refused.
        """
        if len(payload) > self.most_bytes(topic):
            raise refusal("mqtt.too_large", PACKET_TOO_LARGE, topic=topic, bytes=len(payload), most_bytes=self._largest)
        room = self._room
        await room.acquire()
        client = self._client
        if client is None or not self.connected or room is not self._room:
            room.release()  # wakes the next one waiting, which ends here too
            raise NotConnected(self._why)
        info = client.publish(topic, payload, qos=1, retain=retain)
        if self._client is not client:  # paho writes at once, and found the wire broken
            raise NotConnected(self._why)
        if info.rc == paho.MQTT_ERR_QUEUE_SIZE:
            room.release()
            raise Busy("mqtt.no_packet_id", place=str(self.link))
        answer: asyncio.Future[ReasonCode] = asyncio.get_running_loop().create_future()
        self._waiting[info.mid] = answer  # stays until the PUBACK: a cancelled publish still fills the broker's window
        self._patience.asked(info.mid, len(payload))
        self._flush()
        try:
            reason = await self._answer(answer)
        except TimeoutError:
            self._drop(Reason("mqtt.unanswered_publish", place=str(self.link)))
            raise NoAnswer("mqtt.no_confirmation", place=str(self.link), within_s=self.link.answer_s) from None
        if reason.value >= 0x80:
            raise refusal("mqtt.refuses_topic", reason.value, place=str(self.link), topic=topic)
        return reason.value

    async def subscribe(self, topic: str) -> None:
        """Have `on_message` called with what arrives, at QoS 1. Raises as `publish` does."""
        client = self._client if self.connected else None
        _, mid = (None, None) if client is None else client.subscribe(topic, qos=1)
        if mid is None or self._client is not client:
            raise NotConnected(self._why)
        answer: asyncio.Future[list[ReasonCode]] = asyncio.get_running_loop().create_future()
        self._subscribing[mid] = answer
        self._flush()
        try:
            reason = (await self._answer(answer))[0]
        except TimeoutError:
            raise NoAnswer("mqtt.no_answer_to_subscribing", place=str(self.link), topic=topic) from None
        if reason.value >= 0x80:
            raise refusal("mqtt.refuses_subscribing", reason.value, place=str(self.link), topic=topic)

    async def _answer(self, answer: "asyncio.Future[T]") -> T:
        """What the broker says to it, however late while the wire moves. Raises TimeoutError, and what ended it."""
        since_s, patience = asyncio.get_running_loop().time(), self._patience
        while not answer.done():
            await asyncio.wait([answer], timeout=self.link.answer_s / LOOKS)
            if answer.done() or self._client is None:
                continue
            patience.look(self._client.socket())  # type: ignore[arg-type]  # a plain or a TLS socket: dial saw to it
            if patience.over(since_s):
                raise TimeoutError
            if patience.still_s(since_s) >= self.link.answer_s / 2:
                self._client.ask_whether_there()
                self._flush()
        return answer.result()

    async def lost(self) -> None:
        """Return when the connection is gone, at once if there is none."""
        await self._ended.wait()

    async def close(self) -> None:
        """Say goodbye within a second, or go without. Never raises; harmless when there is nothing to close."""
        if self._client is not None and self.connected:
            self._client.disconnect()
            self._flush()
            try:
                with contextlib.suppress(TimeoutError):  # the wire is full or dead: the broker will notice by itself
                    async with asyncio.timeout(GOODBYE_S):
                        await self._ended.wait()
            finally:
                self._drop(Reason("mqtt.closed_by_us", place=str(self.link)))
        else:
            self._drop(self._why)

    # -- the wire ---------------------------------------------------------------------------------------------------

    def _readable(self, sock: "SocketLike") -> None:
        client = self._client
        if client is None:
            return
        try:
            client.loop_read()
            self._patience.came()
            while (pending := getattr(sock, "pending", None)) is not None and client.socket() is sock and pending() > 0:
                client.loop_read()  # what TLS has already decrypted makes no socket readable
        except PacketTooLarge as packet:
            told = {"bytes": packet.announced, "most_bytes": LARGEST_BYTES}
            self._drop(Reason("mqtt.packet_too_large", place=str(self.link), **told))
        except Exception as garbage:  # the socket boundary: paho raises anything at all on a bad packet
            error = type(garbage).__name__
            self._drop(Reason("mqtt.not_mqtt", place=str(self.link), error=error, text=str(garbage)))
        self._flush()  # nothing, where it was dropped

    def _flush(self) -> None:
        """Write what paho has queued; watch for room where the socket is full."""
        client = self._client
        if client is None:
            return
        if client.want_write():
            client.loop_write()
        sock = client.socket()
        full = client.want_write()  # paho writes by itself as well: look anew, or an idle writer spins for ever
        if sock is None or full == self._writing:
            return
        self._writing = full
        loop = asyncio.get_running_loop()
        if full:
            loop.add_writer(sock.fileno(), self._flush)
        else:
            loop.remove_writer(sock.fileno())

    def _keep(self) -> None:
        """Send pings when due and notice a silent broker (within two keep-alives)."""
        if self._client is None:
            return
        self._client.loop_misc()
        self._flush()
        if self._client is not None:
            if self._keeper is not None:
                self._keeper.cancel()
            every_s = (self._client.keepalive or self.link.keepalive_s) / 4  # the broker may have asked for another one
            self._keeper = asyncio.get_running_loop().call_later(every_s, self._keep)

    def _closing(self, _client: paho.Client, _data: object, sock: "SocketLike") -> None:
        loop = asyncio.get_running_loop()
        if sock.fileno() >= 0:
            loop.remove_reader(sock.fileno())
            loop.remove_writer(sock.fileno())
        self._writing = False

    def _drop(self, why: Reason) -> None:
        """End this connection, telling everyone who waits on it. Only the first reason counts."""
        client, self._client = self._client, None
        if client is None:
            return
        self._why = why
        if self._keeper is not None:
            self._keeper.cancel()
        hang_up(client, self._closing)
        for waiting in (*self._waiting.values(), *self._subscribing.values(), self._greeted):
            if waiting is not None and not waiting.done():
                waiting.set_exception(NotConnected(why))
                waiting.exception()  # looked at: whoever waited for it may be gone
        self._waiting.clear()
        self._subscribing.clear()
        self._ended.set()
        self._room.release()
        if self._on_end is not None:
            self._on_end(why)

    # -- what paho calls --------------------------------------------------------------------------------------------

    def _connected(
        self, _client: paho.Client, _data: object, _flags: object, reason: ReasonCode, given: object
    ) -> None:
        if self._greeted is None or self._greeted.done():
            return
        if reason.value >= 0x80:
            no = refusal("mqtt.refuses", reason.value, place=str(self.link))
            self._greeted.set_exception(no)
            return
        self._largest = getattr(given, "MaximumPacketSize", self._largest)
        self.window = min(self.link.in_flight, getattr(given, "ReceiveMaximum", self.link.in_flight))
        self._room = asyncio.Semaphore(self.window)
        self._greeted.set_result(None)
        asyncio.get_running_loop().call_soon(self._keep)

    def _disconnected(self, _client: paho.Client, _data: object, flags: object, reason: ReasonCode, _g: object) -> None:
        by_broker = getattr(flags, "is_disconnect_packet_from_server", False)
        if by_broker:
            self._drop(Reason("mqtt.refuses", place=str(self.link), why=broker_reason(reason.value)))
        else:
            self._drop(Reason("mqtt.connection_lost", place=str(self.link)))

    def _published(self, _client: paho.Client, _data: object, mid: int, reason: ReasonCode, _given: object) -> None:
        answer = self._waiting.pop(mid, None)
        self._patience.answered(mid)
        if answer is not None:
            self._room.release()
            if not answer.done():
                answer.set_result(reason)

    def _subscribed(self, _c: paho.Client, _data: object, mid: int, reasons: list[ReasonCode], _given: object) -> None:
        answer = self._subscribing.pop(mid, None)
        if answer is not None and not answer.done():
            answer.set_result(reasons)

    def _arrived(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if (hear := self._on_kept if message.retain else self._on_message) is not None:
            hear(message.topic, bytes(message.payload))
