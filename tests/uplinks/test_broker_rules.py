"""The shipped access rules, by a real mosquitto: a gateway that was stolen orders nothing and reads no other."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from paho.mqtt import client as paho

from agent.uplinks.contract import Message
from agent.uplinks.mqtt import MqttUplink
from hil.broker import Mosquitto
from protocols.errors import NotConnected, Refused
from protocols.mqtt import Link, Session
from tests.uplinks.memory import a_site, record

pytestmark = pytest.mark.usefixtures("mosquitto_installed")
RULES = Path(__file__).parents[2] / "config/broker/mosquitto.acl"
USERS = ("gw-a", "gw-b", "platform", "desk")
GATEWAYS_OWN = ("event", "telemetry", "summary", "status", "site", "answer", "state", "state/asset/H1")
FROM_ABOVE = ("ack", "missing", "order/flight", "order/fact/incident")


class World:
    """The broker under these rules, and who is there."""

    def __init__(self, broker: Mosquitto, folder: Path) -> None:
        self.broker = broker
        self._folder = folder

    def link(self, user: str) -> Link:
        secret = self._folder / user
        secret.write_text(f"{user}'s\n")
        return Link("127.0.0.1", f"client-of-{user}", self.broker.port, user=user, password_file=secret)

    async def may_write(self, user: str, topic: str) -> bool:
        """mosquitto hangs up after some refusals: each is asked for over a connection of its own."""
        session = Session(self.link(user))
        await session.connect()
        try:
            await session.publish(topic, b"1")
        except (Refused, NotConnected):
            return False
        finally:
            await session.close()
        return True

    async def heard(self, user: str, by: str, topic: str, asks: str) -> bool:
        """Whether `user`, who asks for `asks`, gets what `by`, who may, says on `topic`."""
        got: list[str] = []
        ear = Session(self.link(user), lambda about, _payload: got.append(about))
        mouth = Session(self.link(by))
        await ear.connect()
        await mouth.connect()
        try:
            await ear.subscribe(asks)
            await mouth.publish(topic, b"1")
            await ear.subscribe(asks)  # answered behind whatever was on its way to us
        except Refused:
            return False
        finally:
            await mouth.close()
            await ear.close()
        return topic in got


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    broker = Mosquitto(tmp_path / "b", passwords={user: f"{user}'s" for user in USERS}, rules=RULES.read_text("utf-8"))
    await broker.start()
    yield World(broker, tmp_path)
    await broker.stop()


async def test_a_gateway_says_its_own_and_nothing_else(world: World) -> None:
    for what in GATEWAYS_OWN:
        assert await world.may_write("gw-a", f"hydronest/gw-a/{what}")
        assert not await world.may_write("gw-a", f"hydronest/gw-b/{what}")
    for what in FROM_ABOVE:
        for whose in ("gw-a", "gw-b"):
            assert not await world.may_write("gw-a", f"hydronest/{whose}/{what}"), "it orders and acknowledges nothing"


async def test_the_platform_orders_and_says_nothing_in_a_gateways_name_and_a_screen_says_nothing(world: World) -> None:
    for what in FROM_ABOVE:
        assert await world.may_write("platform", f"hydronest/gw-a/{what}")
    for what in GATEWAYS_OWN:
        assert not await world.may_write("platform", f"hydronest/gw-a/{what}")
    for what in (*GATEWAYS_OWN, *FROM_ABOVE):
        assert not await world.may_write("desk", f"hydronest/gw-a/{what}")


@pytest.mark.parametrize(
    ("user", "by", "topic", "hears"),
    [
        ("gw-a", "platform", "hydronest/gw-a/order/flight", True),
        ("gw-a", "platform", "hydronest/gw-b/order/flight", False),
        ("gw-a", "platform", "hydronest/gw-b/ack", False),
        ("gw-a", "gw-b", "hydronest/gw-b/telemetry", False),
        ("gw-a", "gw-b", "hydronest/gw-b/event", False),
        ("platform", "gw-b", "hydronest/gw-b/telemetry", True),
        ("desk", "gw-b", "hydronest/gw-b/telemetry", True),
        ("desk", "platform", "hydronest/gw-b/order/flight", False),
        ("desk", "gw-b", "hydronest/gw-b/state/alarm/H1", True),
        ("gw-a", "gw-b", "hydronest/gw-b/state/alarm/H1", False),
    ],
)
async def test_who_hears_what(world: World, user: str, by: str, topic: str, hears: bool) -> None:
    assert await world.heard(user, by, topic, "hydronest/#") is hears


async def test_the_agents_own_uplink_works_under_these_rules(world: World) -> None:
    uplink = MqttUplink("u", "gw-a", "b1", world.link("gw-a"), unheard="accept", site=a_site,
                        on_order=lambda _topic, _payload: None)  # fmt: skip
    await uplink.connect()
    assert uplink.unannounced == {}
    assert await uplink.deliver(Message("gw-a", record(1)))
    await uplink.close()


EMQX = RULES.with_name("emqx-acl.conf")
UNIVERSE = [
    f"{root}/{whose}/{what}"
    for root in ("hydronest", "other")
    for whose in ("gw-a", "gw-b", "platform", "desk")
    for what in (*GATEWAYS_OWN, *FROM_ABOVE, "order", "state/x/y", "nothing", "event/more", "order/a/b/c")
]
Rule = tuple[str, str, str]
"""Who (`*`: everybody), `publish` or `subscribe`, a filter; what no rule lets through is refused, in both files."""


def of_mosquitto() -> list[Rule]:
    rules, user = [], ""
    for line in RULES.read_text("utf-8").splitlines():
        words = line.split()
        if words[:1] == ["user"]:
            user = words[1]
        elif words[:1] in (["pattern"], ["topic"]):
            who = "*" if words[0] == "pattern" else user
            ways = {"read": ["subscribe"], "write": ["publish"], "readwrite": ["publish", "subscribe"]}[words[1]]
            rules += [(who, way, words[2].replace("%u", "${username}")) for way in ways]
    return rules


def of_emqx() -> list[Rule]:
    text = re.sub(r"%.*", "", EMQX.read_text("utf-8"))
    found = re.findall(r'\{allow, (all|\{user, "(\w+)"\}), (publish|subscribe), \[([^\]]*)\]\}\.', text)
    assert len(found) == text.count("{allow"), "each rule is read"
    assert text.rstrip().endswith("{deny, all}.")
    return [(user or "*", way, topic) for _, user, way, topics in found for topic in re.findall(r'"([^"]+)"', topics)]


def lets(rules: list[Rule], user: str, way: str, topic: str) -> bool:
    return any(
        who in ("*", user) and kind == way and paho.topic_matches_sub(rule.replace("${username}", user), topic)
        for who, kind, rule in rules
    )


def test_the_rules_for_emqx_let_through_what_those_for_mosquitto_do() -> None:
    """Nothing here can run EMQX: its file is read as its manual has it (EMQX 5, file authorization)."""
    ours, theirs = of_mosquitto(), of_emqx()
    differ = [
        (user, way, topic)
        for user in USERS
        for way in ("publish", "subscribe")
        for topic in UNIVERSE
        if lets(ours, user, way, topic) != lets(theirs, user, way, topic)
    ]
    assert differ == []
    assert lets(theirs, "gw-a", "publish", "hydronest/gw-a/event")
    assert not lets(theirs, "gw-a", "publish", "hydronest/gw-a/order/flight")
