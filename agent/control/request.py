"""What a handler gets and gives: the question, who asks, and its ways to say no."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.control.rights import Peer


class RequestError(Exception):
    """A handler's no. `code`: bad_request, not_found, bad_data, no_answer, refused, failed, busy, cannot_write."""

    def __init__(self, code: str, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.next_step = next_step


@dataclass(frozen=True, slots=True)
class Request:
    """One question: its arguments, and who asks."""

    args: Mapping[str, Any]
    peer: Peer

    def text(self, name: str, default: str | None = None) -> str:
        """The argument as text. Raises RequestError (bad_request)."""
        value = self.args.get(name, default)
        if not isinstance(value, str):
            raise RequestError("bad_request", f"{name}: a text is needed")
        return value

    def number(self, name: str, default: float | None = None, low: float = 0, high: float = 1e12) -> float:
        """The argument as a number within low…high. Raises RequestError (bad_request)."""
        value = self.args.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise RequestError("bad_request", f"{name}: a number from {low:g} to {high:g} is needed")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """The argument as true or false. Raises RequestError (bad_request)."""
        value = self.args.get(name, default)
        if not isinstance(value, bool):
            raise RequestError("bad_request", f"{name}: true or false is needed")
        return value


Answer = Callable[[Request], Awaitable[Any]]
"""Answers once. Not cancelled when the client hangs up, only when it takes longer than the server allows."""

Stream = Callable[[Request], AsyncIterator[Any]]
"""Answers many times; closed as soon as the client hangs up or does not take what it is sent."""
