"""Channels between two children, made anew for each life of either: the supervisor keeps no end of them."""

import contextlib
import socket
from collections.abc import Iterator, Mapping

from agent.runtime.control_wire import Message, Say, send
from agent.supervisor.life import Life, Spec


def peers_of(spec: Spec, lives: Mapping[str, Life]) -> list[str]:
    """Whom it talks to: named by it, or naming it."""
    return [
        name
        for name, life in lives.items()
        if name != spec.name and (name in spec.peers or spec.name in life.spec.peers)
    ]


@contextlib.contextmanager
def channels(spec: Spec, lives: Mapping[str, Life]) -> Iterator[dict[str, socket.socket]]:
    """For a child about to begin: its end of a channel to each peer that lives, by name. Fork it within the block.

    The peers get theirs when the block ends well. Raises OSError.
    """
    made: dict[str, socket.socket] = {}
    others: dict[str, socket.socket] = {}
    try:
        for name in peers_of(spec, lives):
            if lives[name].alive:
                made[name], others[name] = socket.socketpair()
        yield made
        for name, other in others.items():
            _hand_over(lives[name], spec.name, other)
    finally:
        for sock in (*made.values(), *others.values()):
            sock.close()


def join(life: Life, peer: Life) -> None:
    """A channel broke, not a life: both ends get a new one. A peer that is down brings one along when it begins."""
    if not peer.alive:
        return
    with contextlib.suppress(OSError):  # whoever lacks one asks again
        one, other = socket.socketpair()
        with one, other:
            _hand_over(life, peer.spec.name, one)
            _hand_over(peer, life.spec.name, other)


def _hand_over(to: Life, peer: str, sock: socket.socket) -> None:
    if to.control is not None:
        send(to.control, Message(Say.CHANNEL, peer), [sock.fileno()])
