"""The platform's end of MQTT, on paho's own loop and not on our session: an independent reader of what we send."""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.runtime.signed import ACKNOWLEDGEMENT, MISSING, signature
from hil.patience import LOOK_S, Patience
from hil.platform.store import Store

SESSION_S = 86_400
"""How long the broker keeps what came for us while we are away."""

LANES = frozenset({"event", "telemetry", "summary"})


@dataclass
class Receiver:
    """Stores what arrives, tells the broker and then the gateway so only when it is on disk.

    `acknowledge` sends the platform's own acknowledgement for `confirm = "platform"`, signed with `key` where there is
    one. `refuses` may name why a message is never taken. `stall` leaves everything unanswered until `go_on`; `vanish`
    drops the connection without a word.
    """

    store: Store
    port: int
    host: str = "127.0.0.1"
    prefix: str = "hydronest"
    client_id: str = "platform"
    acknowledge: bool = True
    key: Ed25519PrivateKey | None = None
    protocol: str = "5"
    tls: Path | None = None
    user: str | None = None
    password: str | None = None
    refuses: Callable[[dict[str, Any]], str | None] = lambda _message: None
    _client: paho.Client | None = None
    _subscribed: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stalled: bool = False
    _held: list[paho.MQTTMessage] = field(default_factory=list)

    def start(self) -> None:
        """Connect (again and again until it works) and receive in a thread."""
        five = self.protocol == "5"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            protocol=paho.MQTTv5 if five else paho.MQTTv311,
            clean_session=None if five else False,
            manual_ack=True,
        )
        client.on_connect, client.on_subscribe, client.on_message = self._connected, self._heard, self._arrived
        client.on_socket_open = _at_once
        client.reconnect_delay_set(0.2, 0.5)  # type: ignore[arg-type] # it counts in whole seconds only on paper
        if self.tls is not None:
            client.tls_set(str(self.tls / "ca.pem"), str(self.tls / "platform.pem"), str(self.tls / "platform.key"))
        if self.user is not None:
            client.username_pw_set(self.user, self.password)
        self._subscribed.clear()
        self._client = client
        if five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho left it untyped
            properties.SessionExpiryInterval = SESSION_S
            client.connect_async(self.host, self.port, 20, clean_start=False, properties=properties)
        else:
            client.connect_async(self.host, self.port, 20)
        client.loop_start()

    def subscribed(self) -> bool:
        """Wait until the broker has taken our subscription; whether it has. Blocks: use it from a thread."""
        patience = Patience("the broker takes no subscription", 10.0)
        while not self._subscribed.wait(LOOK_S):
            if patience.over():
                return False
        return True

    def stop(self) -> None:
        """Say goodbye; the broker goes on collecting for us."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def vanish(self) -> None:
        """Break the connection as a dead machine would, and stay away until `start`."""
        client, self._client = self._client, None
        if client is None:
            return
        client.on_message = None
        sock = client.socket()
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        client.disconnect()
        client.loop_stop()

    def stall(self) -> None:
        """Take nothing more in and answer nothing, but stay connected."""
        with self._lock:
            self._stalled = True

    def go_on(self) -> None:
        """Work off what was held back."""
        with self._lock:
            self._stalled = False
            held, self._held = self._held, []
        if self._client is not None:
            for message in held:
                self._work(self._client, message)

    def ask(self, gateway: str) -> int:
        """Ask a gateway for what is missing of it; how many gaps."""
        gaps = self.store.missing(gateway)
        if gaps and self._client is not None:
            asked = orjson.dumps({"v": 1, "gateway": gateway, "missing": gaps})
            self._client.publish(f"{self.prefix}/{gateway}/missing", self._signed(asked, MISSING), qos=1)
        return len(gaps)

    def _connected(self, client: paho.Client, *_rest: object) -> None:
        client.subscribe([(f"{self.prefix}/+/+", 1), (f"{self.prefix}/+/state/#", 1)])

    def _heard(self, *_rest: object) -> None:
        self._subscribed.set()

    def _arrived(self, client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        with self._lock:
            if self._stalled:
                self._held.append(message)
                return
        self._work(client, message)

    def _work(self, client: paho.Client, message: paho.MQTTMessage) -> None:
        gateway, _, what = message.topic.removeprefix(f"{self.prefix}/").partition("/")
        if what in LANES:
            self._lane(client, gateway, message)
            return
        if what.partition("/")[0] in ("status", "site", "state"):
            self.store.retain(message.topic, bytes(message.payload))
        client.ack(message.mid, message.qos)

    def _lane(self, client: paho.Client, gateway: str, message: paho.MQTTMessage, /) -> None:
        self._take(client, gateway, bytes(message.payload))
        client.ack(message.mid, message.qos)

    def _take(self, client: paho.Client, gateway: str, raw: bytes) -> None:
        message: dict[str, Any] = orjson.loads(raw)
        boot, seq = message["boot"], message["seq"]
        why_not = self.refuses(message)
        if message.get("kept") is False:
            self.store.show(message)
        elif why_not is None:
            self.store.take([(message, raw)])
        if self.acknowledge:
            answer: dict[str, Any] = {"v": 2, "gateway": gateway}
            about = {"boot": boot, "seq": seq, "sha256": sha256(raw).hexdigest()}
            if why_not is None:
                answer["have"] = [about]
            else:
                answer["refused"] = [{**about, "why": why_not}]
            client.publish(f"{self.prefix}/{gateway}/ack", self._signed(orjson.dumps(answer), ACKNOWLEDGEMENT), qos=1)

    def _signed(self, answer: bytes, meant_for: bytes) -> bytes:
        if self.key is None:
            return answer
        text = answer.decode()
        return orjson.dumps({"payload": text, "signature": signature(self.key, meant_for, text)})


def _at_once(_client: paho.Client, _data: object, sock: object) -> None:
    """Without this an acknowledgement waits 40 ms for the next packet (Nagle against delayed ACK)."""
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
