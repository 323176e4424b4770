"""The site file of a new gateway, with a remark beside each thing that a person will want to change."""

from __future__ import annotations

import json
from typing import NamedTuple

from agent.cli.init.far_ends import Centre, FarLine
from agent.cli.words import _


class Answers(NamedTuple):
    """What was answered. `place` is (lon, lat) in `datum`, as typed; `broker` (host, port), or None."""

    gateway: str
    station: str
    station_id: str
    district: str
    datum: str
    place: tuple[float, float]
    ports: tuple[str, ...]
    far: tuple[FarLine, ...]
    baud: int
    parity: str
    broker: tuple[str, int] | None
    tls: bool
    centre: Centre | None
    language: str
    timezone: str


def site_text(told: Answers) -> str:
    """TOML that `hydronest check` takes."""
    lon, lat = told.place
    lines = [
        "# " + _("The station. After every change:  hydronest check"),
        "# "
        + _("All keys and an example: /usr/share/doc/hydronest/docs/settings.md, /usr/share/doc/hydronest/examples"),
        "",
        "[gateway]",
        _row("id", told.gateway, _("goes with every message; never change it once it has sent")),
        _row("station", told.station_id),
        *([_row("district", told.district)] if told.district else []),
        _row("language", told.language),
        _row("timezone", told.timezone),
        _row("datum", told.datum, _("of every place in this file: wgs84, gcj02 (Chinese maps), bd09 (Baidu)")),
        _row("state_dir", "/var/lib/hydronest"),
        "",
        "[[stations]]",
        _row("id", told.station_id),
        _row("name", told.station),
        *([_row("district", told.district)] if told.district else []),
        f"place = {{ lon = {lon:.6f}, lat = {lat:.6f} }}",
    ]
    for number, port in enumerate(told.ports, 1):
        lines += [
            "",
            "[[lines]]",
            _row("id", f"line-{number}"),
            'kind = "serial"',
            _row("port", port, _("hydronest bus ports lists them")),
            f"baud = {told.baud}",
            f'parity = "{told.parity}"',
        ]
    for number, line in enumerate(told.far, len(told.ports) + 1):
        where = [_row("host", line.host), f"port = {line.port}"] if line.host else [_row("url", line.url), _security()]
        lines += ["", "[[lines]]", _row("id", f"line-{number}"), _row("kind", line.kind), *where]
    lines += ["", *_device(told)]
    told_of_tls = _('write {{ ca_file = "ca.pem" }} where the authority is your own').format()
    if told.broker is not None:
        host, port_number = told.broker
        lines += [
            "",
            "[[uplinks]]",
            'id = "platform"',
            'kind = "mqtt"',
            _row("host", host),
            f"port = {port_number}",
            *([f"tls = {{}}  # {told_of_tls}"] if told.tls else []),
            f'# user = "{told.gateway}"',
            '# password_file = "secrets/platform.password"   # ' + _("mode 600, owner hydronest"),
        ]
    if told.centre is not None:
        lines += [
            "",
            "[[uplinks]]",
            'id = "centre"',
            'kind = "gb26875"',
            _row("host", told.centre.host),
            f"port = {told.centre.port}",
            f"{f'address = {told.centre.address}':<32}# " + _("ours, as the centre has given it"),
            "# tls = {}   # " + _("it has no proof of its own of who speaks: TLS, or a VPN"),
            "# seats = { H001 = { component_address = 1 } }   # " + _("each device, as it is on the centre's list"),
        ]
    return "\n".join(lines) + "\n"


def _security() -> str:
    return "# " + _("not encrypted yet: hydronest opcua trust, then security and server_certificate_file")


def _device(told: Answers) -> list[str]:
    """How the first device is written down."""
    lon, lat = told.place
    return [
        "# " + _("A device: hydronest bus scan finds its unit, hydronest profile list its make."),
        "# [[devices]]",
        '# id = "H001"',
        '# kind = "hydrant"',
        '# profile = "hydrant/terminal-float"',
        '# line = "line-1"',
        "# unit = 1",
        f"# place = {{ lon = {lon:.4f}, lat = {lat:.4f} }}",
    ]


def _row(key: str, value: str, remark: str = "") -> str:
    row = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    return f"{row:<32}# {remark}" if remark else row
