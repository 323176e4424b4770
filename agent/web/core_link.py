"""The pages' one connection to core, and one to flight: questions one after the other, however many look."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import orjson

from protocols.errors import Reasoned
from protocols.reason import Reason, from_json
from protocols.system import os_reason

SILENCE_S = 2.0
"""An answer that takes longer is none: whoever looks is to know within three seconds."""
LONGEST_ANSWER = 16 << 20


class NoAnswer(Reasoned):
    """Core is not there, hung up, is silent, or says no. `refused`: it is there."""

    def __init__(self, reason: Reason, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


class CoreLink:
    """`ask`; it dials when it has to. `close` at the end."""

    def __init__(self, path: Path, silence_s: float = SILENCE_S) -> None:
        self._path = path
        self._silence_s = silence_s
        self._turn = asyncio.Lock()
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, name: str, /, **arguments: Any) -> Any:
        """The first answer to one question. Raises NoAnswer."""
        async with self._turn:
            try:
                async with asyncio.timeout(self._silence_s):
                    return await self._ask(name, arguments)
            except TimeoutError:
                why = Reason("request.silence", for_s=self._silence_s)
            except (OSError, asyncio.IncompleteReadError) as error:
                why = os_reason(error) if isinstance(error, OSError) else Reason("request.half_an_answer")
            except (ValueError, TypeError, KeyError, asyncio.LimitOverrunError):
                why = Reason("request.not_an_agent")
            except asyncio.CancelledError:
                await self._hang_up()  # in the middle of an answer: the next one would be taken for its end
                raise
            await self._hang_up()
            raise NoAnswer(why)

    async def _ask(self, name: str, arguments: dict[str, Any]) -> Any:
        if self._ends is None:
            self._ends = await asyncio.open_unix_connection(str(self._path), limit=LONGEST_ANSWER)
        reader, writer = self._ends
        writer.write(orjson.dumps({"ask": name, **arguments}) + b"\n")
        found: list[Any] = []
        while True:
            answer = orjson.loads(await reader.readuntil(b"\n"))
            if not answer["ok"]:
                raise NoAnswer(from_json(answer.get("reason")) or Reason("request.no_reason"), refused=True)
            if "value" in answer:
                found.append(answer["value"])
            if not answer.get("more"):
                return found[0] if found else None

    async def _hang_up(self) -> None:
        if self._ends is not None:
            _reader, writer = self._ends
            self._ends = None
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def close(self) -> None:
        """Hang up."""
        async with self._turn:
            await self._hang_up()
