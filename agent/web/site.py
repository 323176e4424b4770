"""What is answered to which address, and to whom: nothing of the station to anybody without a token that counts."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from agent.web import alarms, flights, hydrants, overview, rate, town_map
from agent.web.assets import Assets
from agent.web.connection import Stream
from agent.web.layout import About, document, entry, page
from agent.web.markup import tag
from agent.web.passing import Passing, Visitor
from agent.web.picture import EVERY_S, Picture
from agent.web.records import Asked, Record, Shown, as_seen, patch, rows_seen
from agent.web.requests import Answer, BadRequest, Request
from agent.web.words import LANGUAGES, Words

COOKIE, TONGUE = "hydronest", "hydronest-lang"
LANGUAGE_S = 366 * 86_400
WRONG_S = 0.5
"""So long whoever brings a wrong token waits."""
MOST_STREAMS, MOST_OF_ONE = 32, 8
"""Pages that are told of changes at once; of these, by one link."""
NO_SUCH = "web.no_such_page"
VIEWS: dict[str, Shown] = {
    "overview": Shown(overview.show, overview.NEEDS, "web.overview"),
    "hydrants": Shown(hydrants.show, hydrants.NEEDS, "web.hydrants"),
    "map": Shown(town_map.show, town_map.NEEDS, "web.map"),
    "alarms": Shown(alarms.show, alarms.NEEDS, "web.alarms"),
    "rate": Shown(rate.show, rate.NEEDS, "web.rate"),
    "flights": Shown(flights.show, flights.NEEDS, "web.flights"),
}
"""By their addresses, in the order of the way to them."""
WAYS = tuple((name, one.title) for name, one in VIEWS.items())


class Site:
    """`answer`. `names` are what browsers may call it; `secure`: by TLS."""

    def __init__(
        self,
        picture: Picture,
        passing: Passing,
        *,
        names: tuple[str, ...] = (),
        secure: bool = False,
        station: str = "",
        language: str = "zh",
        timezone: str = "Asia/Shanghai",
    ) -> None:
        self._picture = picture
        self._passing = passing
        self._names = frozenset(name.lower() for name in (*names, "localhost"))
        self._secure = secure
        self._station = station
        self._language = language
        self._zone = ZoneInfo(timezone)
        self._assets = Assets()
        self._streams: list[str] = []

    async def answer(self, request: Request) -> Answer | Stream:
        """Raises BadRequest."""
        if not self._is_ours(request.headers.get("host", "")):
            raise BadRequest(421)
        if request.method not in ("GET", "HEAD", "POST"):
            raise BadRequest(405)
        if request.method == "POST":
            return await self._post(request)
        if (asset := self._assets.answer(request.path)) is not None:
            return asset
        words = self._words(request)
        if request.path == "/in":
            return Answer(entry(words, self._assets))
        visitor = await self._passing.of(request.cookies.get(self._cookie))
        if visitor is None:
            return Answer(entry(words, self._assets), 403)
        kind, _, name = request.path.strip("/").partition("/")
        if request.path == "/":
            return redirect("/overview")
        if request.path == f"/{kind}" and kind in VIEWS:
            return await self._page(request, words, kind)
        if kind == "live" and name in VIEWS:
            return self._live(request, words, name, visitor)
        text = words(NO_SUCH)
        return Answer(document(words, self._assets, text, tag("main", tag("p", text))), 404)

    @property
    def _cookie(self) -> str:
        return f"__Host-{COOKIE}" if self._secure else COOKIE

    def _is_ours(self, host: str) -> bool:
        """By an IP address, or a name that the settings give: no other site's name leads its visitors here."""
        name = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
        if name.lower() in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    async def _post(self, request: Request) -> Answer:
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise BadRequest(403)
        if (origin := request.headers.get("origin")) is not None and origin != self._origin(request):
            raise BadRequest(403)
        if request.path == "/out":
            return redirect("/in", self._set(self._cookie, "", 0))
        if request.path != "/in":
            raise BadRequest(404)
        token = request.form.get("token", "").strip()
        visitor = await self._passing.of(token)
        if visitor is None:
            await asyncio.sleep(WRONG_S)
            words = self._words(request)
            return Answer(entry(words, self._assets, words("web.wrong_token")), 403)
        return redirect("/", self._set(self._cookie, token, int(visitor.left_s)))

    def _origin(self, request: Request) -> str:
        return f"{'https' if self._secure else 'http'}://{request.headers.get('host', '')}"

    def _set(self, name: str, value: str, for_s: int) -> tuple[str, str]:
        guard = "; Secure" if self._secure else ""
        return "set-cookie", f"{name}={value}; Path=/; Max-Age={for_s}; HttpOnly; SameSite=Strict{guard}"

    def _words(self, request: Request) -> Words:
        for wish in (request.query.get("lang"), request.cookies.get(TONGUE)):
            if wish in LANGUAGES:
                return Words(wish)
        return Words(self._language)

    async def _page(self, request: Request, words: Words, name: str) -> Answer:
        asked = asked_of(request)
        await self._picture.newest(VIEWS[name].needs)
        content = VIEWS[name].show(self._picture, words, asked)
        live = f"/live/{name}?{_query(asked, words, content.records)}"
        about = About(self._station, WAYS, name, live, self._gone(words))
        body = page(words, self._assets, content.title, about, content.body())
        if request.query.get("lang") in LANGUAGES:
            return Answer(body, fields=(self._set(TONGUE, words.language, LANGUAGE_S),))
        return Answer(body)

    def _gone(self, words: Words) -> str:
        """Why what is shown is old and since when; empty while it is not."""
        picture = self._picture
        if picture.fresh:
            return ""
        why = words.reason(picture.trouble)
        if picture.heard_utc_s is None:
            return words("web.never_heard", why=why)
        since = datetime.fromtimestamp(picture.heard_utc_s, self._zone).strftime("%H:%M:%S")
        return words("web.old_since", since=since, why=why)

    def _live(self, request: Request, words: Words, name: str, visitor: Visitor) -> Stream:
        if len(self._streams) >= MOST_STREAMS or self._streams.count(visitor.id) >= MOST_OF_ONE:
            raise BadRequest(503)
        asked, token = asked_of(request), request.cookies.get(self._cookie)
        return self._told(VIEWS[name], words, asked, request.query.get("seen", ""), token, visitor.id)

    async def _told(
        self, shown: Shown, words: Words, asked: Asked, seen: str, token: str | None, visitor: str
    ) -> AsyncGenerator[bytes, None]:
        self._streams.append(visitor)
        try:
            before: tuple[Record, ...] | None = None
            version = -1
            while True:
                if await self._passing.of(token) is None:
                    yield event("out", None)
                    return
                self._picture.look(shown.needs)
                if self._picture.version != version and self._picture.heard_s is not None:
                    version = self._picture.version
                    now = shown.show(self._picture, words, asked).records
                    changed = as_seen(seen, now) if before is None else patch(before, now)
                    if changed != []:
                        yield event("again" if changed is None else "rows", changed)
                    before = now
                yield event("beat", self._gone(words))
                await asyncio.sleep(EVERY_S)
        finally:
            self._streams.remove(visitor)


def redirect(to: str, *fields: tuple[str, str]) -> Answer:
    """Look there instead."""
    return Answer(b"", 303, fields=(("location", to), *fields))


def event(name: str, told: Any) -> bytes:
    """One of a stream's."""
    return f"event: {name}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n".encode()


def asked_of(request: Request) -> Asked:
    """What a page is asked to show. Raises BadRequest."""
    start = request.query.get("start", "0")
    if not (start.isascii() and start.isdecimal() and len(start) < 7):
        raise BadRequest
    return Asked(request.query.get("state", ""), request.query.get("find", ""), int(start))


def _query(asked: Asked, words: Words, records: tuple[Record, ...]) -> str:
    told = {name: value for name, value in asked._asdict().items() if value}
    return urlencode({**told, "lang": words.language, "seen": rows_seen(records)})
