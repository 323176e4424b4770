"""The signed links of a site: their keys from files, the time of our signatures kept across restarts, what is wrong.

The time must never go back, or the aircraft believes us no more. It runs on by the clock since boot, and a second more;
where the machine began anew in between, it begins a minute after what was kept: more than can have been used since.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import orjson

from agent.flight.alarms import Alarms
from agent.flight.control.wall import WallClock
from agent.runtime.durable import write_whole
from agent.runtime.envelope import enclosed, opened
from agent.runtime.kernel_boot import kernel_boot_id
from agent.runtime.write_behind import Writer
from agent.settings.flight import Aircraft
from protocols.clock import NowNs
from protocols.foreign_json import BadJson
from protocols.mavlink.signed_links import LinkHealth, LinkKeys, SignedLinks
from protocols.mavlink.signing import EPOCH_S, LATEST, PER_S, SigningClock, Verdict, signing_keys
from protocols.reason import Reason

NAME = "mavlink-signing.json"
LONGEST_BYTES = 1000
KIND = "signed_links"
KEEP_EVERY_S = 30.0
MARGIN_S = 60
"""Twice that: what was signed since the last time that was kept."""
LOAD_S = 2.0
"""So long a card may take to say what was kept: an aircraft in the air is reached all the same."""
LOOK_EVERY_S = 2.0
SILENT_S = 5.0
WRONG: Final[tuple[tuple[Verdict, str], ...]] = (
    ("forged", "mavlink.link_forged"),
    ("replayed", "mavlink.link_replayed"),
    ("not_ours", "mavlink.link_not_ours"),
    ("unsigned", "mavlink.link_unsigned"),
)
"""What is told first where there is more than one."""
_log = logging.getLogger("hydronest")


def read_keys(path: Path) -> tuple[bytes, ...]:
    """Of a key file. Raises OSError, BadSigningKey."""
    return signing_keys(path.read_text("ascii", "replace"))


class SignedPart:
    """`links` for the ground station, None where this site signs nothing; `begin` before they open, `run` beside."""

    def __init__(
        self, aircraft: Sequence[Aircraft], folder: Path, writer: Writer, wall: WallClock, now_ns: NowNs
    ) -> None:
        self._path = folder / NAME
        self._writer = writer
        self._wall = wall
        self._now_ns = now_ns
        self._clock = SigningClock(0, now_ns)
        self._newest = 0
        files = {craft.url: craft.signing_key_file for craft in aircraft if craft.signing_key_file is not None}
        self._of = {url: next(craft.id for craft in aircraft if craft.url == url) for url in files}
        links = {
            url: LinkKeys(partial(read_keys, file), frozenset(c.system_id for c in aircraft if c.url == url))
            for url, file in files.items()
        }
        self.links = SignedLinks(links, self._clock, lambda: self._newest) if links else None

    async def begin(self) -> None:
        """Go on from what was kept, or from the wall clock where there is nothing and somebody vouches for it."""
        if self.links is None:
            return
        found: list[tuple[int, int]] = []
        try:
            async with asyncio.timeout(LOAD_S):
                await self._writer.done(lambda: found.append(self._kept()))
        except FileNotFoundError:
            wall = self._wall()
            if wall.trusted:
                self._clock.heard(round((wall.utc_s - EPOCH_S) * PER_S))
        except (OSError, BadJson, KeyError, TypeError, ValueError) as error:
            _log.error("what was signed last over aircraft links is not known: %s", error)
        for newest, start in found:
            self._newest = newest
            self._clock.heard(start)

    async def run(self, alarms: Alarms) -> None:
        """For ever."""
        if self.links is None:
            return
        before: dict[str, LinkHealth] = {}
        kept_ns = None
        while True:
            for url, craft in self._of.items():
                told = self.links.told(url)
                alarms.note(f"link of {craft}", trouble(url, told, before.get(url, told)))
                before[url] = told
            if kept_ns is None or self._now_ns() - kept_ns >= KEEP_EVERY_S * 1e9:
                kept_ns = self._now_ns()
                self._writer.later(self._keep)
            await asyncio.sleep(LOOK_EVERY_S)

    def _keep(self) -> None:
        kept = {"time": self._clock.now(), "at_ns": self._now_ns(), "boot": _boot()}
        write_whole(self._path, enclosed(KIND, orjson.dumps(kept)))

    def _kept(self) -> tuple[int, int]:
        """The time that was kept, and where to go on."""
        kept = opened(self._path.read_bytes(), KIND, LONGEST_BYTES)
        time, ran_ns = int(kept["time"]), self._now_ns() - int(kept["at_ns"])
        if not 0 <= time < LATEST:
            raise ValueError(time)
        if kept["boot"] == _boot() != "" and ran_ns >= 0:
            return time, time + ran_ns * PER_S // 10**9 + PER_S
        return time, time + MARGIN_S * PER_S


def trouble(url: str, told: LinkHealth, before: LinkHealth) -> Reason | None:
    """Why nothing proven comes over a link; None where something does, or nobody says anything."""
    if told.trouble is not None:
        return told.trouble
    if told.silent_s < SILENT_S:
        return None
    for kind, why in WRONG:
        if told.counts.get(kind, 0) > before.counts.get(kind, 0):
            return Reason(why, url=url)
    return None


def _boot() -> str:
    try:
        return kernel_boot_id()
    except OSError:
        return ""
