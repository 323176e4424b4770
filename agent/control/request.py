"""What a handler gets and gives: the question, who asks, and its ways to say no."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agent.control.rights import Peer
from protocols.errors import Reasoned
from protocols.reason import Reason


class RequestError(Reasoned):
    """A handler's no: why, and what to do about it.

    `code` is its class: bad_request, not_found, bad_data, no_answer, refused, failed, busy, cannot_write.
    """

    def __init__(self, code: str, reason: Reason | str, remedy: Reason | str | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.remedy = Reason(remedy) if isinstance(remedy, str) else remedy


class ClientEnd(Protocol):
    """The connection a question came by, for a stream that lets another process write the answers."""

    async def descriptor(self) -> int:
        """A descriptor of it, once everything written before is with the kernel. Whoever asks for it closes it."""

    def cut_off(self) -> None:
        """The other process ended, perhaps in the middle of a line: what is said next begins a new one."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question: its arguments, who asks, and the connection, where there is one.

    Whoever changes anything puts into `changed` what `was` and what it `becomes`, for the record of acts.
    """

    args: Mapping[str, Any]
    peer: Peer
    client: ClientEnd | None = None
    changed: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str, default: str | None = None) -> str:
        """The argument as text. Raises RequestError (bad_request)."""
        value = self.args.get(name, default)
        if not isinstance(value, str):
            raise RequestError("bad_request", Reason("request.text", argument=name))
        return value

    def number(self, name: str, default: float | None = None, low: float = 0, high: float = 1e12) -> float:
        """The argument as a number within low…high. Raises RequestError (bad_request)."""
        value = self.args.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise RequestError("bad_request", Reason("request.number", argument=name, least=low, most=high))
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """The argument as true or false. Raises RequestError (bad_request)."""
        value = self.args.get(name, default)
        if not isinstance(value, bool):
            raise RequestError("bad_request", Reason("request.flag", argument=name))
        return value


Answer = Callable[[Request], Awaitable[Any]]
"""Answers once. Not cancelled when the client hangs up, only when it takes longer than the server allows."""

Stream = Callable[[Request], AsyncIterator[Any]]
"""Answers many times; closed as soon as the client hangs up or does not take what it is sent."""
