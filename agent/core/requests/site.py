"""Answers `status`, `watch`, `hydrant.list` and `hydrant.show` from the board and the site; changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import compress
from typing import Any

import orjson

from agent.control.encoding import Rows, encoded, rows_of
from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.core.latest import LatestValues, Reading
from agent.core.requests.device_row import STATES, age_s, row_of
from agent.core.requests.events import alarm_row, unseen
from agent.core.requests.frames import Frame, Frames
from agent.core.requests.views import NoticeView, SiteView
from protocols.clock import NowNs, boottime_ns
from protocols.reason import Reason

Notices = Callable[[], Sequence[NoticeView]]
"""What waits for a person now, most urgent first; asked for every frame."""

Nests = Callable[[], list[dict[str, Any]]]
"""Every nest as it stands now: its phase, cover, weather, `place` and `target` as [lon, lat], and its `aircraft`."""

WATER = frozenset({"hydrant", "fill_stand", "water_point"})
"""The kinds `hydronest hydrant list` shows; the weather mast is not one."""


class SiteHandlers:
    """The handlers. `now_ns` is the clock Samples are stamped with; `notices` tells what waits for a person."""

    def __init__(
        self,
        latest: LatestValues,
        site: SiteView,
        now_ns: NowNs = boottime_ns,
        notices: Notices = list,
        nests: Nests = list,
    ) -> None:
        self._latest = latest
        self._alarms = latest.alarms
        self._notices = notices
        self._nests = nests
        self._site = site
        self._now_ns = now_ns
        self._frames = Frames(latest, now_ns)
        self._readings = latest.readings()
        self._is_water = [reading.info.kind in WATER for reading in self._readings]
        self._searched = [_searched(reading) for reading in self._readings]
        self._places = orjson.Fragment(encoded([_place(reading) for reading in self._readings]))

    def register(self, server: ControlServer) -> None:
        """Offer the asks."""
        server.register("status", self.status, "read")
        server.register("watch", self.watch, "read")
        server.register("hydrant.list", self.hydrant_list, "read")
        server.register("hydrant.show", self.hydrant_show, "read")

    async def status(self, request: Request) -> dict[str, Any]:
        """The whole site in one answer: devices as counts, and those that are not ok (`every`: all of them)."""
        every = request.flag("every")
        frame = await self._frames.rows()
        shown = frame.rows if every else [r for r, state in zip(frame.rows, frame.states, strict=True) if state != "ok"]
        return {**self._head(frame), "lines": self._site.lines(), "devices": Rows(shown)}

    async def watch(self, request: Request) -> AsyncIterator[dict[str, Any]]:
        """Frames: `count` of them (0: for ever), every `interval_s`; devices `first` to `first + rows`, those that
        contain `find`, each with the last `curve` values of its main point. With `map` and where there are nests,
        `places` are [lon, lat] of what water is taken from, one a state, None for everything else.
        """
        count = int(request.number("count", 1))
        interval_s = request.number("interval_s", 1.0, 0.1, 3600)
        first = int(request.number("first", 0))
        rows = int(request.number("rows", 1000))
        curve = int(request.number("curve", 60))
        find = request.text("find", "").casefold()
        only_not_ok = request.flag("only_not_ok")
        with_map = request.flag("map")
        loop = asyncio.get_running_loop()
        due = loop.time()
        sent = 0
        while True:
            frame = await self._frame(first, rows, curve, find, only_not_ok)
            yield {**frame, "places": self._places if frame["nests"] else []} if with_map else frame
            sent += 1
            if sent == count:
                return
            due = max(due + interval_s, loop.time())
            await asyncio.sleep(due - loop.time())

    async def _frame(self, first: int, rows: int, curve: int, find: str, only_not_ok: bool) -> dict[str, Any]:
        """One frame of `watch`. Only the devices in the window are looked at closely."""
        frame = await self._frames.states()
        found = [
            reading
            for reading, searched, state in zip(self._readings, self._searched, frame.states, strict=True)
            if not (only_not_ok and state == "ok") and find in searched
        ]
        first = max(0, min(first, len(found) - rows))
        devices = await rows_of(
            {**row_of(reading, frame.at_ns), "curve": list(reading.ring)[max(0, len(reading.ring) - curve) :]}
            for reading in found[first : first + rows]
        )
        return {
            **self._head(frame),
            "states": frame.states,
            "found": len(found),
            "first": first,
            "devices": devices,
        }

    async def hydrant_list(self, _request: Request) -> Rows:
        """Everything water can be taken from, with its main value."""
        frame = await self._frames.rows()
        return Rows(compress(frame.rows, self._is_water))

    async def hydrant_show(self, request: Request) -> dict[str, Any]:
        """Everything known of `device`: all points, standing events, the curve of the main point."""
        name = request.text("device")
        reading = self._latest.reading(name)
        if reading is None:
            raise RequestError("not_found", Reason("request.no_device", device=name), "request.list_hydrants")
        now = self._now_ns()
        points = [
            {
                "point": point,
                "value": value,
                "unit": unit,
                "quality": quality.code,
                "age_s": age_s(now, sample.read_ns),
                "source_ns": sample.source_ns,
            }
            for point, unit, value, quality, sample in reading.points()
        ]
        info = reading.info
        return {
            **row_of(reading, now),
            "station": info.station,
            "station_name": info.station_name,
            "place": dict(info.place),
            "points": points,
            "standing": [alarm_row(alarm, self._alarms) for alarm in reading.standing.values()],
            "curve": list(reading.ring),
        }

    def _head(self, frame: Frame) -> dict[str, Any]:
        return {
            "gateway": self._site.gateway(),
            "clock": self._site.clock(),
            "journal": self._site.journal(),
            "uplinks": self._site.uplinks(),
            "devices_total": len(frame.states),
            "counts": {state: frame.counts[state] for state in STATES},
            "standing": [alarm_row(alarm, self._alarms) for alarm in self._latest.standing_elsewhere()],
            "unseen": unseen(self._alarms),
            "notices": list(self._notices()),
            "nests": self._nests(),
        }


def register_site(
    server: ControlServer,
    latest: LatestValues,
    site: SiteView,
    now_ns: NowNs = boottime_ns,
    notices: Notices = list,
    nests: Nests = list,
) -> None:
    """Offer `status`, `watch`, `hydrant.list` and `hydrant.show` on the control socket."""
    SiteHandlers(latest, site, now_ns, notices, nests).register(server)


def _place(reading: Reading) -> list[float] | None:
    info = reading.info
    known = info.kind in WATER and "lon" in info.place and "lat" in info.place
    return [info.place["lon"], info.place["lat"]] if known else None


def _searched(reading: Reading) -> str:
    info = reading.info
    return f"{info.id} {info.name} {info.line}".casefold()
