"""The table of what each child may reach, from the settings: its own files, its own ttys, its own far ends."""

import ipaddress
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel

from agent.settings.lines import OpcuaLine, SerialLine
from agent.settings.settings import Settings
from agent.settings.uplinks import BeidouUplink, Networked
from agent.supervisor.confine import Reach


def reaches(settings: Settings) -> dict[str, Reach]:
    """By child.

    core writes the whole state directory, flight's and opcua's own folders in it too: a folder cannot be left out of
    one that is open. No other child writes anything of another's, reads the journal, or opens a tty it has no line on.
    """
    site, state = settings.site, settings.site.gateway.state_dir
    sockets = settings.socket_path.parent
    identity = site.gateway.identity_key_file
    opcua = [one for one in site.lines if isinstance(one, OpcuaLine)]
    flight = [one for one in site.lines if one.id in settings.nest_lines]
    core = [one for one in site.lines if one.id not in settings.nest_lines and not isinstance(one, OpcuaLine)]
    crafts = [craft.url for craft in site.aircraft]
    makes = [nest.profile for nest in site.nests if nest.profile.endswith(".toml")]
    pinned = [one.server_certificate_file for one in opcua]
    bearers = [one for uplink in site.uplinks if isinstance(uplink, Networked) for one in uplink.bearers]
    own = state / "opcua"
    return {
        "core": Reach(
            write=(state, sockets, settings.journal_path.parent, *(path.parent for path in pinned if path is not None)),
            read=(*_files(site.journal), *(() if identity is None else (identity,))),
            devices=_serial(core),
            names=_names(_hosts(core)),
            traceable=True,  # /proc/self/io: what the journal writes to the card
        ),
        "flight": Reach(
            write=(settings.flight_dir, sockets),
            read=(*map(Path, (*makes, *site.flight.terrain)), *_files(*site.aircraft)),
            devices=_serial(flight) or any(url.startswith("serial") for url in crafts),
            names=_names([*_hosts(flight), *(urlsplit(url).hostname or "" for url in crafts)]),
            listens=any(url.startswith("tcpin") for url in crafts),
            signals=True,  # a flight whose supervisor is gone is asked to let go
        ),
        "uplinks": Reach(
            read=tuple(_renewed(settings)),
            devices=any(isinstance(uplink, BeidouUplink) for uplink in site.uplinks),
            names=_names(_hosts([*site.uplinks, *bearers])),
        ),
        "opcua": Reach(
            write=() if any(own.glob("own-*")) else (own,),  # its key is made once
            read=(own, *(file for file in _files(*opcua) if file.exists())),
            awaits=tuple(file.parent for file in _files(*opcua) if not file.exists()),  # accepted while it runs
            names=_names(_hosts(opcua)),
        ),
        "web": Reach(
            read=() if site.web is None else tuple(_files(site.web)), awaits=(state / "web",), dials=False, listens=True
        ),
        "report": Reach(write=(state / "evidence", state / "water"), read=(state / "ledger",), dials=False),
    }


def _renewed(settings: Settings) -> Iterator[Path]:
    """An uplink's files, each with its folder where that is for such files alone: renewed, it is another file."""
    site = settings.site
    others = _files(
        site.gateway, site.journal, *site.aircraft, *(one for one in site.lines if isinstance(one, OpcuaLine))
    )
    shared = {settings.path.resolve().parent, site.gateway.state_dir, Path("/etc"), *(file.parent for file in others)}
    for file in _files(*site.uplinks):
        yield file
        if file.parent not in shared:
            yield file.parent


def _files(*parts: BaseModel) -> Iterator[Path]:
    """Every file these settings name."""
    for part in parts:
        for name in type(part).model_fields:
            value = getattr(part, name)
            if isinstance(value, Path):
                yield value
            elif isinstance(value, BaseModel):
                yield from _files(value)


def _hosts(parts: Iterable[BaseModel]) -> list[str]:
    found = []
    for part in parts:
        found += [str(host)] if (host := getattr(part, "host", None)) else []
        found += [urlsplit(url).hostname or ""] if (url := getattr(part, "url", None)) else []
    return found


def _names(hosts: Iterable[str]) -> bool:
    """Whether any of these is to be looked up."""
    return any(host and host != "localhost" and not _is_address(host) for host in hosts)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _serial(lines: Iterable[BaseModel]) -> bool:
    return any(isinstance(line, SerialLine) for line in lines)
