"""What a channel is worth between children of which one is dead, deaf or mad."""

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from agent.control.request import RequestError
from agent.link import channel as module
from agent.link.channel import Channel, TooLong
from tests.link.pair import joined
from tests.waiting import patient


async def long(_arguments: Mapping[str, Any]) -> Any:
    return "x" * module.LONGEST_LINE


async def test_an_answer_too_long_is_refused_and_the_channel_goes_on() -> None:
    async with joined({"long": long}) as (here, there):
        with pytest.raises(RequestError, match="may be sent"):
            await here.channel.ask("long")
        here.channel.post("little", 1)
        await there.until(1)


async def test_what_a_peer_sent_before_it_died_is_heard_although_we_write_to_it() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"".join(b'{"k":"n","b":%d}\n' % number for number in range(1000)))
    theirs.close()
    heard: list[Any] = []
    channel = Channel("dead", ours, lambda _kind, body: heard.append(body))
    channel.post("hello", 1)
    await channel.run()
    assert heard == list(range(1000))


async def test_a_peer_that_does_not_read_costs_memory_up_to_a_bound_and_samples_go_first() -> None:
    ours, theirs = socket.socketpair()
    stuck = Channel("stuck", ours, lambda _kind, _body: None)
    running = asyncio.create_task(stuck.run())
    await asyncio.sleep(0.01)
    piece = "x" * 100_000
    while stuck.post("sample", piece, may_drop=True):
        pass
    assert stuck.dropped == 1
    taken = 0
    while stuck.post("event", piece):
        taken += 1
    assert (module.OVERFULL - module.FULL) // 100_100 - 5 < taken < module.OVERFULL // 100_000
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    theirs.close()


async def test_a_message_too_long_is_not_sent_and_the_channel_goes_on() -> None:
    async with joined() as (here, there):
        with pytest.raises(TooLong):
            here.channel.post("much", "x" * module.LONGEST_LINE)
        here.channel.post("little", 1)
        await there.until(1)


async def test_what_is_no_message_costs_that_message_only(caplog: pytest.LogCaptureFixture) -> None:
    ours, theirs = socket.socketpair()
    heard: asyncio.Queue[Any] = asyncio.Queue()
    channel = Channel("odd", ours, lambda _kind, body: heard.put_nowait(body))
    running = asyncio.create_task(channel.run())
    theirs.sendall(b'[1]\n"x"\n{"k":"a"}\n\xff\n{"r":1,"v":2}\n{"r":"x"}\n{"k":"a","b":7}\n')
    async with patient("a message"):
        assert await heard.get() == 7
    theirs.close()
    await running


async def test_a_flood_lets_others_on_the_loop_have_their_turn() -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with joined() as (here, there):
        for number in range(20_000):
            here.channel.post("n", number)
        await there.until(1)
        other = asyncio.create_task(turn())
        await there.until(20_000)
        other.cancel()
    assert turns > 1
