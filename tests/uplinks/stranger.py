"""A receiver by somebody who has read docs/platform-contract.md and nothing else: the city, its rate, its alarms.

It may import nothing of this project. It keeps what a broker keeps, and draws from that.
"""

import json
import threading
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


class Stranger:
    """`connect`, and look at `city`, `rate`, `alarms` whenever the gateway's head says that all is there."""

    def __init__(self, port: int, gateway: str) -> None:
        self._port = port
        self._base = f"hydronest/{gateway}"
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, Any]] = {}
        self.trouble: list[str] = []
        self.answers: dict[str, str] = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="stranger")
        self._client.on_connect = self._connected
        self._client.on_message = self._arrived
        self._client.reconnect_delay_set(1, 1)

    def start(self) -> None:
        self._client.connect_async("127.0.0.1", self._port, 20)
        self._client.loop_start()

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: mqtt.Client, *_rest: object) -> None:
        """What a broker keeps no more is never said to be gone: each connection begins with an empty picture."""
        with self._lock:
            self._kept.clear()
        wanted = ("state/#", "status", "site", "answer")
        client.subscribe([(f"{self._base}/{topic}", 1) for topic in wanted])

    def tell(self, kind: str, content: dict[str, Any]) -> str:
        """Tell the gateway a fact; the name that its answer bears."""
        payload = json.dumps(content).encode()
        self._client.publish(f"{self._base}/order/fact/{kind}", payload, qos=1)
        return sha256(payload).hexdigest()

    def _arrived(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        topic = message.topic.removeprefix(f"{self._base}/")
        with self._lock:
            if not message.payload:
                self._kept.pop(topic, None)
                return
            document = json.loads(message.payload)
            if document["v"] != 1:
                self.trouble.append(f"{topic} is of version {document['v']}")
                return
            if topic == "answer":
                self.answers[document["sha256"]] = document["status"]
                return
            kind, _, name = topic.removeprefix("state/").partition("/")
            if kind in ("asset", "incident", "nest", "aircraft", "rule") and unquote(name) != document["id"]:
                self.trouble.append(f"{topic} is about {document['id']}")
            self._kept[topic] = document

    def _of(self, kind: str) -> list[dict[str, Any]]:
        with self._lock:
            return [one for topic, one in sorted(self._kept.items()) if topic.startswith(f"state/{kind}/")]

    def head(self) -> tuple[str, int]:
        """(boot, version) up to which everything is here."""
        with self._lock:
            head = self._kept.get("state", {})
        return head.get("boot", ""), head.get("version", 0)

    def city(self) -> dict[str, Any]:
        """GeoJSON of everything that has a place and is there."""
        says = {rule["id"]: rule["say"]["en"] for rule in self._of("rule")}
        features = []
        for asset in self._of("asset"):
            if asset["place"] is None or asset["life"] in ("retired", "replaced"):
                continue
            place = [asset["place"]["lon"], asset["place"]["lat"]]
            because = [says.get(why["facts"].get("rule", ""), why["code"]) for why in asset["reasons"]]
            about = {"id": asset["id"], "state": asset["state"], "because": because, "since": asset["since"]}
            about |= {name: reading["value"] for name, reading in asset["reading"].items()}
            point = {"type": "Point", "coordinates": place}
            features.append({"type": "Feature", "geometry": point, "properties": about})
        return {"type": "FeatureCollection", "features": features}

    def states(self) -> dict[str, tuple[str, list[str]]]:
        """Of each asset its state and the rules that say why."""
        return {one["id"]: (one["state"], sorted(_short(why) for why in one["reasons"])) for one in self._of("asset")}

    def lives(self) -> dict[str, Any]:
        """What each asset is."""
        return {one["id"]: one["life"] for one in self._of("asset")}

    def rates(self) -> dict[str, dict[str, list[int]]]:
        """By what, and of which group: serviceable, not, unknown, as told."""
        with self._lock:
            told = [one for topic, one in self._kept.items() if topic.split("/")[:2] == ["state", "rate"]]
        found: dict[str, dict[str, list[int]]] = {}
        for one in told:
            counts = [one["serviceable"], one["not_serviceable"], one["unknown"]]
            found.setdefault(one["by"], {})[one["group"]] = counts
        return found

    def own_rate(self) -> list[int]:
        """The same of all, counted again from the assets."""
        counted = [one["counts_as"] for one in self._of("asset")]
        return [counted.count(state) for state in ("serviceable", "not_serviceable", "unknown")]

    def alarms(self) -> set[tuple[str, str, str, str]]:
        """(subject, kind, severity, acknowledged by) of everything that stands."""
        return {
            (one["subject"], alarm["kind"], alarm["severity"], (alarm["acknowledged"] or {"by": ""})["by"])
            for one in self._of("alarm")
            for alarm in one["alarms"]
        }

    def incidents(self) -> dict[str, str]:
        """Which are open, and which closed."""
        return {one["id"]: one["state"] for one in self._of("incident")}


def _short(why: dict[str, Any]) -> str:
    rule, code = why["facts"].get("rule"), str(why["code"])
    return code if rule is None else str(rule) + ("?" if code == "verdict.not_known" else "")
