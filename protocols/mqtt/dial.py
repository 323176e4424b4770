"""Dials a broker in a thread of its own, as paho's dialling blocks; cancelled or late, it leaves no socket behind."""

import asyncio
import socket
import threading
from collections.abc import Callable

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from protocols.errors import WireError
from protocols.mqtt.link import Link, TlsContext
from protocols.mqtt.reasons import dial_trouble

LARGEST_BYTES = 1 << 20
"""What we let a broker send in one packet: orders and acknowledgements are small, our memory is, too."""


class PacketTooLarge(Exception):
    """`announced` bytes are coming."""

    def __init__(self, announced: int) -> None:
        super().__init__(announced)
        self.announced = announced


class BoundedClient(paho.Client):
    """paho takes what MQTT allows, 256 MB; this takes nothing of a packet that is announced as larger than ours."""

    interface: str | None = None

    def _create_socket_connection(self) -> socket.socket:
        """As paho's, by one interface where it is named."""
        if self.interface is None:
            return super()._create_socket_connection()
        from protocols.bearer import dialled

        return dialled(self._host, self._port, self._connect_timeout, self.interface)

    def _sock_recv(self, bufsize: int) -> bytes:
        """As paho's. Raises PacketTooLarge."""
        packet = self._in_packet
        if packet["have_remaining"] and packet["remaining_length"] > LARGEST_BYTES:
            raise PacketTooLarge(packet["remaining_length"])
        return super()._sock_recv(bufsize)

    def carried_bytes(self) -> int:
        """Over the connection there is, both ways."""
        from protocols.bearer import carried_bytes

        return carried_bytes(self.socket())

    def ask_whether_there(self) -> None:
        """Send a ping, unless one is under way: a broker that takes its time over a message answers it all the same."""
        if self._ping_t == 0:
            self._send_pingreq()


async def dial(link: Link) -> BoundedClient:
    """TCP and TLS in a thread of their own, as paho's dialling blocks; CONNECT is sent when this returns."""
    loop = asyncio.get_running_loop()
    dialled: asyncio.Future[BoundedClient] = loop.create_future()
    abandoned = threading.Event()

    def settle(client: BoundedClient | None, error: WireError | None) -> None:
        if dialled.done():
            hang_up(client)
        elif error is not None:
            dialled.set_exception(error)
        elif client is not None:
            dialled.set_result(client)

    def dial() -> None:
        client: BoundedClient | None = None
        context: TlsContext | None = None
        error: WireError | None = None
        try:
            context = link.tls_context()
            client = _prepared(link, context)
            _connect(client, link)
        except WireError as trouble:
            error = trouble
        except (OSError, ValueError) as trouble:  # ValueError: a host name that is none
            error = dial_trouble(str(link), link.server_name or link.host, trouble)
            if context is not None:
                context.hang_up()
        if abandoned.is_set():
            hang_up(client)
            return
        try:
            loop.call_soon_threadsafe(settle, client, error)
        except RuntimeError:  # the loop has ended meanwhile
            hang_up(client)

    threading.Thread(target=dial, name=f"dial {link.host}", daemon=True).start()
    try:
        return await dialled
    except asyncio.CancelledError:
        abandoned.set()
        raise


def _prepared(link: Link, context: TlsContext | None) -> BoundedClient:
    """A paho client told everything of `link`, not yet connected."""
    five = link.protocol == "5"
    client = BoundedClient(
        CallbackAPIVersion.VERSION2,
        client_id=link.client_id,
        protocol=paho.MQTTv5 if five else paho.MQTTv311,
        clean_session=None if five else link.session_expiry_s == 0,
        reconnect_on_failure=False,
    )
    client.connect_timeout = link.answer_s
    client.interface = link.interface
    client.max_inflight_messages_set(0)  # the Session bounds it: paho does not know the broker's Receive Maximum
    if context is not None:
        client.tls_set_context(context)
    if link.user is not None:
        client.username_pw_set(link.user, link.password())
    if link.will is not None:
        client.will_set(link.will.topic, link.will.payload, qos=1, retain=True)
    return client


def _connect(client: BoundedClient, link: Link) -> None:
    """Dial and send CONNECT; blocks. With MQTT 5, say whether and how long the broker shall keep our session."""
    if link.protocol != "5":
        client.connect(link.host, link.port, link.keepalive_s)
        return
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho left its __init__ untyped
    properties.SessionExpiryInterval = link.session_expiry_s
    properties.MaximumPacketSize = LARGEST_BYTES
    clean = link.session_expiry_s == 0
    client.connect(link.host, link.port, link.keepalive_s, clean_start=clean, properties=properties)


def hang_up(client: paho.Client | None, before: Callable[..., None] | None = None) -> None:
    """Close the socket under a client without a word, `before` being told of it first, and once."""
    sock = None if client is None else client.socket()
    if client is not None and sock is not None:
        client.on_socket_close = None  # paho tells it once more when it is collected, where no loop may run any more
        if before is not None:
            before(client, None, sock)
        sock.close()
