"""Core's ways to the other children: their lives one after the other, the clock for all."""

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

from agent.core.peers import CLOCK_AT_LEAST, Peers
from agent.link.channel import Channel, Handler
from agent.runtime.clock.carried import ClockReading
from tests.link.pair import End


class Known:
    """A peer that writes down what it sees."""

    name = "uplinks"
    handlers: Mapping[str, Handler] = {}

    def __init__(self) -> None:
        self.told: list[Any] = []

    def begun(self, channel: Channel) -> None:
        self.told.append("begun")
        channel.post("hello", None)

    def heard(self, kind: str, body: Any) -> None:
        self.told.append((kind, body))

    def ended(self) -> None:
        self.told.append("ended")


async def test_a_new_life_begins_when_everything_of_the_old_one_was_heard() -> None:
    known = Known()
    peers = Peers(every_s=3600)
    peers.add(known)
    running = asyncio.create_task(peers.run(lambda: ClockReading(1, 2, 3)))
    ours, theirs = socket.socketpair()
    second, its = socket.socketpair()
    theirs.sendall(b"".join(b'{"k":"n","b":%d}\n' % number for number in range(1000)))
    theirs.close()  # it died with a thousand messages on the way
    peers.attach("uplinks", ours)
    await asyncio.sleep(0)  # or only the newer is lived
    await asyncio.sleep(0)
    peers.attach("uplinks", second)
    end = End("core", its)
    await end.until(2)
    assert known.told == ["begun", *(("n", number) for number in range(1000)), "ended", "begun"]
    assert end.heard == [("clock", [1, 2, 3]), ("hello", None)]
    running.cancel()
    await asyncio.wait([running, end.task])
    assert known.told[-1] == "begun"  # core's own end is no end of the peer


async def test_everybody_is_told_the_time_when_it_is_news_and_now_and_then() -> None:
    """Readings a millisecond apart: true for whoever carries the first on, until the clock is set, then vouched for."""
    at = 0

    def clock() -> ClockReading:
        nonlocal at
        at += 1_000_000
        return ClockReading(at, at + (5_000_000_000 if at >= 5_000_000 else 0), 7 if at >= 8_000_000 else None)

    peers = Peers(every_s=0.01)
    peers.add(Known())
    running = asyncio.create_task(peers.run(clock))
    ours, its = socket.socketpair()
    peers.attach("uplinks", ours)
    end = End("core", its)
    await end.until(6)
    told = [body[0] // 1_000_000 for kind, body in end.heard if kind == "clock"]
    assert told == [1, 2, 5, 8, 8 + CLOCK_AT_LEAST], "with the greeting, the first word, both news, and a reminder"
    running.cancel()
    await asyncio.wait([running, end.task])


async def test_a_stranger_is_hung_up_on() -> None:
    peers = Peers()
    ours, its = socket.socketpair()
    peers.attach("nobody", ours)
    running = asyncio.create_task(peers.run(lambda: ClockReading(1, 2, 3)))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert its.recv(1) == b""
    its.close()
