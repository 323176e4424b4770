"""The core as a child of the supervisor: the site's parts on one loop, from READY until it is told to stop."""

import sys
from functools import partial

from agent.control.rights import Rights
from agent.control.server import SocketTaken
from agent.core.assemble import Site
from agent.core.lifetime import Broken
from agent.core.open_journal import CannotStart
from agent.core.peers import Peers
from agent.runtime.child import Child
from agent.runtime.control_wire import Say
from agent.settings.settings import Settings

BROKEN, CANNOT_START = 70, 73
"""Exit status: it could not go on; it cannot run here, and has said why."""


def main(child: Child, settings: Settings, rights: Rights) -> None:
    """Run until the supervisor says stop."""
    peers = Peers(partial(child.say, Say.CHANNEL_ENDED))
    site = Site(settings, peers, hand_over=child.hand_over, rights=rights)

    async def work() -> None:
        await site.run(child.draining, ready=child.ready, drained=drained)

    async def drained() -> None:
        child.say(Say.DRAINED)
        await child.stopping.wait()

    try:
        child.run(work, on_channel=peers.attach, heard=site.from_supervisor, on_beat=site.beat)
    except Broken as error:
        sys.stderr.write(f"hydronest: {error}\n")
        raise SystemExit(BROKEN) from None
    except (SocketTaken, CannotStart) as error:
        sys.stderr.write(f"hydronest: {error}\n")
        raise SystemExit(CANNOT_START) from None
