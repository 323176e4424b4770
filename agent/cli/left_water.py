"""What the agent left behind of the water, for a question with everything else down: verdicts, pressures, tables."""

from __future__ import annotations

from typing import NamedTuple

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.judged import snapshot_folder, snapshot_of, zone_of
from agent.cli.reasons import in_words
from agent.cli.trouble import Trouble
from agent.cli.words import _
from protocols.system import why_failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from agent.judge.near import Found, Water
    from agent.judge.water_record import WaterRecord
    from agent.water.table import Table


class Left(NamedTuple):
    """What was found near a place, and what it was found by; when the snapshot was written (UTC s)."""

    found: list[Found]
    table: Table | None
    water: Water
    written_s: float | None


def found_near(
    call: Call,
    lon: float,
    lat: float,
    *,
    radius_m: float,
    about_m: float,
    most: int,
    hour: int | None = None,
    every_state: bool = False,
) -> Left:
    """The things within `radius_m`, from the last snapshot; what was worked out within `about_m`. Raises Trouble."""
    import time
    from datetime import datetime

    from agent.judge.near import Nearby, Water, about, as_of, standings_from_json
    from agent.judge.together import modelled

    snapshot, now_s = snapshot_of(call), time.time()
    try:
        rows = about(snapshot["things"], lon, lat, radius_m)
        nearby = Nearby(as_of(thing, now_s) for thing in standings_from_json(rows))
    except (ValueError, TypeError) as error:
        told = _("the snapshot of the verdicts cannot be read: {why}").format(why=in_words(why_failed(error)))
        raise Trouble(exits.BAD_DATA, told) from None
    folder = snapshot_folder(call)
    table, seen = _table(call, folder, lon, lat, about_m), _seen(call, folder)
    live = hour is None
    if hour is None:
        hour = datetime.fromtimestamp(now_s, zone_of(snapshot.get("timezone"))).hour
    water = Water(now_s, hour, seen.get, modelled(table, hour), live)
    found = nearby.find(lon, lat, radius_m=radius_m, most=most, water=water, every_state=every_state)
    return Left(found, table, water, snapshot.get("written_s"))


def _table(call: Call, folder: Path, lon: float, lat: float, radius_m: float) -> Table | None:
    from agent.water.table import FOLDER, BadTable, read

    try:
        return read(folder / FOLDER, lon, lat, radius_m)
    except BadTable as bad:
        call.note(in_words(bad.reason))
        return None


def _seen(call: Call, folder: Path) -> dict[str, WaterRecord]:
    from agent.judge.service.files import Unreadable, read_water_records

    try:
        return read_water_records(folder)
    except Unreadable as bad:
        call.note(in_words(bad.reason))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        call.note(in_words(why_failed(error)))
    return {}
