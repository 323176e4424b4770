"""Every message that a gateway sends anywhere in the suite is held to `docs/asyncapi.yaml` and the schemas it names.

Each shape of a message is validated once: what differs in texts and numbers alone fits or not like the first of them.
"""

import functools
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml  # type: ignore[import-untyped] # amqtt brings it; its stubs would be one more dependency for one test
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "config/schemas"
PREFIX = "hydronest/"
STATES = ("lane", "severity", "turn", "journal", "state", "life", "counts_as", "by", "status", "fails_as")
WORDS = frozenset((*STATES, "unit", "of", "code", "v"))
"""Members whose very value a schema asks for."""
wrong: list[str] = []
"""What did not fit, since it was looked at last."""


class Sent(NamedTuple):
    """What may be sent to an address."""

    address: "re.Pattern[str]"
    schema: Draft202012Validator
    retain: bool


@functools.cache
def contract() -> dict[str, Any]:
    """The AsyncAPI document."""
    told: dict[str, Any] = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text("utf-8"))
    return told


@functools.cache
def sent() -> tuple[Sent, ...]:
    """What a gateway may send, by the operations of the contract."""
    told = contract()
    resources = [(file.name, Resource.from_contents(json.loads(file.read_text("utf-8")))) for file in SCHEMAS.iterdir()]
    registry: Registry[Any] = Registry().with_resources(resources)
    found = []
    for operation in told["operations"].values():
        channel = told["channels"][operation["channel"]["$ref"].rpartition("/")[2]]
        (message,) = channel["messages"].values()
        payload = told["components"]["messages"][message["$ref"].rpartition("/")[2]]["payload"]
        if operation["action"] == "send":
            schema = {"$ref": payload["schema"]["$ref"].removeprefix("../config/schemas/")}
            validator = Draft202012Validator(
                schema, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
            )
            address = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(channel["address"]))
            found.append(Sent(re.compile(address), validator, operation["bindings"]["mqtt"]["retain"]))
    return tuple(found)


_seen: set[object] = set()


def check(topic: str, payload: bytes, *, retain: bool | None) -> None:
    """Note in `wrong` what does not fit. What goes down to a gateway is none of this. Never raises.

    `retain` is None where it arrived, and nobody can know.
    """
    try:
        _check(topic, payload, retain=retain)
    except Exception as bug:
        wrong.append(f"{topic}: {bug!r}")


def _check(topic: str, payload: bytes, *, retain: bool | None) -> None:
    if not topic.startswith(PREFIX) or "/order/" in topic or topic.endswith(("/ack", "/missing")):
        return
    fits = [one for one in sent() if one.address.fullmatch(topic)]
    if not fits:
        wrong.append(f"{topic} is no address of the contract")
        return
    (one,) = fits
    if retain is not None and one.retain != retain:
        wrong.append(f"{topic} is sent with retain = {retain}")
    if not payload and one.retain:
        return  # takes the document away
    try:
        message = json.loads(payload)
    except ValueError:
        wrong.append(f"{topic} carries no JSON: {payload[:80]!r}")
        return
    wrong.extend(f"{topic}: {name}" for name in unnamed(message))
    shape = one.address, _shape("", message)
    if shape not in _seen:
        _seen.add(shape)
        wrong.extend(f"{topic}: {error.json_path}: {error.message[:300]}" for error in one.schema.iter_errors(message))


def unnamed(message: dict[str, Any]) -> list[str]:
    """What the evidence of events, or of alarms, says under keys that the contract does not have of their kind."""
    named = keys_of_kinds()
    return [
        f"{event['kind']} has evidence under {key!r}, which the contract does not name"
        for event in (*message.get("events", ()), *message.get("alarms", ()))
        if isinstance(event, dict)
        for key in event.get("evidence", ())
        if key not in named.get(event["kind"], ()) and key not in named["any"]
    ]


@functools.cache
def keys_of_kinds() -> dict[str, frozenset[str]]:
    """The table of chapter 10 of the contract: keys of evidence by kind of event; those of every kind under `any`."""
    words = (
        (ROOT / "docs/platform-contract.md").read_text("utf-8").partition("| kinds | keys |\n")[2].partition("\n\n")[0]
    )
    found: dict[str, set[str]] = {}
    for row in words.splitlines()[1:]:
        kinds, keys = (re.findall(r"`([a-z_]+)`", cell) for cell in row.strip("|").split("|"))
        for kind in kinds or ["any"]:
            found.setdefault(kind, set()).update(keys)
    return {kind: frozenset(keys) for kind, keys in found.items()}


def _shape(name: str, value: Any) -> object:
    if isinstance(value, dict):
        return tuple(sorted((key, _shape(key, member)) for key, member in value.items()))
    if isinstance(value, list):
        return "list", frozenset(_shape("", one) for one in value)
    if isinstance(value, str):
        return value if name in WORDS else ("text", len(value) if len(value) in (0, 64) else 1, value[-1:] == "Z")
    if isinstance(value, bool | None):
        return str(value)
    return type(value).__name__, value > 0, value == 0


def watch() -> None:
    """Look at what is sent and received from now on, by whatever of ours is loaded."""
    _wrap("agent.uplinks.mqtt", "MqttUplink", "__init__", _uplink_made)
    _wrap("hil.platform.receiver", "Receiver", "_work", _received)
    _wrap("tests.uplinks.stranger", "Stranger", "_arrived", _heard)


def _wrap(module: str, name: str, method: str, around: Callable[[Any], Any]) -> None:
    loaded = sys.modules.get(module)
    if loaded is not None and not hasattr(getattr(getattr(loaded, name), method), "__wrapped__"):
        setattr(getattr(loaded, name), method, around(getattr(getattr(loaded, name), method)))


def _uplink_made(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def made(self: Any, *args: Any, **named: Any) -> None:
        init(self, *args, **named)
        publish = self._session.publish

        async def checked(topic: str, payload: bytes, *, retain: bool = False) -> int:
            check(topic, payload, retain=retain)
            reason: int = await publish(topic, payload, retain=retain)
            return reason

        self._session.publish = checked

    return made


def _received(work: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(work)
    def taken(self: Any, client: Any, message: Any) -> None:
        check(message.topic, bytes(message.payload), retain=None)
        work(self, client, message)

    return taken


def _heard(arrived: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(arrived)
    def taken(self: Any, client: Any, data: Any, message: Any) -> None:
        check(message.topic, bytes(message.payload), retain=None)
        arrived(self, client, data, message)

    return taken
