"""After a gap: what the server kept of it, asked in pieces behind the live data, nothing twice."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from drivers.opcua.gaps import Gaps
from drivers.opcua.line_memory import LineMemory
from protocols.opcua.change import Change
from protocols.opcua.history import keeps_history, read_history
from protocols.opcua.library import NodeId
from protocols.opcua.session import Session
from protocols.opcua.status import OVERFLOW

FIRST_VALUES_S: Final = 5.0
LOOK_S: Final = 0.5


async def fill_gaps(
    session: Session, nodes: Sequence[NodeId | None], told: LineMemory, deliver: Callable[[list[Change]], None]
) -> None:
    """Ask the history for every span that has ended, as long as the session lives; `deliver` gets what was missing.

    A span ends with the point's first live value. A point that stays silent for five seconds is taken to begin now.
    """
    gaps, loop = told.gaps, asyncio.get_running_loop()
    patience = loop.time() + FIRST_VALUES_S
    while True:
        if gaps.opened and loop.time() > patience:
            for handle in list(gaps.opened):
                gaps.end(handle, told.alive_ticks)
        handles = sorted(handle for handle in gaps.spans if nodes[handle] is not None)
        if handles:
            await _fill(session, [nodes[handle] for handle in handles], handles, told, deliver)
        await asyncio.sleep(LOOK_S)  # an overflow may open another gap at any time


async def _fill(
    session: Session,
    nodes: Sequence[NodeId],
    handles: list[int],
    told: LineMemory,
    deliver: Callable[[list[Change]], None],
) -> None:
    gaps: Gaps = told.gaps
    kept = []
    for handle, node, keeps in zip(handles, nodes, await keeps_history(session, nodes), strict=True):
        if keeps:
            kept.append((handle, node))
        else:
            gaps.forget(handle)
    window = gaps.window([handle for handle, _ in kept])
    if window is None:
        return
    async for piece in read_history(session, [node for _, node in kept], *window):
        handle = kept[piece.place][0]
        missing: list[Change] = [
            (handle, r.value, r.status & ~OVERFLOW, r.ticks) for r in piece.readings if gaps.fill(handle, r.ticks)
        ]
        if missing:
            told.backfilled += len(missing)
            deliver(missing)
        told.backfill_refused = piece.refusal or told.backfill_refused
        if piece.done:
            gaps.close(handle, window[1])
