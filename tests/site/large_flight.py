"""The flying part of the large site: four nests, the ground round them, ten thousand flights, and flight with a probe.

No PLC and no aircraft answers it: what is asked here is only what it costs to be asked.
"""

import array
import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from agent.control.rights import Rights
from agent.control.server import ControlServer
from agent.flight import process
from agent.flight.logbook.record import FlightRecord
from agent.flight.orders.dispatch import Fleet
from agent.flight.requests import register_flight
from agent.logbook.index import INDEX
from agent.runtime.child import Child
from agent.runtime.logging_behind import logging_behind
from agent.runtime.write_behind import WriteBehind
from agent.settings.settings import Settings
from drivers.drone.geometry import Place
from hil.ports import free_udp_port
from tests.site.loop_probe import Probe

NESTS = 4
PAD = Place(28.95, 118.85)
FAR = PAD.moved(-14_000, -13_900)
"""As far as a nest may send its aircraft, less what the nests are apart."""
TILE = "N28E118.hgt"
"""Rising to the west, by 60 m as far as `FAR`."""
CELLS = 1201
FLIGHTS = 10_000
"""As many as `flight.list` gives."""
LONG_FLIGHT = f"N1-{FLIGHTS:06}"
POINTS, STEPS = 7200, 300
"""Of the longest: two hours over the scene."""
TURNS = 20_000
"""Of a nest whose readiness turns every minute."""
LOOKS = {f"what_was_seen_{n}": n for n in range(20)}


def build(folder: Path) -> None:
    """The tile and the flights, in the folder of the site file."""
    row = array.array("h", [100 + (CELLS - n) // 3 for n in range(CELLS)])
    if sys.byteorder == "little":
        row.byteswap()
    (folder / TILE).write_bytes(row.tobytes() * CELLS)
    flights = folder / "state/flight/flights"
    flights.mkdir(parents=True)
    with (flights / INDEX).open("w", encoding="utf-8") as index:
        for n in range(1, FLIGHTS):
            (flights / f"N1-{n:06}").mkdir()
            index.write(json.dumps({"stamp": None, "flight": _summary(n)}, ensure_ascii=False) + "\n")
    asyncio.run(_recorded(flights / LONG_FLIGHT))
    _readiness(folder / "state/flight/readiness")


def _summary(n: int) -> dict[str, object]:
    return {
        "id": f"N1-{n:06}", "nest": "N1", "aircraft": "A1", "incident": f"119-{n}", "operator": "zhang",
        "outcome": "home", "launched": True, "reached": True, "on_scene_s": 612.5, "air_s": 812.4,
        "battery_used_percent": 31.5, "timing": {"decided": 0.0123, "armed": 12.3456, "reached": 93.1},
        "reason": None, "left": None, "ended_by": "", "ended_utc": "2026-01-01T00:20:00Z",
    }  # fmt: skip


async def _recorded(folder: Path) -> None:
    writer = WriteBehind("flights of before")
    record = FlightRecord(folder, writer)
    await record.make()
    record.note("flight", 0.0, "", flight=_summary(FLIGHTS))
    for n in range(POINTS):
        place = PAD.moved(n % 500, n % 300)
        record.track({"t_s": n, "phase": "on_scene", "lat": place.lat, "lon": place.lon, "altitude_m": 160.0,
                      "height_m": 60.0, "speed_ms": 3.2, "battery_percent": 90 - n / 100})  # fmt: skip
        if n % (POINTS // STEPS) == 0:
            record.note("phase", float(n), "", at="outbound", to="on_scene", why=["goal_reached"], seen=LOOKS)
    summary = _summary(FLIGHTS)
    record.end(float(POINTS), "", summary)
    await writer.done(lambda: record.close(summary))


def _readiness(kept: Path) -> None:
    """The last two weeks, as this month's."""
    kept.mkdir()
    begin_s = time.time() - TURNS * 60.0
    with (kept / f"{datetime.now(UTC):%Y-%m}.jsonl").open("w", encoding="utf-8") as file:
        for n in range(TURNS):
            stands, why = ("ready", []) if n % 2 else ("not_ready", ["wind", "gust", "mains"])
            line = {"life": "0011aabb", "t_s": n * 60.0, "utc_s": begin_s + n * 60.0}
            file.write(json.dumps({**line, "nest": "N1", "stands": stands, "why": why}) + "\n")


def site_text() -> str:
    """The settings of it, to follow those of the gateway."""
    parts = ['[[lines]]\nid = "nests"\nkind = "tcp"\nhost = "127.0.0.1"\nport = 99\n']
    url = f"udpin://127.0.0.1:{free_udp_port()}"
    for n in range(1, NESTS + 1):
        place = PAD.moved(n * 20, n * 20)
        parts.append(
            f'[[nests]]\nid = "N{n}"\nline = "nests"\nunit = {n}\naircraft = "A{n}"\nprofile = "command-word"\n'
            "simulated = true\npermit_needed = false\nfence_m = 20000\nmax_distance_m = 20000\n"
            f"place = {{ lon = {place.lon:.6f}, lat = {place.lat:.6f} }}\n"
            f'[[aircraft]]\nid = "A{n}"\nurl = "{url}"\nsystem_id = {n}\nsimulated = true\n'
        )
    parts.append(f'[flight]\nterrain = ["{TILE}"]\n')
    return "\n".join(parts)


def flight(settings: Settings, child: Child) -> None:
    """As `agent.flight.process.main`, with a probe."""
    probe = Probe()

    def registered(server: ControlServer, fleet: Fleet) -> None:
        register_flight(server, fleet)
        probe.register(server)

    watched = process.FlightProcess(child, settings, Rights(), allow_motion=False)

    async def work() -> None:
        probing = asyncio.create_task(probe.run())
        await watched.run()
        probing.cancel()
        await asyncio.wait([probing])

    process.scratch(settings.socket_path.parent / "mavsdk")
    with logging_behind(), patch.object(process, "register_flight", registered):
        child.run(work, on_channel=watched.attach)
