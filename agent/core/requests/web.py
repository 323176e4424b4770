"""What the control socket answers about links to the pages: who has one, another one, and taking one back.

Only core writes them; the pages' process reads. The token itself never comes here: whoever asks for a link sends the
digest of a token he made.
"""

import asyncio
import logging
import re
import secrets
from typing import Any, Final

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.control.web_passes import LONGEST_NAME, LONGEST_S, MOST, Pass, moment, passes_file, read, written
from agent.runtime.durable import write_whole
from agent.settings.settings import Settings
from agent.settings.web import Web
from protocols.foreign_json import BadJson
from protocols.reason import Reason
from protocols.system import file_reason

READ: Final = "read"
"""What every link is good for: looking."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_log = logging.getLogger("hydronest")


def register_web(server: ControlServer, settings: Settings, web: Web) -> None:
    """Answer web.link, web.list and web.revoke of a site that has pages."""
    asks = _Handlers(settings, web)
    server.register("web.link", asks.link, "operate")
    server.register("web.list", asks.listed, "read")
    server.register("web.revoke", asks.revoke, "operate")


class _Handlers:
    def __init__(self, settings: Settings, web: Web) -> None:
        self._path = passes_file(settings.site.gateway.state_dir)
        self._web = web
        self._turn = asyncio.Lock()

    async def link(self, request: Request) -> dict[str, Any]:
        """Let the holder of a token look for `for_s` seconds: its `digest`, and who he is. Durable when answered."""
        digest, person = request.text("digest"), request.text("person", "")
        for_s = request.number("for_s", None, 60, LONGEST_S)
        if not _DIGEST.fullmatch(digest) or len(person) > LONGEST_NAME:
            raise RequestError("bad_request", Reason("web.bad_link", most=LONGEST_NAME))
        now = moment()
        made = Pass(
            secrets.token_hex(4), digest, person, READ, now.utc_s, now.utc_s + for_s, now.boot, now.since_boot_s + for_s
        )
        async with self._turn:
            passes = await self._passes()
            if len(passes) >= MOST:
                raise RequestError("refused", Reason("web.too_many_links", most=MOST), "web.revoke_some")
            await self._keep([*passes, made])
        request.changed["becomes"] = made.id
        return {"id": made.id, "address": self._web.address, "left_s": for_s}

    async def listed(self, _request: Request) -> dict[str, Any]:
        """Where the pages are, and every link that still counts."""
        now = moment()
        rows = [
            {"id": one.id, "person": one.person, "right": one.right, "left_s": round(one.left_s(now))}
            for one in await self._passes()
        ]
        return {"address": self._web.address, "links": rows}

    async def revoke(self, request: Request) -> dict[str, Any]:
        """Take one back by its `id`, or `all` of them: from the next second on. Durable when answered."""
        every, name = request.flag("all"), request.text("id", "")
        async with self._turn:
            passes = await self._passes()
            gone = [one.id for one in passes if every or one.id == name]
            if not gone and not every:
                raise RequestError("not_found", Reason("web.no_link", id=name), "web.list_them")
            await self._keep([one for one in passes if one.id not in gone])
        request.changed["was"] = gone
        return {"revoked": gone}

    async def _passes(self) -> list[Pass]:
        """Those that still count. A spoilt file holds none: nobody looks by what nobody can read."""
        now = moment()
        try:
            kept = await asyncio.to_thread(read, self._path)
        except BadJson as wrong:
            _log.error("%s: no link to the pages counts any more: %s", self._path, wrong)
            return []
        except OSError as error:
            raise RequestError("no_answer", file_reason(self._path, error)) from None
        return [one for one in kept if one.left_s(now) > 0]

    async def _keep(self, passes: list[Pass]) -> None:
        try:
            await asyncio.to_thread(write_whole, self._path, written(passes))
        except OSError as error:
            raise RequestError("cannot_write", file_reason(self._path, error)) from None
