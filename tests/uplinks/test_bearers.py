"""One platform over several bearers that are cut, swallow everything or come back: a real broker, real sockets."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from itertools import product
from typing import Any

import pytest
import pytest_asyncio
from pydantic import TypeAdapter

from agent.link.record import PriorityClass
from agent.settings.uplinks import MqttUplink as Settings
from agent.uplinks import bearers as room
from agent.uplinks import mqtt
from agent.uplinks.bearers import Bearers
from agent.uplinks.build import forwarder
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.mqtt import MqttUplink
from agent.uplinks.way import Way
from drivers.event import Event, EventKind, Transition
from hil.broker import Mosquitto
from hil.platform import Receiver, Store
from hil.proxy import Proxy
from protocols.mqtt import Link
from tests.uplinks.conformance import FAST, GATEWAY
from tests.uplinks.memory import MemoryOutbox, a_site, record
from tests.waiting import scaled, until

FASTER = 100
MATRIX = [how for how in product(("", "cut", "freeze"), repeat=3) if "" in how[1:] and how[0]]
STATUS = f"hydronest/{GATEWAY}/status"


class Wires:
    """Three bearers to one broker, the best first."""

    def __init__(self, proxies: list[Proxy]) -> None:
        self.proxies = proxies
        self.told: list[Event] = []
        self.forwarder: Forwarder

    def harm(self, how: tuple[str, ...]) -> None:
        for proxy, harm in zip(self.proxies, how, strict=True):
            {"": proxy.heal, "cut": proxy.cut, "freeze": proxy.freeze}[harm]()

    def bearer(self) -> Any:
        return self.forwarder.status()["bearer"]

    def states(self) -> dict[str, str]:
        return {one["name"]: one["state"] for one in self.forwarder.status()["bearers"]}

    def faults(self) -> list[tuple[str, Transition]]:
        return [(one.subject, one.transition) for one in self.told if one.kind is EventKind.SELF_FAULT]

    @contextlib.asynccontextmanager
    async def sending(self, outbox: MemoryOutbox, clock: Callable[[], int], **ways: Any) -> AsyncIterator[None]:
        """`ways` are further words of a Way, by its name."""
        names = ("fibre", "4g", "satellite")
        told = [
            Way(name, "127.0.0.1", proxy.port, **ways.get(name, {}))
            for name, proxy in zip(names, self.proxies, strict=True)
        ]
        link = Link("elsewhere.invalid", "gw1", 1, answer_s=scaled(2.0))
        uplink = MqttUplink("u", GATEWAY, "b1", link, site=lambda: a_site(500))
        several = Bearers(uplink, told, self.told.append, now_ns=clock)
        self.forwarder = Forwarder(GATEWAY, several, outbox, self.told.append, FAST, bearers=several)
        task = asyncio.create_task(self.forwarder.run())
        try:
            yield
            if task.done():
                task.result()
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest_asyncio.fixture
async def wires(broker: Mosquitto) -> AsyncIterator[Wires]:
    async with contextlib.AsyncExitStack() as stack:
        yield Wires([await stack.enter_async_context(Proxy(broker.port)) for _ in range(3)])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Bearers are given up soon; a clock on which their minutes are short."""
    monkeypatch.setattr(room, "REACH_S", scaled(0.4))
    monkeypatch.setattr(room, "LOOK_S", 0.02)
    monkeypatch.setattr(mqtt, "IMPATIENT_S", scaled(0.4))
    return lambda: time.monotonic_ns() * FASTER


def alarm(seq: int) -> Any:
    return record(seq, PriorityClass.EVENT)


async def through(outbox: MemoryOutbox, seq: int) -> None:
    await until(f"{seq} is confirmed", lambda: any(one.seq == seq for one in outbox.confirmed))


async def arrived(store: Store, *seqs: int) -> None:
    """The platform has these and no others: a broker hands on what it confirmed a little later."""
    await until("all of it arrives", lambda: {seq for _, _, seq in store.kept()} == set(seqs))


@pytest.mark.parametrize("matrix", [MATRIX[-2:], pytest.param(MATRIX, marks=pytest.mark.slow)])
async def test_an_alarm_gets_through_on_any_bearer_that_is_left(
    wires: Wires, platform: Receiver, store: Store, quick: Callable[[], int], matrix: list[tuple[str, ...]]
) -> None:
    """Each loss while the best carries: what is cut says so, what is frozen takes everything and answers nothing."""
    for number, how in enumerate(matrix):
        outbox = MemoryOutbox()
        wires.harm(("", "", ""))
        async with wires.sending(outbox, quick):
            await until("the best carries", lambda: wires.bearer() == "fibre")
            wires.harm(how)
            outbox.offer(alarm(number + 1))
            await through(outbox, number + 1)
            assert wires.bearer() == ("4g" if not how[1] else "satellite"), how
            assert wires.states()["fibre"] == "down"
    await arrived(store, *range(1, len(matrix) + 1))


async def test_back_on_the_better_bearer_nothing_is_lost_and_nothing_sent_twice(
    wires: Wires, platform: Receiver, store: Store, quick: Callable[[], int]
) -> None:
    outbox = MemoryOutbox()
    wires.harm(("cut", "", ""))
    async with wires.sending(outbox, quick):
        await until("the next best carries", lambda: wires.bearer() == "4g")
        await until("the loss is told", lambda: wires.faults())
        wires.harm(("", "", ""))
        seq = 0
        while wires.bearer() != "fibre":
            seq += 1
            outbox.offer(record(seq), alarm(1000 + seq))
            await asyncio.sleep(0.01)
        outbox.offer(record(seq + 1))
        await until("all is confirmed", lambda: len(outbox.confirmed) == 2 * seq + 1)
        await until("the return is told", lambda: len(wires.faults()) == 2)
        await until("the spares have answered", lambda: set(wires.states().values()) == {"in_use", "ready"})
        assert wires.forwarder.status()["losses"] == 0, "it was our own will"
    await arrived(store, *(one.seq for one in outbox.confirmed))
    assert store.account().repeats == 0
    subject = "uplink u bearer fibre"
    assert wires.faults() == [(subject, Transition.RAISED), (subject, Transition.CLEARED)]
    assert wires.proxies[1].connections == 2, "one that carried; later one that asked, and none while it carried"


async def test_a_dear_bearer_carries_what_it_is_to_carry_and_the_platform_is_told_so(
    wires: Wires, platform: Receiver, store: Store, quick: Callable[[], int]
) -> None:
    outbox = MemoryOutbox()
    wires.harm(("cut", "cut", ""))
    async with wires.sending(outbox, quick, satellite={"carries": "events"}):
        await until("the last carries", lambda: wires.bearer() == "satellite")
        outbox.offer(*(record(seq) for seq in range(1, 31)), alarm(31))
        await through(outbox, 31)
        await asyncio.sleep(0.7)  # longer than the description of the site waits
        assert [one.seq for one in outbox.confirmed] == [31]
        assert store.retained(f"hydronest/{GATEWAY}/site") is None
        await until("it is told", lambda: (store.retained(STATUS) or {}).get("bearer") == "satellite")
        assert (store.retained(STATUS) or {})["carries"] == "events"
        wires.harm(("cut", "", ""))
        await until("what waited goes by the better one", lambda: len(outbox.confirmed) == 31)
        assert wires.bearer() == "4g"
        await until("the site is described", lambda: store.retained(f"hydronest/{GATEWAY}/site"))
    assert store.account().repeats == 0


async def test_beyond_the_bytes_of_a_day_only_events_go(
    wires: Wires, platform: Receiver, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LOOK_S", 0.02)
    outbox = MemoryOutbox()
    wires.harm(("", "cut", "cut"))
    async with wires.sending(outbox, time.monotonic_ns, fibre={"most_per_day": 24 * 20_000}):
        outbox.offer(*(record(seq, pad=4000) for seq in range(1, 3000)))
        await until("it is used up", lambda: wires.faults() == [("uplink u bearer fibre", Transition.RAISED)])
        await until("nothing is under way", lambda: not outbox.taken)
        confirmed = len(outbox.confirmed)
        row = wires.forwarder.status()["bearers"][0]
        assert row["carries"] == "events"
        assert row["left_bytes"] < 0
        assert row["reason"].code == "uplink.bearer_spent"
        assert row["carried_bytes"] > 20_000
        assert confirmed < 2000, "it was looked at while they went, and the rest has stayed"
        outbox.offer(alarm(1000))
        await through(outbox, 1000)
        assert len(outbox.confirmed) == confirmed + 1


async def test_by_the_interface_that_is_named(broker: Mosquitto, platform: Receiver, store: Store) -> None:
    """From the words of the site file: an interface that is not there is told, and the next one taken."""
    words = {"id": "u", "kind": "mqtt", "host": "127.0.0.1", "port": broker.port}
    bearers = [{"name": "modem", "interface": "nosuch0"}, {"name": "wired", "interface": "lo", "most_mb_per_day": 50}]
    settings = TypeAdapter(Settings).validate_python({**words, "bearers": bearers})
    outbox = MemoryOutbox()
    outbox.offer(alarm(1))
    sending = forwarder(settings, gateway=GATEWAY, outbox=outbox, report=lambda _event: None, site=lambda: a_site())
    task = asyncio.create_task(sending.run())
    await through(outbox, 1)
    modem, wired = sending.status()["bearers"]
    task.cancel()
    await asyncio.wait([task])
    assert (modem["state"], wired["state"]) == ("down", "in_use")
    assert modem["reason"].facts["why"].code == "errno.ENODEV"
    assert wired["left_bytes"] > 2_000_000
    await arrived(store, 1)
