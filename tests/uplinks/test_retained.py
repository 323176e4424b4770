"""How everything stands, at a broker that forgets, goes back in time and is cut off: in the end it has all of it."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agent.control.encoding import encoded
from agent.core.retained import documents as core
from agent.link.record import Stream
from agent.uplinks import retained
from agent.uplinks.retained import Documents, FarState
from protocols.errors import NotConnected, Refused
from protocols.reason import Reason
from tests.waiting import until

BASE = "hydronest/gw1"
CUTS = 1000


class Broker:
    """What a broker keeps of one gateway, and every way in which it can lose it."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.before: list[dict[str, bytes]] = []
        self.published: list[str] = []
        self.fails_in = -1
        self.refuses: set[str] = set()
        self.denies_reading = False
        self.state: FarState

    async def subscribe(self, topic: str) -> None:
        await asyncio.sleep(0)
        if self.denies_reading:
            raise Refused("uplink.platform_refuses", why="not yours to read")
        for kept, payload in list(self.kept.items()):
            if kept == topic or (topic.endswith("+") and kept.startswith(topic[:-1])):
                self.state.heard(kept, payload)

    async def publish(self, topic: str, payload: bytes) -> None:
        await asyncio.sleep(0)
        if topic in self.refuses:
            raise Refused("uplink.too_long", bytes=len(payload))
        if self.fails_in == 0:
            self.fails_in = -1
            if len(self.published) % 2:  # it arrived, and that was never heard
                self._keep(topic, payload)
            raise NotConnected("uplink.connection_lost")
        self.fails_in -= self.fails_in > 0
        self._keep(topic, payload)

    def _keep(self, topic: str, payload: bytes) -> None:
        self.published.append(topic)
        if payload:
            self.kept[topic] = payload
        else:
            self.kept.pop(topic, None)

    def told(self) -> dict[str, Any]:
        """Each document without its head, by topic below `state/`."""
        head = ("v", "gateway", "boot", "version")
        found = {topic.removeprefix(f"{BASE}/state/"): json.loads(body) for topic, body in self.kept.items()}
        return {topic: {key: value for key, value in one.items() if key not in head}
                for topic, one in found.items() if topic != f"{BASE}/state"}  # fmt: skip


@contextlib.asynccontextmanager
async def turn(_stream: Stream = Stream.LIVE) -> AsyncIterator[None]:
    await asyncio.sleep(0)
    yield


class World:
    """Core, the uplinks process and a broker; each of them may begin anew."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.lives = 0
        self.true: dict[str, Any] = {}
        self.refusals: list[Reason] = []
        self.core: core.Documents
        self.begin_core()
        self.begin_uplinks()

    def begin_core(self) -> None:
        self.lives += 1
        self.core = core.Documents()
        for topic, document in self.true.items():
            self.core.put(topic, document, None, 0)

    def begin_uplinks(self) -> None:
        self.documents = Documents()
        self.broker.state = self.far = FarState(self.documents, "gw1", BASE, self.refusals.append)
        self.join()

    def join(self) -> None:
        """A channel of its own for each life of either."""
        self.documents.begun(f"boot{self.lives}")
        self.core.all_again()
        self.tell()
        self.documents.take({"documents": [], "whole": len(self.core)})

    def tell(self) -> None:
        while batch := self.core.some(7):
            passed = json.loads(encoded({"documents": batch, "whole": None}))
            self.documents.take(passed)
            self.core.given(batch)

    def change(self, topic: str, document: Any) -> None:
        if document is None:
            self.true.pop(topic, None)
            self.core.drop(topic)
        else:
            self.true[topic] = document
            self.core.put(topic, document, None, 0)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        work = asyncio.create_task(self.far.keep(self.broker.subscribe, self.broker.publish, turn))
        try:
            yield
        finally:
            work.cancel()
            await asyncio.wait([work])

    def right(self) -> bool:
        head = json.loads(self.broker.kept.get(f"{BASE}/state", b"{}"))
        boot, number = self.documents.version
        return self.broker.told() == self.true and (head.get("boot"), head.get("version")) == (boot, number)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retained, "HEAD_S", 0.001)
    monkeypatch.setattr(retained, "HEAD_EVERY_S", 0.0)


async def test_after_a_thousand_cuts_the_broker_has_what_core_has() -> None:
    dice = random.Random(7)
    world = World()
    topics = [f"{kind}/{n}" for kind in ("asset", "alarm", "incident", "aircraft", "rate") for n in range(6)]
    for number in range(CUTS):
        for topic in dice.sample(topics, dice.randrange(4)):
            goes = topic.startswith(("alarm", "incident")) and dice.random() < 0.5
            world.change(topic, None if goes else {"n": dice.randrange(3)})
        match dice.randrange(8):
            case 0:
                world.begin_core()
                world.join()
            case 1:
                world.begin_uplinks()
            case 2:
                world.begin_core()
                world.begin_uplinks()
            case 3 if world.broker.before:  # killed: what it wrote down last is what it has
                world.broker.kept = dict(dice.choice(world.broker.before[-3:]))
            case 4:
                world.broker.kept = {}
            case _:
                world.tell()
        world.broker.before.append(dict(world.broker.kept))
        world.broker.fails_in = dice.choice((-1, 0, 1, 5))
        async with world.connected():
            for _ in range(dice.randrange(40)):
                await asyncio.sleep(0)
            if number % 50 == 49:
                world.broker.fails_in = -1
                world.tell()
        if number % 50 == 49:
            async with world.connected():
                await until("it has all of it", world.right)


async def test_only_what_changed_goes_out_again() -> None:
    world = World()
    for n in range(20):
        world.change(f"asset/{n}", {"n": n})
    world.tell()
    async with world.connected():
        await until("all", world.right)
    world.broker.published.clear()
    async with world.connected():
        await until("compared", lambda: world.far._head_read is not None and world.far._head_read.done())
        world.change("asset/3", {"n": 33})
        world.tell()
        await until("all", world.right)
    assert world.broker.published == [f"{BASE}/state/asset/3", f"{BASE}/state"]
    world.broker.published.clear()
    world.begin_uplinks()
    async with world.connected():  # a process that knows nothing: the broker's own head vouches for what it has
        world.change("asset/4", {"n": 44})
        world.tell()
        await until("all", world.right)
    assert world.broker.published == [f"{BASE}/state/asset/4", f"{BASE}/state"]
    world.broker.published.clear()
    world.begin_core()
    world.join()
    async with world.connected():  # another life of core that says the same
        await until("all", world.right)
    assert world.broker.published == [f"{BASE}/state"]


async def test_alarms_go_first_and_no_kind_waits_for_another_that_changes_all_the_time() -> None:
    world = World()
    for n in range(30):
        world.change(f"aircraft/{n}", {"n": n})
        world.change(f"asset/{n}", {"n": n})
    world.change("alarm/H1", {"alarms": []})
    world.tell()
    async with world.connected():
        await until("all", world.right)
    told = [topic.removeprefix(f"{BASE}/state/").split("/")[0] for topic in world.broker.published]
    assert told[0] == "alarm"
    assert {"aircraft", "asset"} <= set(told[1:6])


async def test_what_the_broker_refuses_is_told_once_and_holds_nothing_up() -> None:
    world = World()
    for n in range(5):
        world.change(f"asset/{n}", {"n": n})
    world.tell()
    world.broker.refuses = {f"{BASE}/state/asset/{n}" for n in range(3)}
    world.broker.denies_reading = True
    async with world.connected():
        await until("the others", lambda: set(world.broker.told()) == {"asset/3", "asset/4"})
    assert [why.code for why in world.refusals] == ["uplink.too_long"]
    world.broker.refuses.clear()
    async with world.connected():
        await until("all", world.right)


async def test_what_was_never_named_stays_until_core_has_said_all() -> None:
    """A core that begins does not know yet how a hydrant stands; what the broker has of it is not taken away."""
    world = World()
    world.change("alarm/H1", {"alarms": [1]})
    world.tell()
    async with world.connected():
        await until("all", world.right)
    world.true.clear()
    world.begin_core()
    world.documents = Documents()
    world.broker.state = world.far = FarState(world.documents, "gw1", BASE, world.refusals.append)
    world.documents.begun("boot2")
    async with world.connected():
        await until("compared", lambda: "alarm/H1" in world.far._has)
        for _ in range(20):
            await asyncio.sleep(0)
        assert "alarm/H1" in world.broker.told()
        world.documents.take({"documents": [], "whole": 0})
        await until("it is over", lambda: not world.broker.told())


async def test_a_head_vouches_for_its_own_life_of_core_only_and_for_no_word_of_somebody_elses() -> None:
    world = World()
    for n in range(20):
        world.change(f"asset/{n}", {"n": n})
    world.change("alarm/H1", {"alarms": [1]})
    world.tell()
    async with world.connected():
        await until("all", world.right)
    world.true["asset/3"] = {"n": 33}
    world.begin_core()
    world.begin_uplinks()
    async with world.connected():
        await until("all", world.right)
    world.broker.kept[f"{BASE}/state/alarm/H1"] = b'{"alarms": []}'
    async with world.connected():
        await until("all", world.right)
