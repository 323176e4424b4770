"""The record of acts in a running core: what it hears of, its head sent upwards, and who asks for it."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import orjson

from agent.control.acts import Act
from agent.control.encoding import Rows
from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.core.audit.files import AuditFiles, Head, newest
from agent.core.audit.log import AuditLog, Stamp
from agent.core.identity import FILE, Identity, NotRenewed
from agent.judge.service.fact_store import RecordedFact
from agent.runtime.seals import KEY
from agent.runtime.version import VERSION
from agent.runtime.write_behind import WriteBehind, Writer
from agent.settings.settings import Settings
from drivers.event import Event, EventKind, Evidence, Severity, Transition
from drivers.profile.plain import plain
from protocols.clock import NowNs
from protocols.reason import Reason
from protocols.system import file_reason

FOLDER = "audit"
FIRST_S, EVERY_S = 60.0, 86_400.0
"""After a start, and from then on: the head goes upwards where there is a new one."""
END_S = 2.0
"""So long a stopping core waits for a card to take the last lines."""


class Audit:
    """`log` is told of acts, `fact` of facts that are news; `run` while core runs, then `close`."""

    def __init__(
        self,
        settings: Settings,
        stamp: Stamp,
        report: Callable[[Event], None],
        now_ns: NowNs,
        writer: Writer | None = None,
    ) -> None:
        self._settings = settings
        self._files = AuditFiles(settings.site.gateway.state_dir / FOLDER)
        self.log = AuditLog(self._files, writer or WriteBehind("audit"), stamp)
        self._report = report
        self._now_ns = now_ns
        self._told = Head(0, "")
        self._renews = asyncio.Lock()
        gateway = settings.site.gateway
        self.identity = Identity(gateway.state_dir, gateway.id, gateway.identity_key_file)

    def fact(self, told: RecordedFact) -> None:
        """One from afar is an act; those told at the gateway are acts of its socket already."""
        if not told.told_by.startswith("uid "):
            self.log.act(Act("fact", told.told_by, {"fact": told.kind, **asdict(told.fact)}))

    async def run(self) -> None:
        """For ever."""
        if new := await asyncio.to_thread(self.identity.load):
            self._tell(KEY, new)
        self.log.settings(await asyncio.to_thread(gone_by, self._settings))
        await asyncio.sleep(FIRST_S)
        while True:
            self.tell_head()
            await asyncio.sleep(EVERY_S)

    def tell_head(self) -> None:
        """An event: what was sent upwards is not rewritten unseen."""
        head = self._files.head
        if head.number and head != self._told:
            self._told = head
            self._tell(FOLDER, self.identity.sealed(FOLDER, {"lines": head.number, "head": head.hash}))

    def _tell(self, about: str, told: Evidence) -> None:
        self._report(Event(EventKind.AUDIT, about, Severity.INFO, Transition.NOTED, self._now_ns(), told))

    async def close(self) -> None:
        """Everything so far is on the card, if the card takes it."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(END_S):
                await self.log.written()

    def register(self, server: ControlServer) -> None:
        """Answer `audit.show`: {"folder", "lines": the newest `last` of them, "count", "head", "identity"}; and
        `key.gateway` and `key.renew`, of the gateway's own key.
        """
        server.register("key.gateway", self._key, "read")
        server.register("key.renew", self._renew, "operate")
        server.register("audit.show", self._show, "read")

    async def _show(self, request: Request) -> dict[str, Any]:
        last = int(request.number("last", 50, 1, 1000))
        try:
            await self.log.written()
            rows = await asyncio.to_thread(_rows, self._files, last)
        except OSError as error:
            raise RequestError("no_answer", file_reason(self._files.folder, error)) from None
        head = self._files.head
        about = {"count": head.number, "head": head.hash, "identity": self.identity.public}
        return {"folder": str(self._files.folder), "lines": Rows(rows), **about}

    async def _key(self, _request: Request) -> dict[str, Any]:
        """The newest registration, and what the next key has to agree to where the settings name the key's file."""
        identity = self.identity
        about = {"gateway": self._settings.site.gateway.id, "key": identity.public, "in_settings": identity.given}
        return {**about, "registration": identity.registration, "following": identity.following()}

    async def _renew(self, request: Request) -> dict[str, Any]:
        """Another key, signed for by this one. {"next", "agreed"}: one that a person is about to put in place."""
        identity, key = self.identity, request.text("next", "")
        if self._renews.locked():
            raise RequestError("busy", Reason("identity.being_renewed"))
        async with self._renews:
            request.changed["was"] = identity.public
            try:
                if key:
                    renewed = await asyncio.to_thread(identity.announce, key, request.text("agreed"))
                else:
                    renewed = await asyncio.to_thread(identity.renew)
                    identity.take(renewed)
                    self._tell(KEY, renewed.registration)  # before anything that it signs
                    await asyncio.to_thread(identity.replace)
            except NotRenewed as no:
                raise RequestError("refused", no.reason) from None
            except OSError as error:
                raise RequestError("cannot_write", file_reason(error.filename or FILE, error)) from None
            request.changed["becomes"] = renewed.registration["key"]
        return {"registration": renewed.registration, "from_now_on": renewed.private is not None}


def _rows(files: AuditFiles, last: int) -> list[bytes]:
    return [orjson.dumps({**line.content, "hash": line.hash}) for line in newest(files.folder, last)]


def gone_by(settings: Settings) -> Mapping[str, Any]:
    """What this start goes by: the version, the site file's digest, whose orders are believed, what is allowed."""
    try:
        digest = sha256(settings.path.read_bytes()).hexdigest()
    except OSError:
        digest = ""
    flight = plain(settings.site.flight)
    return {"version": VERSION, "site_file_sha256": digest, **flight}
