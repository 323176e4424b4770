"""The links of a ground station whose aircraft sign: opened, signed and checked here, with mavsdk on raw frames.

mavsdk 4.1 knows no signing. It has a connection `raw://`, whose two calls are on an object its asyncio wrapper keeps to
itself: a test holds the version that is installed to them.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from protocols.clock import boottime_ns
from protocols.errors import NotConnected
from protocols.mavlink.signing import Opener, SigningClock, Verdict, signed
from protocols.mavlink.wires import Address, Wire, wire
from protocols.reason import Reason
from protocols.system import why_failed

RAW = "raw://"
READ_S = 2.0
"""So long a card may take to give a key."""
_log = logging.getLogger(__name__)


class LinkKeys(NamedTuple):
    """`read` gives a link's keys; it blocks, and raises OSError or BadSigningKey. `ids`: its aircraft."""

    read: Callable[[], tuple[bytes, ...]]
    ids: frozenset[int]


class LinkHealth(NamedTuple):
    """What came over a link so far, how long nothing proven did (s), and why it could not be opened."""

    counts: Mapping[Verdict, int]
    silent_s: float
    trouble: Reason | None = None


class _Link:
    def __init__(self, number: int, keys: LinkKeys) -> None:
        self.number = number
        self.keys = keys
        self.opener: Opener | None = None
        self.wire: Wire | None = None
        self.good_s = boottime_ns() / 1e9
        self.trouble: Reason | None = None


class SignedLinks:
    """By url. Nothing unsigned is ever sent, and nothing unsigned let in: a link without a key stays closed.

    `newest` gives the latest time a peer has proved in an earlier life.
    """

    def __init__(
        self, links: Mapping[str, LinkKeys], clock: SigningClock, newest: Callable[[], int] = lambda: 0
    ) -> None:
        self._links = {url: _Link(number, keys) for number, (url, keys) in enumerate(links.items(), 1)}
        self._clock = clock
        self._newest = newest
        self._pass: Callable[[bytes], Any] | None = None

    async def attach(self, mavsdk: Any) -> None:
        """From now on this mavsdk sends and hears by these links."""
        await mavsdk.add_any_connection(RAW)
        inner = mavsdk._mavsdk  # noqa: SLF001 - see above
        inner.subscribe_raw_bytes_to_be_sent(self._send)
        self._pass = inner.pass_received_raw_bytes

    async def open(self, url: str) -> None:
        """Open or open anew. The key is read again; where it is gone, one that was read goes on. NotConnected."""
        link = self._links[url]
        self._shut(link)
        try:
            await self._opened(url, link)
        except NotConnected as error:
            link.trouble = error.reason
            raise
        link.trouble = None

    async def _opened(self, url: str, link: _Link) -> None:
        try:
            async with asyncio.timeout(READ_S):
                keys = await asyncio.to_thread(link.keys.read)
        except (OSError, ValueError) as error:
            if link.opener is None:
                raise NotConnected("mavlink.key_unreadable", url=url, why=why_failed(error)) from None
            _log.error("the key of %s cannot be read again: %s", url, error)
        else:
            if link.opener is None or link.opener.keys != keys:
                link.opener = Opener(keys, link.keys.ids, self._clock, self._newest())
        opener, streams = link.opener, not url.startswith("udp")

        def heard(data: bytes, _address: Address | None) -> bool:
            frames = opener.stream(data) if streams else opener.datagram(data)
            if frames:
                link.good_s = boottime_ns() / 1e9
            for frame in frames:
                if self._pass is not None:
                    self._pass(frame)
            return bool(frames)

        link.wire = await wire(url, heard)

    def is_open(self, url: str) -> bool:
        """Whether it has a wire."""
        wire = self._links[url].wire
        return wire is not None and wire.open

    def told(self, url: str) -> LinkHealth:
        """For whoever shows it."""
        link = self._links[url]
        counts = dict(link.opener.counts) if link.opener is not None else {}
        return LinkHealth(counts, boottime_ns() / 1e9 - link.good_s, link.trouble)

    def close(self) -> None:
        """Every wire; a later `attach` and `open` begin anew."""
        self._pass = None
        for link in self._links.values():
            self._shut(link)

    def _shut(self, link: _Link) -> None:
        if link.wire is not None:
            link.wire.close()
            link.wire = None

    def _send(self, frame: bytes) -> None:
        """In mavsdk's thread: the loop may be busy, and the aircraft hears our heart all the same."""
        for link in self._links.values():
            wire, opener = link.wire, link.opener
            if wire is not None and opener is not None:
                with contextlib.suppress(ValueError):  # another kind of frame goes nowhere
                    wire.put(signed(frame, opener.key, link.number, self._clock.next()))
