"""Twelve hydrants in the states people meet, and the site's own figures."""

import math
from typing import Any

from agent.core.latest import DeviceInfo, LatestValues
from agent.core.requests.views import ClockView, GatewayView, JournalView, LineView, UplinkView
from drivers.event import Event, EventKind, Severity, Transition
from drivers.quality import Quality
from drivers.sample import Layout, Sample
from protocols.clock import boottime_ns
from protocols.reason import Reason
from tests.alarms import alarms

SHAPE = Layout("zc-t600", ("pressure", "temperature", "battery", "alarms"), ("kPa", "C", "V", ""))
GAUGE = Layout("level-4-20", ("level",), ("m",))
S = 1_000_000_000


class ASite:
    """What the agent would tell of itself; tests change it."""

    def __init__(self) -> None:
        self.uplink_state = "connected"
        self.line_up = True

    def gateway(self) -> GatewayView:
        return {"id": "gw-01", "name": "柯城消防站", "station": "qz-kc", "version": "0.1.0", "uptime_s": 93784.0}

    def lines(self) -> list[LineView]:
        down = None if self.line_up else Reason("modbus.unplugged", port="/dev/ttyUSB0")
        return [
            {"id": "rs485-1", "kind": "serial", "up": self.line_up, "reason": down, "counters": {"timeouts": 3}},
            {"id": "opcua-1", "kind": "opcua", "up": True, "reason": None, "counters": {}},
        ]

    def uplinks(self) -> list[UplinkView]:
        return [
            {
                "id": "province",
                "kind": "mqtt",
                "state": self.uplink_state,
                "reason": None if self.uplink_state == "connected" else Reason("errno.ECONNREFUSED"),
                "forwarded": 120_345,
                "confirmed": 120_340,
                "backlog": 5,
                "oldest_s": 3.2,
            }
        ]

    def journal(self) -> JournalView:
        return {
            "state": "ok",
            "committed": 120_345,
            "waiting": 4,
            "lost": 0,
            "bytes": 1_834_000,
            "free_bytes": 12_000_000_000,
        }

    def clock(self) -> ClockView:
        return {"wall": "2026-11-21T23:30:00+08:00", "trusted": True, "error_ms": 3.0}


def a_board(devices: int = 12) -> LatestValues:
    """h01… with curves; h03 cap removed (alarm), h04 does not answer, h05 out of range, h06 warns, the last silent."""
    infos = [
        DeviceInfo(
            f"h{n:02}",
            f"衢江路{n}号",
            "hydrant",
            "pressure",
            "rs485-1",
            "qz-kc",
            place={"lon": 118.87, "lat": 28.94},
            station_name="柯城站",
        )
        for n in range(1, devices)
    ]
    infos.append(DeviceInfo("pond-1", "信安湖取水点", "water_point", "level", "opcua-1"))
    latest = LatestValues(infos, alarms())
    now = boottime_ns()
    for step in range(60):
        for n, info in enumerate(infos[:-1], start=1):
            quality = bytearray(4)
            pressure: float | None = 320 + 20 * math.sin(step / 6 + n)
            if n == 4:
                pressure, quality = None, bytearray([Quality.NO_ANSWER] * 4)
            if n == 5 and step > 50:
                pressure, quality[0] = 6553.5, Quality.OUT_OF_RANGE
            values = (pressure, 14.5, 3.6, ("cap_open",) if n == 3 else ())
            latest.sample(Sample(info.id, SHAPE, now - (59 - step) * S, values, bytes(quality)))
    latest.alarms.turned(
        Event(EventKind.CAP_REMOVED, "h03", Severity.ALARM, Transition.RAISED, now - 42 * S, {"alarms": ("cap_open",)})
    )
    latest.alarms.turned(
        Event(EventKind.BATTERY_LOW, "h06", Severity.WARNING, Transition.RAISED, now - 7200 * S, {"battery": 3.1})
    )
    return latest


def a_nest(lon: float, lat: float, where: str = "airborne", phase: str = "outbound") -> dict[str, Any]:
    """A nest at 118.87, 28.94 as `agent.flight.requests.nest_views` tells of it, its target 500 m to the east."""
    aircraft = {
        "id": "A1",
        "name": "侦察一号",
        "link": "connected",
        "mode": "guided",
        "where": where,
        "lon": lon,
        "lat": lat,
        "height_m": 58.2,
        "speed_ms": 9.9,
        "battery_percent": 87.0,
    }
    return {
        "id": "N1",
        "name": "站顶机巢",
        "phase": phase,
        "why": "there",
        "cover": "open",
        "rods": "free",
        "charger_on": False,
        "aircraft_present": False,
        "emergency_stop": False,
        "mains_ok": True,
        "wind_ms": 3.2,
        "gust_ms": 4.0,
        "rain": 0.0,
        "temperature_c": 14.0,
        "age_s": 1.0,
        "place": [118.87, 28.94],
        "flight": "N1-000001",
        "incident": "119-0001",
        "target": [118.8751, 28.94],
        "aircraft": aircraft,
    }
