"""The uplinks as a child of the supervisor: what parses the words of strangers, and holds no journal."""

from functools import partial

from agent.link.peer import Peer
from agent.runtime.child import Child
from agent.runtime.control_wire import Say
from agent.settings.settings import Settings
from agent.uplinks.assemble import Uplinks


def main(child: Child, settings: Settings) -> None:
    """Run until the supervisor says stop."""
    core = Peer(partial(child.say, Say.CHANNEL_ENDED, "core"))

    async def work() -> None:
        await Uplinks(settings, core).run(child.stopping, ready=child.ready)

    child.run(work, on_channel=lambda _peer, sock: core.take(sock))
