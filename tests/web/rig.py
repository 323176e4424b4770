"""The pages as they are served, beside a core that tells of twelve hydrants; and a browser without manners."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

from agent.control.request import Request
from agent.control.server import ControlServer
from agent.control.web_passes import digest_of
from agent.core.latest import LatestValues
from agent.core.requests.events import group_rows, standing_rows
from agent.core.requests.site import register_site
from agent.core.requests.web import register_web
from agent.settings.load import load
from agent.settings.settings import Settings
from agent.web.process import serving
from hil.ports import free_port
from protocols.reason import Reason
from tests.asking import ask
from tests.cli.a_site import ASite, a_board, a_nest
from tests.waiting import patient

TOKEN = "a-token-of-thirty-two-bytes-or-so"

SITE = """
[gateway]
id = "gw-01"
name = "柯城消防站"
state_dir = "state"
socket = "run/control.sock"

[web]
port = {port}
"""


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str


class Station:
    """One gateway: `latest` is what core knows, `core` its socket while it lives."""

    def __init__(self, settings: Settings, latest: LatestValues, verdicts: list[dict[str, Any]]) -> None:
        assert settings.site.web is not None
        self.settings = settings
        self.web = settings.site.web
        self.latest = latest
        self.verdicts = verdicts
        self.nests = [a_nest(118.8735, 28.9412) | {"ready": False, "why_not": [Reason("flight.silent").as_json()]}]
        self.core: ControlServer | None = None

    @property
    def port(self) -> int:
        return self.web.port

    async def begin(self) -> None:
        """Core begins."""
        self.core = ControlServer(self.settings.socket_path)
        register_site(self.core, self.latest, ASite(), nests=lambda: self.nests)
        register_web(self.core, self.settings, self.web)
        self.core.register("verdict.list", self._verdicts, "read")
        self.core.register("rate", self._rate, "read")
        self.core.register("alarm.list", self._alarms, "read")
        await self.core.start()

    async def end(self) -> None:
        """Core is gone."""
        if self.core is not None:
            await self.core.close()
            self.core = None

    async def _verdicts(self, _request: Request) -> list[dict[str, Any]]:
        return self.verdicts

    async def _rate(self, request: Request) -> dict[str, Any]:
        group = "all" if request.text("by", "all") == "all" else "qz-kc"
        counts = {"serviceable": 10, "not_serviceable": 1, "unknown": 1, "strict": 10 / 12, "of_known": 10 / 11}
        return {"rules": "cn-2026.3", "groups": [{"group": group, **counts}]}

    async def _alarms(self, _request: Request) -> dict[str, Any]:
        alarms = self.latest.alarms
        return {"standing": await standing_rows(alarms), "groups": group_rows(alarms), "shelf": []}

    async def link(self, token: str = TOKEN, for_s: float = 3600, **more: Any) -> str:
        """A link's id."""
        made = await ask(self.settings.socket_path, "web.link", digest=digest_of(token), for_s=for_s, **more)
        return str(made["id"])

    async def raw(self, *parts: bytes, whole: bool = True) -> bytes:
        """What is answered to these very bytes, up to the end of the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            with contextlib.suppress(ConnectionError):
                for part in parts:
                    writer.write(part)
                    await writer.drain()
            async with patient("the pages answer"):
                with contextlib.suppress(ConnectionError):
                    return await reader.read() if whole else await reader.read(1)
            return b""
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def get(
        self, path: str, token: str | None = TOKEN, method: str = "GET", body: str = "", **headers: str
    ) -> Reply:
        """One request as a browser makes it."""
        told = {"host": f"127.0.0.1:{self.port}", "connection": "close"}
        if token is not None:
            told["cookie"] = f"hydronest={token}"
        if body:
            told |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
        return reply_of(await self.raw("\r\n".join([*lines, "", body]).encode()))

    @contextlib.asynccontextmanager
    async def live(self, path: str, token: str | None = TOKEN) -> AsyncIterator["Live"]:
        """What a page is told of, as it comes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: hydronest={token}\r\n\r\n".encode())
        try:
            async with patient("the stream begins"):
                head = await reader.readuntil(b"\r\n\r\n")
            yield Live(reader, head.decode())
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class Live:
    """A stream of events; `next` of a name gives what it tells."""

    def __init__(self, reader: asyncio.StreamReader, head: str) -> None:
        self._reader = reader
        self.head = head

    async def next(self, name: str) -> Any:
        async with patient(f"an event {name}"):
            while True:
                line = (await self._reader.readuntil(b"\n")).decode().strip()
                if line == f"event: {name}":
                    return json.loads((await self._reader.readuntil(b"\n")).decode().partition("data: ")[2])


def reply_of(raw: bytes) -> Reply:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in fields)}
    return Reply(int(first.split()[1]) if first else 0, headers, body.decode())


def live_of(page: Reply) -> str:
    """Where a page is told of changes."""
    found = re.search(r'data-live="([^"]+)"', page.body)
    assert found, page.body
    return found[1].replace("&amp;", "&")


def verdict(asset: str, state: str = "serviceable", **say: tuple[str, str]) -> dict[str, Any]:
    """As core tells of it."""
    told = {rule.removesuffix("?"): {"zh": zh, "en": en} for rule, (zh, en) in say.items()}
    number = int(asset[1:])
    place = [118.865 + number % 5 * 0.002, 28.937 + number // 5 * 0.002]
    about = {"name": f"衢江路{number}号", "since_s": 4000.0, "place": place}
    return {"id": asset, **about, "state": state, "reasons": [*say], "say": told}


@contextlib.asynccontextmanager
async def station(folder: Path, devices: int = 12, more: str = "") -> AsyncIterator[Station]:
    """A core and its pages, with a link for TOKEN."""
    (folder / "run").mkdir()
    (folder / "site.toml").write_text(SITE.format(port=free_port()) + more)
    settings = load(folder / "site.toml")
    low = {"low?": ("水压过低", "the pressure is too low")}
    verdicts = [
        verdict("h01"),
        verdict("h02", "unknown", **low),
        verdict("h03", "not_serviceable", cap=("盖帽被打开", "a cap is off")),
        *(verdict(f"h{number:02}") for number in range(4, min(devices, 12))),
    ]
    found = Station(settings, a_board(devices), verdicts)
    await found.begin()
    try:
        async with serving(settings, found.web):
            await found.link()
            yield found
    finally:
        await found.end()
