"""What a server wrote down while nobody listened, read back in bounded pieces."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, NamedTuple

from protocols.opcua.back_off import Failure
from protocols.opcua.change import EPOCH_TICKS, Reading
from protocols.opcua.library import NodeId, ua
from protocols.opcua.session import Session, reading
from protocols.opcua.status import bad, status_name
from protocols.opcua.trouble import Ended, TooMuch, fault_of

NODES_PER_CALL: Final = 10
VALUES_PER_NODE: Final = 100  # with the nodes above: at most 1,000 values, some 10 ms of decoding, per call
PAUSE_S: Final = 0.02  # after each piece, so that live data never waits behind history
HISTORY_READ: Final = 4  # AccessLevel bit
_ALONE: Final = {  # what may be answered when it is asked for alone, from where we are
    ua.StatusCodes.BadContinuationPointInvalid,
    ua.StatusCodes.BadNoContinuationPoints,
    ua.StatusCodes.BadTooManyOperations,
}
_NEVER: Final = {  # answers that stay so; any other may be another one later
    ua.StatusCodes.BadHistoryOperationUnsupported,
    ua.StatusCodes.BadHistoryOperationInvalid,
    ua.StatusCodes.BadServiceUnsupported,
    ua.StatusCodes.BadNotSupported,
    ua.StatusCodes.BadNotReadable,
    ua.StatusCodes.BadUserAccessDenied,
    ua.StatusCodes.BadNoData,
    ua.StatusCodes.BadNoDataAvailable,
}


class Piece(NamedTuple):
    """Some history of one wanted node (its place in the list), oldest first. `refusal` names why there is none.

    `done`: the server has told all it will; not so where it only would not now.
    """

    place: int
    readings: list[Reading]
    done: bool
    refusal: str = ""


class _Ask(NamedTuple):
    start_ticks: int
    places: tuple[int, ...]
    continuations: tuple[bytes | None, ...]


async def keeps_history(session: Session, nodes: Sequence[NodeId]) -> list[bool | None]:
    """Whether the server says it would answer for the history of each node; None where it says nothing now."""
    levels = await session.read(nodes, ua.AttributeIds.AccessLevel)
    return [bool(level.value & HISTORY_READ) if isinstance(level.value, int) else None for level in levels]


async def read_history(
    session: Session, nodes: Sequence[NodeId], start_ticks: int, end_ticks: int
) -> AsyncIterator[Piece]:
    """Every raw value of the nodes from start to end, both included, in pieces. Raises WireError when the epoch ends.

    Follows continuation points; where a server cuts an answer short without one (asyncua's does) it asks on from the
    last value, which then comes twice: the caller drops what it has.
    """
    asks = deque([_Ask(start_ticks, tuple(range(len(nodes))), (None,) * len(nodes))])
    newest: dict[int, int] = {}  # place → source time of the last value had
    while asks:
        ask = asks.popleft()
        most = min(session.most["history"], NODES_PER_CALL)
        if len(ask.places) > most:
            asks.appendleft(_Ask(ask.start_ticks, ask.places[most:], ask.continuations[most:]))
            ask = _Ask(ask.start_ticks, ask.places[:most], ask.continuations[:most])
        again: list[tuple[int, bytes]] = []
        try:
            results = await _call(session, nodes, ask, end_ticks)
        except TooMuch as problem:
            if len(ask.places) > 1:
                session.most["history"] = len(ask.places) // 2
                asks.appendleft(ask)
                continue
            yield Piece(ask.places[0], [], False, status_name(problem.number or 0))
            continue
        except Ended as problem:
            code = fault_of(problem)
            if code is None:
                raise
            for place in ask.places:  # the server answers, but not this: no reason to leave it
                yield Piece(place, [], code in _NEVER, status_name(code))
            continue
        for place, result in zip(ask.places, results, strict=True):
            status = result.StatusCode.value
            start = newest.get(place, start_ticks)
            if status in _ALONE and (start > ask.start_ticks or len(ask.places) > 1):
                asks.append(_Ask(start, (place,), (None,)))  # the server forgot where we were; we did not
                continue
            if bad(status):
                yield Piece(place, [], status in _NEVER, status_name(status))
                continue
            data = getattr(result.HistoryData, "DataValues", None) or []
            readings = sorted((reading(value) for value in data), key=_by_time)
            if readings:
                newest[place] = readings[-1].ticks
            if result.ContinuationPoint:
                again.append((place, result.ContinuationPoint))
            elif len(readings) >= VALUES_PER_NODE and readings[-1].ticks > ask.start_ticks:
                asks.append(_Ask(readings[-1].ticks, (place,), (None,)))
                yield Piece(place, readings, False)
                continue
            yield Piece(place, readings, not result.ContinuationPoint)
        if again:
            asks.appendleft(_Ask(ask.start_ticks, tuple(p for p, _ in again), tuple(c for _, c in again)))
        await asyncio.sleep(PAUSE_S)


def _by_time(value: Reading) -> int:
    return value.ticks


async def _call(session: Session, nodes: Sequence[NodeId], ask: _Ask, end_ticks: int) -> list[Any]:
    request = ua.HistoryReadRequest()
    request.Parameters.HistoryReadDetails = ua.ReadRawModifiedDetails(
        IsReadModified=False,
        StartTime=ua.win_epoch_to_datetime(max(ask.start_ticks, EPOCH_TICKS)),
        EndTime=ua.win_epoch_to_datetime(end_ticks + 9),  # datetimes hold microseconds: round the end up
        NumValuesPerNode=VALUES_PER_NODE,
        ReturnBounds=False,
    )
    request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
    request.Parameters.ReleaseContinuationPoints = False  # asyncua's default is True: "give up what I never began"
    for place, continuation in zip(ask.places, ask.continuations, strict=True):
        wanted = ua.HistoryReadValueId(NodeId=nodes[place])
        wanted.ContinuationPoint = continuation
        request.Parameters.NodesToRead.append(wanted)
    results: list[Any] = (await session.ask(request, ua.HistoryReadResponse)).Results
    if len(results) != len(ask.places):
        raise Ended(Failure.TURNED_AWAY, "opcua.other_number_of_nodes")
    return results
