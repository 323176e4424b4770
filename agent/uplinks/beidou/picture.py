"""How everything stands, from what core told, as the contents of one digest; and whether it is news."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from agent.runtime.clock.reckon import Reckoned
from agent.uplinks.beidou.codes import KINDS, NOT_SERVICEABLE, OTHER_KIND, phase_code
from agent.uplinks.retained import Documents
from protocols.beidou.digest import MOST, Counts, Digest, Item, Mark, Nest, Place, encode, fingerprint

ALARM, ASSET, NEST, AIRCRAFT, RATE = "alarm/", "asset/", "nest/", "aircraft/", "rate"
NEWS = (ALARM, NEST)
NOT_TOLD = "info"
"""Severity of what stands and needs nobody: it counts, and is not named."""
ALWAYS = 2
"""Where not everything fits, so many of the first are in every digest; the others take turns."""


class Picture:
    """`utc` is the time now; `failing` says whether the journal takes nothing. `on_news` is called when it changes."""

    def __init__(
        self,
        documents: Documents,
        names: Sequence[str],
        utc: Callable[[], Reckoned],
        failing: Callable[[], bool],
        on_news: Callable[[], None],
    ) -> None:
        self._documents = documents
        self._at = {name: index for index, name in enumerate(names)}
        self._names = fingerprint(names)
        self._utc, self._failing = utc, failing
        self._counter = 0
        self._turn = 0
        self._known: dict[str, object] = {}
        self._on_news = on_news
        documents.listen(self._changed)

    @property
    def whole(self) -> bool:
        """Whether core has told everything since it began."""
        return self._documents.whole

    def encoded(self, size: int) -> bytes:
        """The next digest, of `size` bytes at the most."""
        now = self._utc()
        seconds = max(0, now.wall_ns // 1_000_000_000)
        items, alarms, urgent = self._items(seconds if now.err_ms is not None else None)
        rate = self._one(RATE)
        marks = Mark(0)
        marks |= Mark.JOURNAL_FAILING if self._failing() else Mark(0)
        marks |= Mark.CLOCK_SURE if now.err_ms is not None else Mark(0)
        marks |= Mark(0) if self.whole else Mark.PICTURE_OLD
        first, later = items[:ALWAYS], items[ALWAYS:]
        turn = self._turn % len(later) if later else 0
        good, bad, open_ = (min(int(rate.get(name, 0)), MOST) for name in ("serviceable", "not_serviceable", "unknown"))
        digest = Digest(
            self._counter, self._names, min(seconds, 0xFFFF_FFFF), marks, Counts(good, bad, open_, alarms, urgent),
            self._nests(), tuple(first + later[turn:] + later[:turn]),
        )  # fmt: skip
        data, told = encode(digest, size)
        self._turn = turn + max(0, told - ALWAYS) if told < len(items) else 0
        self._counter = (self._counter + 1) & 0xFF
        return data

    def _items(self, now_s: int | None) -> tuple[list[Item], int, int]:
        """What stands, the worst and newest first; how many alarms there are, and how many of severity alarm."""
        ranked: list[tuple[tuple[int, bool, float], Item]] = []
        alarms = urgent = 0
        named = set()
        for topic in self._documents.topics:
            if not topic.startswith(ALARM):
                continue
            told = self._one(topic)
            subject = str(told.get("subject"))
            asset = self._one(ASSET + subject)
            for alarm in told.get("alarms", ()):
                alarms += 1
                is_urgent = alarm["severity"] == "alarm"
                urgent += is_urgent
                if alarm["severity"] == NOT_TOLD or alarm["shelved_until"] is not None:
                    continue
                named.add(subject)
                minutes = _minutes(alarm["since"], now_s)
                kind = KINDS.get(alarm["kind"], OTHER_KIND)
                item = Item(kind, self._at.get(subject), minutes, is_urgent, _place(asset.get("place")))
                age = float("inf") if minutes is None else minutes
                ranked.append(((0 if is_urgent else 1, alarm["acknowledged"] is not None, age), item))
        for topic in self._documents.topics:
            document = self._documents.get(topic) if topic.startswith(ASSET) else None
            if document is None or b'"state":"not_serviceable"' not in document.body:
                continue
            asset = orjson.loads(document.body)
            if asset["id"] in named or asset["state"] != "not_serviceable" or asset["counts_as"] is None:
                continue
            minutes = _minutes(asset["since"], now_s)
            item = Item(NOT_SERVICEABLE, self._at.get(asset["id"]), minutes, False, _place(asset["place"]))
            ranked.append(((2, False, float("inf") if minutes is None else minutes), item))
        ranked.sort(key=lambda one: one[0])
        return [item for _, item in ranked], min(alarms, MOST), min(urgent, MOST)

    def _nests(self) -> tuple[Nest, ...]:
        found = []
        for topic in sorted(topic for topic in self._documents.topics if topic.startswith(NEST)):
            nest = self._one(topic)
            at = self._at.get(str(nest.get("id")))
            if at is None:
                continue
            craft = self._one(AIRCRAFT + str(nest.get("aircraft")))
            out = craft.get("where") not in ("docked", None) and craft.get("lat") is not None
            place = _place({"lon": craft.get("lon"), "lat": craft["lat"]}) if out else None
            found.append(Nest(at, phase_code(str(nest.get("phase"))), place))
        return tuple(found)

    def _one(self, topic: str) -> Mapping[str, Any]:
        document = self._documents.get(topic)
        return {} if document is None else orjson.loads(document.body)

    def _changed(self, topic: str) -> None:
        """News is what stands and where the nests are; not its evidence, and no reading."""
        if not topic.startswith(NEWS):
            return
        told = self._one(topic)
        key: object = told.get("phase")
        if topic.startswith(ALARM):
            standing = {(one["kind"], one["severity"]) for one in told.get("alarms", ()) if one["severity"] != NOT_TOLD}
            key = frozenset(standing) or None
        if self._known.get(topic) != key:
            if key is None:
                del self._known[topic]
            else:
                self._known[topic] = key
            self._on_news()


def _minutes(since: str | None, now_s: int | None) -> int | None:
    if since is None or now_s is None:
        return None
    return min(max(0, int(now_s - datetime.fromisoformat(since).timestamp()) // 60), MOST - 1)


def _place(place: Mapping[str, Any] | None) -> Place | None:
    return None if place is None or place.get("lon") is None else Place(place["lon"], place["lat"])
