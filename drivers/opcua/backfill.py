"""After a gap: what the server kept of it, asked in pieces behind the live data, nothing twice."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from drivers.opcua.gaps import Gaps
from drivers.opcua.line_memory import LineMemory
from protocols.opcua.change import Change
from protocols.opcua.history import keeps_history, read_history
from protocols.opcua.library import NodeId
from protocols.opcua.session import Session
from protocols.opcua.status import OVERFLOW

FIRST_VALUES_S: Final = 5.0
LOOK_S: Final = 0.5
FIRST_REST_S: Final = 10.0  # a server that would not tell a node's history now is asked again this much later,
LONGEST_REST_S: Final = 60.0  # twice as much the next time, at most so much


class Nodes(Protocol):
    """What back-filling needs to know of the watched points, by handle."""

    def node(self, handle: int) -> NodeId | None:
        """Its node, where its history may be asked for now."""

    def awaited(self, handle: int) -> bool:
        """Whether its first live value is still to come."""


async def fill_gaps(session: Session, nodes: Nodes, told: LineMemory, deliver: Callable[[list[Change]], None]) -> None:
    """Ask the history for every span that has ended, as long as the session lives; `deliver` gets what was missing.

    A span ends with the point's first live value, or when no value is awaited any more.
    """
    gaps, loop = told.gaps, asyncio.get_running_loop()
    rests: dict[int, tuple[float, float]] = {}  # handle → until when, and how long the next one is
    while True:
        for handle in [handle for handle in gaps.opened if not nodes.awaited(handle)]:
            gaps.end(handle, told.alive_ticks)
        now = loop.time()
        asked = [(handle, nodes.node(handle)) for handle in sorted(gaps.spans) if rests.get(handle, (0.0,))[0] <= now]
        known = [(handle, node) for handle, node in asked if node is not None]
        if known:
            refused = await _fill(session, known, told, deliver)
            for handle in refused:
                rest = rests.get(handle, (0.0, FIRST_REST_S))[1]
                rests[handle] = loop.time() + rest, min(2 * rest, LONGEST_REST_S)
            for handle in {handle for handle, _ in known} - refused:
                rests.pop(handle, None)
        await asyncio.sleep(LOOK_S)  # an overflow may open another gap at any time


async def _fill(
    session: Session,
    asked: list[tuple[int, NodeId]],
    told: LineMemory,
    deliver: Callable[[list[Change]], None],
) -> set[int]:
    """Answers the handles of which the server would not tell now."""
    gaps: Gaps = told.gaps
    kept: list[tuple[int, NodeId]] = []
    refused: set[int] = set()
    for pair, keeps in zip(asked, await keeps_history(session, [node for _, node in asked]), strict=True):
        if keeps:
            kept.append(pair)
        elif keeps is None:
            refused.add(pair[0])
        else:
            gaps.forget(pair[0])
    window = gaps.window([handle for handle, _ in kept])
    if window is None:
        return refused
    async for piece in read_history(session, [node for _, node in kept], *window):
        handle = kept[piece.place][0]
        missing: list[Change] = [
            (handle, r.value, r.status & ~OVERFLOW, r.ticks) for r in piece.readings if gaps.fill(handle, r.ticks)
        ]
        if missing:
            told.backfilled += len(missing)
            deliver(missing)
        if piece.refusal:
            told.backfill_refused = piece.refusal
        if piece.done:
            gaps.close(handle, window[1])
        elif piece.refusal:
            refused.add(handle)
    return refused
