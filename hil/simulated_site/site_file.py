"""The site file of the town: what a person would have written for it."""

from collections.abc import Sequence
from pathlib import Path

from hil.simulated_site.layout import NEST_LAT, NEST_LON, Place


def site_text(
    places: Sequence[Place],
    *,
    state_dir: Path,
    street: Path | None,
    market_port: int | None,
    opcua_port: int | None,
    mqtt_port: int,
    protocol: str = "5",
    confirm: str = "broker",
    commit_every_s: float = 1.0,
    poll_s: str = "",
    centre_port: int | None = None,
    rules: Path | None = None,
    nest: tuple[int, int, Path] | None = None,
) -> str:
    """TOML for `hydronest run`. A line whose port is None is left out, with its hydrants.

    `nest`: its PLC's TCP port, its aircraft's UDP port, its profile.
    """
    lines = {
        "street": street and f'kind = "serial"\nport = "{street}"\nbaud = 19200\nparity = "E"\n',
        "market": market_port and f'kind = "tcp"\nhost = "127.0.0.1"\nport = {market_port}\n',
        "water-company": opcua_port and f'kind = "opcua"\nurl = "opc.tcp://127.0.0.1:{opcua_port}/"\n',
    }
    out = [
        (
            "[gateway]\n"
            'id = "quzhou-demo"\nname = "柯城站网关"\nstation = "kecheng"\ndistrict = "柯城区"\nclock = "system"\n'
            f'state_dir = "{state_dir}"\n'
        ),
        (
            '[[stations]]\nid = "kecheng"\nname = "柯城消防救援站"\ndistrict = "柯城区"\n'
            "place = { lon = 118.8718, lat = 28.9690 }\n"
        ),
    ]
    for name, how in lines.items():
        if how:
            out.append(f'[[lines]]\nid = "{name}"\n{how}{poll_s}')
    for place in places:
        if lines[place.line]:
            profile = "hydrant/opcua" if place.line == "water-company" else "hydrant/terminal-float"
            unit = f'"{place.unit}"' if isinstance(place.unit, str) else place.unit
            out.append(
                f'[[devices]]\nid = "{place.id}"\nkind = "hydrant"\nname = "{place.name}"\nprofile = "{profile}"\n'
                f'line = "{place.line}"\nunit = {unit}\n'
                f"place = {{ lon = {place.lon}, lat = {place.lat}, elevation_m = {place.elevation_m} }}\n"
            )
    out.append(
        f'[[uplinks]]\nid = "province"\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {mqtt_port}\n'
        f'protocol = "{protocol}"\nconfirm = "{confirm}"\n'
    )
    if centre_port is not None:
        out.append(
            f'[[uplinks]]\nid = "centre"\nkind = "gb26875"\nhost = "127.0.0.1"\nport = {centre_port}\n'
            f"address = 3301\ncentre_address = 1\nanalog_every_s = 60\n[uplinks.seats]\n"
            + "".join(f"{place.id} = {{ component_address = {number} }}\n" for number, place in enumerate(places, 1))
        )
    if nest is not None:
        out.append(_nest(*nest))
    if rules is not None:
        out.append(f'[judge]\nrules = "{rules}"\n')
    out.append(f"[journal]\ncap_mb = 64\nevent_floor_mb = 4\ncommit_every_s = {commit_every_s}\n")
    return "\n".join(out)


def _nest(plc_port: int, udp_port: int, profile: Path) -> str:
    """One nest on a line of its own, its aircraft, who is on duty, and the standing order to fly to fires near it."""
    return (
        f'[[lines]]\nid = "nest-plc"\nkind = "tcp"\nhost = "127.0.0.1"\nport = {plc_port}\n'
        '[[nests]]\nid = "N1"\nname = "站顶机巢"\nline = "nest-plc"\naircraft = "A1"\n'
        f'profile = "{profile}"\n'
        f"simulated = true\npermit_needed = false\non_scene_s = 20\nfence_m = 1500\nlaunch_height_m = 30\n"
        f"place = {{ lon = {NEST_LON}, lat = {NEST_LAT} }}\n"
        '[[nests.duty]]\noperator = "zhang"\n'
        f'[[aircraft]]\nid = "A1"\nname = "侦察一号"\nurl = "udpin://127.0.0.1:{udp_port}"\nsimulated = true\n'
        "cells = 6\ncapacity_mah = 12000\n"
        '[[flight.standing_orders]]\nid = "fires-near"\nnest = "N1"\noperator = "zhang"\nwithin_m = 1500\n'
        "until = 2099-12-31\n"
    )
