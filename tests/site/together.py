"""A whole site in this process: core and the uplinks' part, joined as the supervisor joins the two processes."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from agent.core.assemble import Site
from agent.core.peers import Peers
from agent.link.peer import Peer
from agent.settings.settings import Settings
from agent.uplinks.assemble import Uplinks


@contextlib.asynccontextmanager
async def together(settings: Settings) -> AsyncIterator[None]:
    """Both run; at the end the uplinks stop while core still takes what they say, as in life."""
    peers, peer = Peers(), Peer()
    site = Site(settings, peers)
    ours, theirs = socket.socketpair()
    peers.attach("uplinks", ours)
    peer.take(theirs)
    stops = asyncio.Event(), asyncio.Event()
    core = asyncio.create_task(site.run(stops[0]))
    uplinks = asyncio.create_task(Uplinks(settings, peer).run(stops[1]))
    try:
        yield
    finally:
        stops[1].set()
        await uplinks
        stops[0].set()
        await core
