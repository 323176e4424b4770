"""What is committed about assets while the agent runs: the settings compared at start, and what an operator says."""

import asyncio
import re
from collections.abc import Callable, Container, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agent.judge.asset import Asset
from agent.judge.days import UNDATED, Days
from agent.judge.life import LifeEntry, LifeState, described_alike
from agent.judge.service.asset_register import AssetRegister, CommittedRules, rules_of
from agent.judge.service.files import days_on_disk, ledger_file
from agent.runtime.readable import read
from agent.runtime.slices import in_slices
from drivers.event import EventKind, Severity, Transition
from protocols.errors import Reasoned
from protocols.reason import Reason

LONGEST_TEXT = 400
LONGEST_TAG = 200
"""A QR code may hold a web address; an NFC tag's own number has 20 digits at most."""
_REST_S = 0.02
"""After each day that is looked through: the loop has its turns, and a year is through in ten seconds."""
_NAMED = re.compile(rb'"([^"\\]{1,80})":\s*\[')
"""A thing of a day's file: years of them are looked through once, for nothing but names."""
_PLACE = ("lon", "lat")


class BadState(Reasoned, ValueError):
    """That cannot be said of an asset; the reason says why."""


class AssetWatch:
    """`compare` once the time is known, `tell` at any time: both are on the disk before they count.

    `report` takes the events; `now_s` gives UTC seconds, None while the clock is not to be trusted.
    """

    def __init__(
        self,
        directory: Path,
        assets: Mapping[str, Asset],
        rules_file: tuple[str, str] | None,
        days: Days,
        worker: ThreadPoolExecutor,
        report: Callable[[EventKind, str, Severity, Transition, Reason], None],
    ) -> None:
        self.register = AssetRegister(directory)
        self.out_of_service: dict[str, LifeState] = {}
        self.unexplained: set[str] = set()
        self._directory = directory
        self._assets = assets
        self._rules_file = rules_file
        self._days = days
        self._worker = worker
        self._report = report
        self._writing = asyncio.Lock()

    def look(self, assets: Iterable[str], utc_s: float) -> None:
        """Take note of what these are at a moment: out of service, or gone and nobody has said why."""
        for asset in assets:
            self.out_of_service.pop(asset, None)
            self.unexplained.discard(asset)
            state = self.register.out_of_service(asset, utc_s)
            if state is not None:
                self.out_of_service[asset] = state
            if self.register.unexplained(asset, utc_s):
                self.unexplained.add(asset)

    async def compare(self, now_s: float) -> None:
        """Commit what the settings say otherwise than what was known, and tell each difference. Raises OSError."""
        register = self.register
        async with self._writing:
            before = {}
            if not register.lines:
                before = await self._first_days()
            first, was = not register.lines, {asset: register.lives.thing(asset) for asset in register.lives.assets}
            self.look(register.lives.assets, now_s)
            stood = set(self.unexplained)
            rules = None if self._rules_file is None else rules_of(*self._rules_file, now_s)
            additions = await in_slices(register.compared(self._assets, rules, now_s, before))
            if additions:
                await self._commit(additions)
            self.look(register.lives.assets, now_s)
        entries = [one for one in additions if isinstance(one, LifeEntry)]
        if first:
            known = Reason("asset.first_list", assets=len(self._assets))
            self._report(EventKind.ASSET, "settings", Severity.INFO, Transition.NOTED, known)
        for entry in entries:
            if not (first and entry.thing is not None):
                self._tell_difference(entry, was, stood)

    def _tell_difference(self, entry: LifeEntry, was: Mapping[str, Asset], stood: set[str]) -> None:
        asset, noted = entry.asset, Transition.NOTED
        if entry.gone:
            if asset in self.unexplained:
                why = Reason("asset.gone", asset=asset)
                self._report(EventKind.ASSET, asset, Severity.WARNING, Transition.RAISED, why)
        elif entry.state is not None and entry.thing is not None:
            self._report(EventKind.ASSET, asset, Severity.INFO, noted, Reason("asset.new", asset=asset))
        elif entry.thing is not None:
            if asset in stood:
                back = Reason("asset.back", asset=asset)
                self._report(EventKind.ASSET, asset, Severity.WARNING, Transition.CLEARED, back)
            self._tell_change(entry, was.get(asset, entry.thing))

    def _tell_change(self, entry: LifeEntry, was: Asset) -> None:
        now = entry.thing
        if now is None or described_alike(now, was):
            return
        fields = tuple(name for name in Asset.__slots__ if name != "bits" and getattr(now, name) != getattr(was, name))
        code = "asset.stands_elsewhere" if set(fields) & set(_PLACE) else "asset.changed"
        why = Reason(code, asset=entry.asset, fields=fields)
        self._report(EventKind.ASSET, entry.asset, Severity.INFO, Transition.NOTED, why)

    async def tell(self, entry: LifeEntry, now_s: float) -> None:
        """Commit what somebody says of an asset: on the disk when this returns. Raises BadState, OSError."""
        self._check(entry, now_s)
        async with self._writing:
            stood = entry.asset in self.unexplained
            await self._commit([entry])
            self.look([entry.asset], now_s)
        said = Reason("asset.said", asset=entry.asset, state=entry.state, by=entry.by)
        if entry.tag:
            code = "asset.tag_off" if entry.tag_off else "asset.tag_on"
            said = Reason(code, asset=entry.asset, tag=entry.tag, by=entry.by)
        self._report(EventKind.ASSET, entry.asset, Severity.INFO, Transition.NOTED, said)
        if stood and entry.asset not in self.unexplained:
            self._report(EventKind.ASSET, entry.asset, Severity.WARNING, Transition.CLEARED, said)

    def _check(self, entry: LifeEntry, now_s: float) -> None:
        known = {*self._assets, *self.register.lives.assets}
        for asset in (entry.asset, entry.successor):
            if asset and asset not in known:
                from difflib import get_close_matches  # for a slip of the pen only

                if near := get_close_matches(asset, known, 1, 0.4):
                    raise BadState("fact.no_asset_but", asset=asset, near=near[0])
                raise BadState("fact.no_asset", asset=asset)
        if entry.from_s > now_s:
            raise BadState("asset.not_yet", asset=entry.asset)
        if entry.successor and (entry.state is not LifeState.REPLACED or entry.successor == entry.asset):
            raise BadState("asset.no_successor", asset=entry.asset)
        if max(len(entry.note), len(entry.by)) > LONGEST_TEXT:
            raise BadState("asset.too_long", most=LONGEST_TEXT)
        if entry.tag:
            self._check_tag(entry, known)

    def _check_tag(self, entry: LifeEntry, known: Container[str]) -> None:
        if len(entry.tag) > LONGEST_TAG or not entry.tag.isprintable():
            raise BadState("asset.no_tag", most=LONGEST_TAG)
        if entry.tag in known:
            raise BadState("asset.tag_is_id", tag=entry.tag)
        if not self.register.lives.told(entry.asset):  # the settings are not compared yet
            raise BadState("asset.not_listed", asset=entry.asset)
        if entry.tag_off and self.register.lives.tagged(entry.tag) != entry.asset:
            raise BadState("asset.tag_not_there", asset=entry.asset, tag=entry.tag)

    async def _commit(self, additions: list[LifeEntry | CommittedRules]) -> None:
        prepared = await in_slices(self.register.prepared(additions))
        await asyncio.get_running_loop().run_in_executor(self._worker, self.register.append, prepared)
        self.register.accept(line for _, line in prepared)

    async def _first_days(self) -> dict[str, float]:
        """Since when (UTC s) there are minutes of each thing; of an agent that kept no register before.

        A day at a time on the worker, for whoever else needs it meanwhile: a fire may be told at the first start.
        """
        found: dict[str, float] = {}
        seen: set[bytes] = set()
        loop = asyncio.get_running_loop()
        for day in await loop.run_in_executor(self._worker, days_on_disk, self._directory):
            if day != UNDATED:
                await loop.run_in_executor(self._worker, self._look_through, day, found, seen)
                await asyncio.sleep(_REST_S)
        return found

    def _look_through(self, day: str, found: dict[str, float], seen: set[bytes]) -> None:
        try:
            raw = read(ledger_file(self._directory, day)).data
            begin_s = self._days.begin_min(day) * 60.0
        except (OSError, ValueError):
            return
        for match in _NAMED.finditer(raw):  # not all at once, for that would stop the loop's thread meanwhile
            if (name := match[1]) not in seen:
                found.setdefault(name.decode("utf-8", "replace"), begin_s)
                seen.add(name)
