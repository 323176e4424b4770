"""asyncua's many ways to fail → a reason for a person, and what the caller should do."""

import asyncio
import socket
from typing import Final

from protocols.errors import NotConnected, Refused, WireError
from protocols.opcua.back_off import Failure
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.library import ua
from protocols.opcua.status import status_name
from protocols.reason import Fact, Reason
from protocols.system import os_reason

_TOO_MUCH: Final = {
    ua.StatusCodes.BadTooManyOperations,
    ua.StatusCodes.BadRequestTooLarge,
    ua.StatusCodes.BadResponseTooLarge,
    ua.StatusCodes.BadEncodingLimitsExceeded,
}
SESSION_OVER: Final = {  # faults after which nothing can be asked on this connection
    ua.StatusCodes.BadSessionIdInvalid,
    ua.StatusCodes.BadSessionClosed,
    ua.StatusCodes.BadSessionNotActivated,
    ua.StatusCodes.BadSecureChannelIdInvalid,
    ua.StatusCodes.BadSecureChannelClosed,
    ua.StatusCodes.BadSecureChannelTokenUnknown,
    ua.StatusCodes.BadSecurityChecksFailed,
    ua.StatusCodes.BadConnectionClosed,
    ua.StatusCodes.BadServerHalted,
    ua.StatusCodes.BadShutdown,
}


class Ended(NotConnected):
    """This epoch is over, or never began; `failure` decides how long to wait."""

    def __init__(self, failure: Failure, reason: Reason | str, /, **facts: Fact) -> None:
        super().__init__(reason, **facts)
        self.failure = failure


class TooMuch(Refused):
    """One call held more than the server bears; `number` is its status code. In smaller pieces it may be answered."""


def explain(problem: BaseException, endpoint: Endpoint) -> WireError:
    """asyncua's many ways to fail → a reason for a person and a Failure for the back-off."""
    if isinstance(problem, WireError):
        return problem
    host, port = endpoint.address
    place = f"{host}:{port}"
    if isinstance(problem, TimeoutError | asyncio.CancelledError):
        return Ended(Failure.SILENCE, "opcua.no_answer", place=place, within_s=endpoint.timeout_s)
    if isinstance(problem, ConnectionRefusedError):
        return Ended(Failure.CLOSED_PORT, "opcua.nothing_listens", place=place)
    if isinstance(problem, socket.gaierror):
        return Ended(Failure.CLOSED_PORT, "opcua.unknown_host", host=host)
    if isinstance(problem, ua.UaStatusCodeError):
        if problem.code in _TOO_MUCH:
            return TooMuch("opcua.refuses", problem.code, status=status_name(problem.code))
        return Ended(Failure.TURNED_AWAY, "opcua.refuses", status=status_name(problem.code))
    if isinstance(problem, AssertionError):
        # asyncua 2.1: the channel was closed on us while opening it, which is how most servers refuse a certificate
        return Ended(Failure.TURNED_AWAY, "opcua.no_channel")
    if isinstance(problem, OSError) and not isinstance(problem, ConnectionError):
        return Ended(Failure.CLOSED_PORT, "opcua.unreachable", place=place, why=os_reason(problem))
    if isinstance(problem, ConnectionError):
        if problem.errno is None:  # asyncua's own, which says no more
            return Ended(Failure.TURNED_AWAY, "opcua.connection_lost", place=place)
        return Ended(Failure.TURNED_AWAY, "opcua.connection_lost_by", place=place, why=os_reason(problem))
    text = f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__
    return Ended(Failure.TURNED_AWAY, "opcua.connection_lost_by", place=place, why=text)


def fault_of(problem: WireError) -> int | None:
    """The status code of a service that said no while the session goes on; None where the connection is over."""
    fault = problem.__cause__
    if isinstance(problem, TooMuch):
        return problem.number
    return fault.code if isinstance(fault, ua.UaStatusCodeError) and fault.code not in SESSION_OVER else None
