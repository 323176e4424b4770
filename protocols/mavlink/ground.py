"""The ground station: one mavsdk for the agent, its links, and the ways they are known not to heal by themselves."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import partial
from typing import Any

from protocols.errors import NotConnected, Reasoned
from protocols.mavlink.address import EXAMPLES, is_url
from protocols.mavlink.calls import CallThreads
from protocols.mavlink.components import GROUND
from protocols.mavlink.deadman import DeadMan
from protocols.mavlink.library import (
    ComponentType,
    Configuration,
    LogLevel,
    Mavsdk,
    MavsdkConnectionError,
    System,
    log_subscribe,
)
from protocols.mavlink.results import library_reason
from protocols.mavlink.signed_links import SignedLinks

HUNG_S = 8.0
SETTLE_S = 0.5
"""So long the calls under way may take to end before mavsdk is destroyed under those that stand still."""
_LEVELS = {LogLevel.DEBUG: 10, LogLevel.INFO: 10, LogLevel.WARN: 20, LogLevel.ERROR: 30}
_log = logging.getLogger(__name__)


def _log_line(level: LogLevel, message: str, file: str | None, line: int) -> bool:
    del file, line
    _log.log(_LEVELS[level], "%s", message)
    return True


class BadLink(Reasoned, ValueError):
    """Links that cannot be opened together, or at all."""


class GroundStation:
    """Owns mavsdk and its connections. `async with GroundStation.open(urls)`; several aircraft may share one url.

    With `signed` every link is one of those, and mavsdk opens none itself.
    """

    def __init__(self, urls: Iterable[str], signed: SignedLinks | None = None) -> None:
        wanted = list(dict.fromkeys(urls))
        for url in wanted:
            if not is_url(url):
                raise BadLink("mavlink.no_url", url=url, examples=EXAMPLES)
        listening = [url for url in wanted if url.startswith(("udpin", "tcpin"))]
        ports = [url.rsplit(":", 1)[1] for url in listening]
        for url, port in zip(listening, ports, strict=True):
            if ports.count(port) > 1:  # mavsdk opens both without a word and loses one's frames
                raise BadLink("mavlink.port_twice", url=url, port=port)
        self._urls = wanted
        self.signed = signed
        self._calls = CallThreads()
        self._handles: dict[str, Any] = {}
        self._mavsdk: Mavsdk | None = None
        self._deadman: DeadMan | None = None
        self.configuration: Configuration | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, urls: Iterable[str], *, hung_s: float = HUNG_S, signed: SignedLinks | None = None
    ) -> AsyncIterator["GroundStation"]:
        """A ground station of these links, at work for as long as the block lasts."""
        ground = cls(urls, signed)
        async with ground.opened(hung_s):
            yield ground

    @contextlib.asynccontextmanager
    async def opened(self, hung_s: float = HUNG_S) -> AsyncIterator[None]:
        """Every link open for as long as the block lasts. A missing serial device is transient, tried again later."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(self._calls)
        pulse: asyncio.Task[None] | None = None
        try:
            await self.reopen(hung_s)
            pulse = asyncio.create_task(self._pulse(), name="mavlink pulse")
            yield
        finally:
            if pulse is not None:
                pulse.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await pulse
            await self.close()

    async def reopen(self, hung_s: float = HUNG_S) -> None:
        """A new mavsdk with every link; also after the dead man let the old one go."""
        await self.close()
        log_subscribe(_log_line)
        configuration = Configuration.create_with_component_type(ComponentType.GROUND_STATION)
        configuration.system_id = GROUND
        self.configuration = configuration
        self._mavsdk = mavsdk = Mavsdk(configuration)
        self._deadman = DeadMan(partial(self._let_go, mavsdk), hung_s)
        if self.signed is not None:
            await self.signed.attach(mavsdk)
        for url in self._urls:
            with contextlib.suppress(NotConnected):
                await self.rebuild(url)

    async def rebuild(self, url: str) -> None:
        """Close and open one link: a serial one never recovers from an unplugged adapter without it."""
        mavsdk = self._alive()
        if self.signed is not None:
            await self.signed.open(url)
            return
        handle = self._handles.pop(url, None)
        try:
            if handle is not None:
                await mavsdk.remove_connection(handle)
            self._handles[url] = await mavsdk.add_any_connection(url)
        except (MavsdkConnectionError, RuntimeError) as error:
            raise NotConnected("mavlink.link_not_opened", url=url, why=library_reason(error)) from error

    async def system(self, system_id: int) -> System | None:
        """The aircraft with that MAVLink system id, if it has been heard and is connected."""
        for system in await self._alive().get_systems():
            if await system.get_system_id() == system_id and await system.is_connected():
                return system
        return None

    async def arm_server(self) -> Any:
        """mavsdk's side of PX4's question "may I arm?"; see `authoriser`."""
        from mavsdk.asyncio.plugins.arm_authorizer_server import ArmAuthorizerServerAsync

        return ArmAuthorizerServerAsync(await self._alive().server_component())

    @property
    def released(self) -> bool:
        """Whether the dead man has let the link go because the loop hung."""
        return self._deadman is not None and self._deadman.released

    def links(self) -> Mapping[str, bool]:
        """Each url and whether it is open."""
        signed = self.signed
        return {url: url in self._handles if signed is None else signed.is_open(url) for url in self._urls}

    async def close(self) -> None:
        """Let go of every link, once the calls under way have ended, as far as they do."""
        mavsdk, deadman = self._mavsdk, self._deadman
        self._mavsdk = self._deadman = None  # from here on nobody begins a call
        self._handles.clear()
        if self.signed is not None:
            self.signed.close()
        if deadman is not None:
            deadman.close()
        if mavsdk is None:
            return
        try:
            await self._settled()
        finally:
            mavsdk.destroy()

    async def _settled(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + SETTLE_S
        while not self._calls.idle and loop.time() < end:  # noqa: ASYNC110 - they end in threads of their own
            await asyncio.sleep(0.01)

    def _let_go(self, mavsdk: Mavsdk) -> None:
        self._calls.settle(SETTLE_S)
        mavsdk.destroy()

    def _alive(self) -> Mavsdk:
        if self._mavsdk is None or self.released:
            raise NotConnected("mavlink.links_closed")
        return self._mavsdk

    async def _pulse(self) -> None:
        while True:
            if self.released:
                _log.error("the event loop hung; aircraft links were let go and are opened again")
                await self.reopen()
            elif self._deadman is not None:
                self._deadman.alive()
            await asyncio.sleep(1.0)
