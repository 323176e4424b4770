"""The platform's end for many gateways: what comes in a moment is kept in one commit and acknowledged in one word."""

import queue
import threading
import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

import orjson
from paho.mqtt import client as paho

from agent.runtime.signed import ACKNOWLEDGEMENT
from hil.platform.receiver import Receiver


class Takes(Protocol):
    """Keeps messages."""

    def take(self, messages: list[tuple[dict[str, Any], bytes]], /) -> int:
        """All of them on disk, or OSError."""


@dataclass
class BatchingReceiver(Receiver):
    """Keeps in `into`, at most `most` at once, what comes within `gather_s` seconds of the first.

    What could not be kept is neither acknowledged nor told to the broker, which has it for the next connection.
    """

    into: Takes | None = None
    most: int = 1000
    gather_s: float = 0.05
    batches: list[int] = field(default_factory=list)
    """How many messages each commit had."""
    trouble: list[str] = field(default_factory=list)
    """Why a batch was not kept."""
    _waiting: "queue.Queue[tuple[paho.Client, paho.MQTTMessage] | None]" = field(default_factory=queue.Queue)
    _keeping: threading.Thread | None = None

    def start(self) -> None:
        """As `Receiver.start`, and keep in a thread of its own."""
        self._keeping = threading.Thread(target=self._keep, name="keeps", daemon=True)
        self._keeping.start()
        super().start()

    def stop(self) -> None:
        """Say goodbye once everything that came is kept."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            self._waiting.put(None)
            keeping.join()
        super().stop()

    def _lane(self, client: paho.Client, _gateway: str, message: paho.MQTTMessage, /) -> None:
        self._waiting.put((client, message))

    def _keep(self) -> None:
        ended = False
        while not ended and (first := self._waiting.get()) is not None:
            batch, until_s = [first], time.monotonic() + self.gather_s
            while not ended and len(batch) < self.most and (left_s := until_s - time.monotonic()) > 0:
                try:
                    one = self._waiting.get(timeout=left_s)
                except queue.Empty:
                    break
                if one is None:
                    ended = True
                else:
                    batch.append(one)
            self._take_all(batch)

    def _take_all(self, batch: list[tuple[paho.Client, paho.MQTTMessage]]) -> None:
        came = [(orjson.loads(message.payload), bytes(message.payload)) for _, message in batch]
        assert self.into is not None
        try:
            self.into.take([(parsed, raw) for parsed, raw in came if parsed.get("kept") is not False])
        except OSError as error:
            self.trouble.append(str(error))
            return
        self.batches.append(len(batch))
        have: dict[str, list[dict[str, Any]]] = {}
        for parsed, raw in came:
            about = {"boot": parsed["boot"], "seq": parsed["seq"], "sha256": sha256(raw).hexdigest()}
            have.setdefault(parsed["gateway"], []).append(about)
        for client, message in batch:
            client.ack(message.mid, message.qos)
        for gateway, some in have.items() if self.acknowledge else ():
            answer = self._signed(orjson.dumps({"v": 2, "gateway": gateway, "have": some}), ACKNOWLEDGEMENT)
            batch[-1][0].publish(f"{self.prefix}/{gateway}/ack", answer, qos=1)
