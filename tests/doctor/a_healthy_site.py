"""A site where all is well, as the doctor sees it: each planted fault changes one thing of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.cli.doctor.answers import Answers
from agent.cli.doctor.box import Box, FileSystem
from agent.cli.doctor.reach import Expiry
from agent.cli.doctor.rounds import Examination
from agent.cli.doctor.time_of_day import TimeOfDay
from agent.runtime.version import BUILT_MS, VERSION
from agent.settings.load import check
from drivers.profile.mistake import Mistake
from protocols.reason import Reason

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
SITE = """
[gateway]
id = "g1"
state_dir = "state"

[[lines]]
id = "street"
kind = "serial"
port = "/dev/hydronest/by-serial/A50285BI-if00"

[[lines]]
id = "market"
kind = "tcp"
host = "192.168.10.20"

[[devices]]
id = "H001"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "street"
unit = 1
place = { lon = 118.87, lat = 28.97 }

[[devices]]
id = "H002"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "market"
unit = 1
place = { lon = 118.871, lat = 28.971 }

[[uplinks]]
id = "province"
kind = "mqtt"
host = "localhost"
"""


def counted(**other: int) -> dict[str, Any]:
    """A Modbus line's counters after a day."""
    quiet = dict.fromkeys(("timeouts", "copies", "garbage_bytes", "echoes", "foreign", "losses"), 0)
    return {"questions": 5000, "answers": 5000, **quiet, "trouble": None, "learned": [], **other}


def line(name: str, kind: str, **other: Any) -> dict[str, Any]:
    """A line as `status` tells of it."""
    return {"id": name, "kind": kind, "up": True, "reason": None, "counters": counted(), **other}


def uplink(**other: Any) -> dict[str, Any]:
    """The uplink as `uplink status` tells of it."""
    fine = {"state": "connected", "reason": None, "backlog": 12, "oldest_s": 0.8, "parked": 0}
    return {"id": "province", "kind": "mqtt", **fine, **other}


def part(child: str, **other: Any) -> dict[str, Any]:
    """A part of the agent as tree.json tells of it."""
    return {"child": child, "state": "running", "restarts": 0, "last_reason": None, "pid": 7, **other}


def lock(name: str, *, ok: bool = True, value: Reason | str = "") -> dict[str, Any]:
    """An interlock as `nest ready` tells of it."""
    said = value.as_json() if isinstance(value, Reason) else value
    return {"name": name, "ok": ok, "value": said, "limit": Reason("yes").as_json(), "age_s": 0.2, "on_the_way": False}


def ready(**other: Any) -> dict[str, Any]:
    """A nest at rest on a windy night: it may not launch, and nothing is wrong with it."""
    locks = [
        *map(lock, ("nest_answers", "emergency_stop", "cover_switches", "aircraft_link", "remote_id")),
        *map(lock, ("autopilot_settings", "airspace_permit", "operator_on_duty")),
        lock("gust", ok=False),
        lock("daylight", ok=False),
    ]
    doubts = [Reason("flight.no_terrain").as_json()]
    return {"nest": "N1", "phase": "rest", "interlocks": locks, "doubts": doubts, **other}


def answers() -> Answers:
    """What the agent says."""
    quiet = {"silent": False, "trouble": None}
    status = {
        "gateway": {"version": VERSION},
        "journal": {"state": "ok"},
        "lines": [line("street", "serial"), line("market", "tcp")],
        "devices": [],
    }
    permit = {"id": "P1", "nest": "N1", "start": "2026-01-01", "until": "2026-12-31"}
    return Answers(
        parts=(part("core"), part("uplinks"), part("flight")),
        status=status,
        stats={"street": {"street": counted(), "H001": quiet}, "market": {"market": counted(), "H002": quiet}},
        uplinks=[uplink()],
        clock={"doubt": None, "trusted": True},
        nests={"N1": ready()},
        standing={"permits": [permit]},
    )


def settings_of(folder: Path, text: str = SITE) -> tuple[Any, list[Mistake]]:
    """The site file written down and read."""
    (folder / "site.toml").write_text(text, "utf-8")
    return check(folder / "site.toml")


def healthy(folder: Path) -> Examination:
    """Everything as it should be."""
    settings, mistakes = settings_of(folder)
    assert mistakes == []
    return Examination(
        folder / "site.toml",
        settings,
        (),
        Box(card=FileSystem("state", 20 << 30, 30 << 30, 1_000_000, False), zone="Asia/Shanghai"),
        TimeOfDay(BUILT_MS + 1, 4, ("chronyd",)),
        answers(),
        expiries=(Expiry("province", "certs/gateway.pem", 200.0),),
    )
