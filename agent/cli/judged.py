"""What the commands about verdicts share: a place as people write it, a rate, the snapshot the agent leaves."""

from __future__ import annotations

import os

from agent.cli import exits, show
from agent.cli.call import Call, failed, not_running
from agent.cli.command import Parser
from agent.cli.globals import SITE_FILE
from agent.cli.reasons import trouble_of
from agent.cli.trouble import Trouble
from agent.cli.words import _
from agent.control.client import Connection, NotRunning, RequestFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path
    from typing import Any

    from protocols.datum import Datum


QUICK_S = 1.0  # a hanging agent must not keep a crew waiting


def zone_of(name: Any) -> tzinfo:
    """The gateway's time zone; the one of this machine where the agent did not name one."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(str(name or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.now().astimezone().tzinfo or UTC


def zone_here(call: Call) -> tzinfo:
    """The gateway's time zone, asked of the agent; this machine's where none answers."""
    try:
        return zone_of(call.ask("timezone"))
    except Trouble:
        return zone_of(None)


def seconds_of(text: str, zone: tzinfo) -> float:
    """UTC seconds of a time as written: the gateway's, unless it names an offset itself. Raises Trouble."""
    from datetime import datetime

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        told = _("{text} is not a time: write 2026-11-21T08:00").format(text=text)
        raise Trouble(exits.USAGE, told) from None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()


def time_text(seconds: float | None, zone: tzinfo | None, *, whole: bool = False) -> str:
    """A UTC time as the gateway's clock shows it, with its offset; `whole` with its seconds."""
    from datetime import datetime

    if seconds is None:
        return ""
    at = datetime.fromtimestamp(seconds, zone)
    return f"{at:%Y-%m-%d %H:%M:%S %z}" if whole else f"{at:%Y-%m-%d %H:%M %z}"


def datum_option(parser: Parser) -> None:
    """Whose degrees a place is given in."""
    parser.add_argument(
        "--datum", choices=("wgs84", "gcj02", "bd09"), default="wgs84",
        help=_("of the place: gcj02 from a Chinese map, bd09 from Baidu's; wgs84 otherwise"),
    )  # fmt: skip


def place_of(text: str, datum: Datum) -> tuple[float, float]:
    """LON,LAT as WGS 84 numbers. Raises Trouble."""
    from protocols.datum import to_wgs84

    parts = text.replace("，", ",").split(",")
    if len(parts) == 1 and len(text.split()) == 2:
        told = _("{text} is not a place: write LON,LAT with a comma between them").format(text=text)
        raise Trouble(exits.USAGE, told)
    try:
        lon, lat = (float(part) for part in parts)
    except ValueError:
        raise Trouble(exits.USAGE, _("{text} is not a place: write LON,LAT").format(text=text)) from None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise Trouble(exits.USAGE, _("{text} is not on earth: write LON,LAT, longitude first").format(text=text))
    return to_wgs84(lon, lat, datum)


def ask_first(call: Call, name: str, **arguments: Any) -> Any:
    """The running agent's answer; None where none answers at once, and the snapshot it left must do. Raises Trouble."""
    try:
        with Connection(call.options.socket, min(QUICK_S, call.options.timeout)) as agent:
            return agent.ask(name, **arguments)
    except NotRunning as error:
        if error.denied:
            raise not_running(call.options.socket, error) from None
    except RequestFailed as error:
        if error.code not in ("silent", "hung_up", "busy", "timeout"):
            raise failed(error) from None
    return None


def percent(rate: float | None) -> str:
    """A rate as people write it; never rounded up to 100 %."""
    if rate is None:
        return "-"
    return "100 %" if rate == 1.0 else f"{min(rate * 100, 99.99):.2f} %"


def style_of(row: dict[str, Any]) -> str:
    """The colour of a row's verdict."""
    return {"serviceable": "good", "not_serviceable": "alarm"}.get(row["state"], "warning")


def snapshot_options(parser: Parser) -> None:
    """Where the snapshot is to be found."""
    parser.add_argument("--state", metavar="DIR", help=_("the agent's state folder (or HYDRONEST_STATE)"))
    parser.add_argument("--site", metavar="FILE", default=SITE_FILE, help=_("the site file that names it"))


def snapshot_of(call: Call) -> dict[str, Any]:
    """The newest snapshot, from --state, HYDRONEST_STATE, or the folder the site file names. Raises Trouble."""
    from agent.judge.service.files import Unreadable, read_snapshot

    folder = snapshot_folder(call)
    try:
        snapshot = read_snapshot(folder)
    except Unreadable as error:
        raise trouble_of(exits.BAD_DATA, error.reason) from None
    if snapshot is None:
        told = _("the agent does not run and has left no verdicts in {folder}").format(folder=folder)
        raise Trouble(exits.NOT_RUNNING, told, _("Name its folder with --state, or its site file with --site."))
    return snapshot


def snapshot_folder(call: Call) -> Path:
    """The agent's state folder: --state, HYDRONEST_STATE, or what the site file names. Raises Trouble."""
    from pathlib import Path

    return Path(call.args.state or os.environ.get("HYDRONEST_STATE") or _state_dir(call.args.site))


def left_behind(written_s: float | None) -> str:
    """How old the snapshot is, in words: the first thing to know of what is read from it."""
    import time

    if written_s is None:
        return _("the agent does not answer, and nobody knows how old these verdicts are")
    ago = show.age(max(0.0, time.time() - written_s))
    return _("the agent does not answer: this is how things stood {ago} ago").format(ago=ago)


def _state_dir(site: str) -> str:
    import tomllib
    from pathlib import Path

    try:
        folder = tomllib.loads(Path(site).read_text("utf-8"))["gateway"]["state_dir"]
    except (OSError, ValueError, KeyError, TypeError):
        told = _("the agent does not answer, and {site} does not say where its state is").format(site=site)
        next_step = _("Name its folder with --state, or its site file with --site.")
        raise Trouble(exits.NOT_RUNNING, told, next_step) from None
    return str(Path(site).parent / str(folder))
