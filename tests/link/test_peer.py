"""A peer over its lives: one at a time, the newest counts, and a channel that only broke is asked for anew."""

import asyncio
import contextlib
import socket

import pytest

from agent.link.peer import Peer
from tests.waiting import patient


class Lives:
    """What `live` saw: the descriptors in order, and how many ran at once."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.now = self.most = 0
        self.changed = asyncio.Event()

    async def live(self, sock: socket.socket) -> None:
        self.begun.append(sock.fileno())
        self.now += 1
        self.most = max(self.most, self.now)
        self.changed.set()
        loop = asyncio.get_running_loop()
        try:
            sock.setblocking(False)
            if await loop.sock_recv(sock, 10) == b"fail":
                raise ZeroDivisionError("planted")
        finally:
            await asyncio.sleep(0.01)  # an end takes its time: what was taken is given back
            self.now -= 1
            sock.close()

    async def until(self, count: int) -> None:
        async with patient(f"life {count}", 20, lambda: len(self.begun)):
            while len(self.begun) < count:
                self.changed.clear()
                await self.changed.wait()


async def ended(run: "asyncio.Task[None]") -> None:
    run.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await run


async def test_a_new_life_ends_the_one_before_and_never_runs_beside_it() -> None:
    lives, peer = Lives(), Peer(last_words_s=0.05)
    pairs = [socket.socketpair() for _ in range(3)]
    peer.take(pairs[0][0])
    run = asyncio.create_task(peer.run(lives.live))
    await lives.until(1)
    for count, (ours, _theirs) in enumerate(pairs[1:], 2):
        peer.take(ours)
        await lives.until(count)
    assert lives.most == 1
    await ended(run)
    for ours, theirs in pairs:
        assert ours.fileno() == -1
        theirs.close()


async def test_of_two_channels_at_once_only_the_newest_is_lived() -> None:
    lives, peer = Lives(), Peer()
    (old, old_end), (new, new_end) = socket.socketpair(), socket.socketpair()
    peer.take(old)
    peer.take(new)
    assert old.fileno() == -1
    run = asyncio.create_task(peer.run(lives.live))
    await lives.until(1)
    await ended(run)
    assert len(lives.begun) == 1
    old_end.close()
    new_end.close()


async def test_a_channel_that_ended_is_asked_for_again_and_again_until_it_comes() -> None:
    wanted = asyncio.Event()
    asked: list[int] = []

    def want() -> None:
        asked.append(1)
        if len(asked) == 3:
            wanted.set()

    lives, peer = Lives(), Peer(want, renew_s=0.01)
    ours, theirs = socket.socketpair()
    peer.take(ours)
    run = asyncio.create_task(peer.run(lives.live))
    await lives.until(1)
    assert asked == []
    theirs.close()
    async with patient("it is wanted"):
        await wanted.wait()
    ours, theirs = socket.socketpair()
    peer.take(ours)
    await lives.until(2)
    await ended(run)
    theirs.close()


async def test_a_life_that_fails_fails_the_run_which_may_be_run_again() -> None:
    lives, peer = Lives(), Peer()
    for _again in range(2):
        ours, theirs = socket.socketpair()
        peer.take(ours)
        theirs.send(b"fail")
        with pytest.raises(ZeroDivisionError):
            await peer.run(lives.live)
        theirs.close()
    assert lives.now == 0
