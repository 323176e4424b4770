"""init: ten questions, and the site file of this gateway."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.globals import SITE_FILE
from agent.cli.trouble import Trouble
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from agent.cli.init.site_text import Answers

_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
_NAME = r"[^\x00-\x1f]{1,60}"
_BAUDS = frozenset({"1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200"})
_CHINA = (73.0, 136.0, 3.0, 54.0)
"""Longitudes, then latitudes: what is outside is asked about."""


def build(parser: Parser) -> None:
    """`hydronest init` has no verbs."""
    parser.description = _("ask ten questions and write the site file of this gateway")
    parser.epilog = _("Nothing is written before every question is answered, and never over a file that is there.")
    parser.add_argument(
        "site", nargs="?", default=SITE_FILE, metavar="FILE", help=_("the site file") + f" ({SITE_FILE})"
    )
    parser.runs(run)


def run(call: Call) -> int:
    """Ask, write, check."""
    import os
    from pathlib import Path

    from agent.cli.commands.check import as_json, painted
    from agent.cli.init.site_text import site_text
    from agent.cli.questions import Unanswered
    from agent.settings.load import check

    file = Path(call.args.site)
    if os.path.lexists(file):
        told = _("{file} is there already").format(file=file)
        raise Trouble(exits.CANNOT_WRITE, told, _("Change it with an editor, then: hydronest check"))
    _writable(file)
    try:
        text = site_text(asked(call))
    except Unanswered:
        raise Trouble(exits.USAGE, _("nothing was written: not every question was answered")) from None
    _write(file, text)
    settings, mistakes = check(file)
    grave = [one for one in mistakes if not one.doubtful]

    def lines() -> list[str]:
        return [
            *painted(call, grave),
            _("{file} is written").format(file=file),
            _("Next: write the devices into it (hydronest bus scan finds them), then"),
            "  sudo hydronest check && sudo systemctl start hydronest && sudo hydronest doctor",
        ]

    call.emit({"file": str(file), "mistakes": [as_json(one) for one in grave]}, lines)
    return exits.OK if settings is not None else exits.BAD_SETTINGS


def asked(call: Call) -> Answers:
    """The ten questions."""
    import socket

    from agent.cli.init.far_ends import lines, platforms
    from agent.cli.init.site_text import Answers
    from agent.cli.questions import ask, one_of, shaped, yes_or_no
    from agent.cli.words import language
    from protocols.modbus.port_names import serial_ports

    letters = _("letters, digits and . _ - only, at most 40")
    gateway = ask(_("1/10 What is this gateway called?"), _id_of(socket.gethostname()), shaped(_ID, letters))
    named = _("a name, of 60 letters at most")
    station = ask(_("2/10 The station's name"), "", shaped(_NAME, named))
    station_id = ask(_("3/10 Its short name in messages"), "station", shaped(_ID, letters))
    district = ask(_("4/10 Its district (nothing: none)"), "", shaped(_NAME, named, may_be_empty=True))
    datum = ask(
        _("5/10 Where are your places from? wgs84: a GPS receiver, gcj02: a Chinese map, bd09: Baidu"),
        "wgs84", one_of(("wgs84", "gcj02", "bd09")),
    )  # fmt: skip
    place = ask(_("6/10 Where does the station stand? LON,LAT in degrees"), "", _place)
    ports = serial_ports()
    for number, port in enumerate(ports, 1):
        call.note(f"  {number}  {port.name}  {port.adapter}")
    question = _(
        "7/10 Its lines: numbers of these ports, HOST or HOST:PORT of a Modbus TCP device, "
        "rtu://HOST:PORT of a converter, opc.tcp://HOST:PORT of an OPC UA server (nothing: later)"
    )
    if not ports:
        call.note(_("(there is no serial port here)"))
    chosen, far = ask(question, "", lines(len(ports)))
    baud, parity = ask(_("8/10 Their baud rate and parity"), "9600 E", _baud) if chosen else (9600, "E")
    question = _(
        "9/10 The platform's MQTT broker, HOST or HOST:PORT; "
        "a fire centre, gb26875://HOST:PORT/OUR-NUMBER (nothing: later)"
    )
    broker, centre = ask(question, "", platforms)
    tls = ask(_("10/10 Does it speak TLS? yes or no"), "yes", yes_or_no) if broker is not None else False
    if broker is not None and broker[1] == 0:
        broker = (broker[0], 8883 if tls else 1883)
    names = tuple(ports[index].name for index in chosen)
    return Answers(
        gateway, station, station_id, district, datum, place, names, tuple(far), baud, parity, broker, tls, centre,
        language(), _zone(),
    )  # fmt: skip


def _id_of(hostname: str) -> str:
    import re

    return re.sub(r"[^A-Za-z0-9._-]", "-", hostname)[:40].strip("-._") or "gateway"


def _place(text: str) -> tuple[float, float]:
    from agent.cli.judged import place_of
    from agent.cli.questions import wrong

    lon, lat = place_of(text, "wgs84")  # as it was typed: the file names its datum
    west, east, south, north = _CHINA
    if not (west <= lon <= east and south <= lat <= north):
        raise wrong(_("that is not in China (longitude comes first); for other places the file is written by hand"))
    return lon, lat


def _baud(text: str) -> tuple[int, str]:
    from agent.cli.questions import wrong

    baud, _space, parity = text.upper().partition(" ")
    if baud not in _BAUDS or parity not in {"N", "E", "O"}:
        raise wrong(_("such as 9600 E: 1200 to 115200, and N, E or O"))
    return int(baud), parity


def _zone() -> str:
    """The machine's, where somebody chose one."""
    from pathlib import Path

    try:
        zone = str(Path("/etc/localtime").readlink()).rpartition("zoneinfo/")[2]
    except OSError:
        zone = ""
    return zone if "/" in zone and not zone.startswith("Etc/") else "Asia/Shanghai"


def _writable(file: Path) -> None:
    """Said before ten questions, not after them. Raises Trouble."""
    import os

    folder = next(one for one in file.absolute().parents if one.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        told = _("nothing can be written into {folder}").format(folder=folder)
        raise Trouble(exits.CANNOT_WRITE, told, _("Try it with sudo."))


def _write(file: Path, text: str) -> None:
    """Whole or not at all, and never over another; root's, and the agent's group may read it. Raises OSError."""
    import os
    import shutil
    from contextlib import suppress

    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.new")
    with suppress(FileNotFoundError):
        beside.unlink()  # of one that was broken off
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        if os.geteuid() == 0:
            with suppress(LookupError):  # not from the package: whoever runs the agent reads it
                shutil.chown(beside, group="hydronest")
        file.hardlink_to(beside)
    finally:
        beside.unlink()
