"""Asks the running agent over its unix socket. Imports little beside socket and json: a Pi starts it often."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Iterator

from protocols.errors import Reasoned
from protocols.reason import Fact, Reason, from_json
from protocols.system import os_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Self

LONGEST_ANSWER = 16 << 20
"""Bytes of one line from the agent; more is a fault, not an answer."""


class NotRunning(Reasoned):
    """Nobody answers at the socket; `denied` if it is there but this user may not."""

    def __init__(self, reason: Reason, denied: bool = False) -> None:
        super().__init__(reason)
        self.denied = denied


class RequestFailed(Reasoned):
    """The agent said no, or what came back is no answer. `code` is the class of it; `remedy` is what to do."""

    def __init__(self, code: str, reason: Reason | str, remedy: Reason | None = None, /, **facts: Fact) -> None:
        super().__init__(reason, **facts)
        self.code = code
        self.remedy = remedy


class Connection:
    """One connection; asks may follow each other on it. Raises NotRunning.

    `timeout` is the longest silence that is waited for, in seconds; `on_progress(done, of)` hears how far a long
    answer is.
    """

    def __init__(self, path: str, timeout: float, on_progress: Callable[[int, int], None] | None = None) -> None:
        self._timeout = timeout
        self._on_progress = on_progress
        self._kept = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise NotRunning(os_reason(error), denied=isinstance(error, PermissionError)) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def fileno(self) -> int:
        """The socket's number, to wait for it together with a keyboard."""
        return self._socket.fileno()

    def ask(self, name: str, **arguments: Any) -> Any:
        """One question, its (first) answer. Raises RequestFailed."""
        answer = None
        for at, value in enumerate(self.stream(name, **arguments)):
            answer = value if at == 0 else answer
        return answer

    def stream(self, name: str, **arguments: Any) -> Iterator[Any]:
        """One question, each answer as it arrives. Raises RequestFailed."""
        question = json.dumps({"ask": name, **arguments}).encode() + b"\n"
        try:
            with contextlib.suppress(ConnectionError):  # hung up on before we asked: it may have said why
                self._socket.sendall(question)
            while True:
                answer = self._answer()
                if not answer.get("ok"):
                    why = from_json(answer.get("reason")) or Reason("request.no_reason")
                    raise RequestFailed(str(answer.get("code", "failed")), why, from_json(answer.get("remedy")))
                if "value" in answer:
                    yield answer["value"]
                elif self._on_progress is not None and isinstance(told := answer.get("progress"), dict):
                    self._on_progress(int(told.get("done", 0)), int(told.get("of", 0)))
                if not answer.get("more"):
                    return
        except TimeoutError:
            raise RequestFailed("silent", "request.silence", for_s=self._timeout) from None
        except OSError as error:
            raise RequestFailed("hung_up", "request.hung_up", why=os_reason(error)) from None

    def _answer(self) -> dict[str, Any]:
        cut_off = False
        while True:
            line = self._line()
            try:
                answer = json.loads(line or b"{}")
            except (ValueError, RecursionError):
                answer = None
            if isinstance(answer, dict):
                if line:
                    return answer
            elif cut_off or not self._kept:
                raise RequestFailed("no_agent", "request.not_an_agent")
            else:
                cut_off = True  # whoever wrote it ended in the middle; the next line says so

    def _line(self) -> bytes:
        while b"\n" not in self._kept:
            if len(self._kept) > LONGEST_ANSWER:
                raise RequestFailed("no_agent", "request.endless_answer")
            more = self._socket.recv(1 << 16)
            if not more:
                raise RequestFailed("hung_up", "request.half_an_answer")
            self._kept += more
        line, _newline, self._kept = self._kept.partition(b"\n")
        return bytes(line)
