"""Whether a browser may look: its token's digest against the passes that core keeps, read again as they change."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from hmac import compare_digest
from pathlib import Path
from typing import NamedTuple

from agent.control.web_passes import LONGEST_BYTES, Moment, Pass, digest_of, moment, read
from protocols.foreign_json import BadJson
from protocols.reason import Reason
from protocols.system import file_reason

LOOK_EVERY_S = 1.0
LONGEST_TOKEN = 100

_log = logging.getLogger("hydronest")


class Visitor(NamedTuple):
    """Whoever holds a token that counts: the link's id, for whom it was made, how many seconds it counts on."""

    id: str
    person: str
    left_s: float


class Passing:
    """`of` a token. A file that cannot be read lets nobody in."""

    def __init__(
        self,
        path: Path,
        now: Callable[[], Moment] = moment,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._now = now
        self._monotonic = monotonic
        self._passes: list[Pass] = []
        self._as_of: tuple[int, int, int] | None = None
        self._look_s = float("-inf")
        self._said: Reason | None = None
        self._turn = asyncio.Lock()

    async def of(self, token: str | None) -> Visitor | None:
        """Who holds it; None where it lets nobody in."""
        if not token or len(token) > LONGEST_TOKEN:
            return None
        await self._look(LOOK_EVERY_S)
        digest = digest_of(token)
        if (found := self._found(digest)) is None:
            await self._look(0.0)  # it may have been made this second
            found = self._found(digest)
        return found

    def _found(self, digest: str) -> Visitor | None:
        now, found = self._now(), None
        for one in self._passes:
            if compare_digest(one.digest, digest) and (left_s := one.left_s(now)) > 0:
                found = Visitor(one.id, one.person, left_s)
        return found

    async def _look(self, every_s: float) -> None:
        async with self._turn:
            now = self._monotonic()
            if now - self._look_s < every_s:
                return
            self._look_s = now
            try:
                if changed := await asyncio.to_thread(self._changed):
                    self._as_of, self._passes = changed
                self._said = None
            except (OSError, BadJson) as error:
                self._as_of, self._passes = None, []
                why = error.reason if isinstance(error, BadJson) else file_reason(self._path, error)
                if self._said != why:
                    self._said = why
                    _log.error("%s: nobody may look at the pages: %s", self._path, why)

    def _changed(self) -> tuple[tuple[int, int, int] | None, list[Pass]] | None:
        try:
            about = self._path.stat()
        except FileNotFoundError:
            return None, []
        as_of = (about.st_ino, about.st_mtime_ns, about.st_size)
        if as_of == self._as_of:
            return None
        if about.st_size > LONGEST_BYTES:
            raise BadJson("state.spoilt")
        return as_of, read(self._path)
