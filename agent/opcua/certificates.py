"""Certificates of OPC UA lines: the server's that a person accepted, and our own. Core is told how long they last."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from agent.link import opcua_messages as said
from agent.runtime.certificate_stages import DAY_S, EVERY_S, FIRST_S, last_end_s
from agent.runtime.clock.reckon import Reckoned
from agent.settings.lines import OpcuaLine
from agent.settings.settings import Settings
from protocols.opcua.certificate import own_files

ACCEPTED = ("*.der", "*.pem", "*.crt", "*.cer")
"""In a trust folder."""


def certificate_files(settings: Settings) -> Mapping[tuple[str, str], tuple[Path, ...]]:
    """By line and whose. A folder of accepted ones lasts as long as its last."""
    own = own_files(settings.site.gateway.state_dir / "opcua")[0]
    found: dict[tuple[str, str], tuple[Path, ...]] = {}
    for line in settings.site.lines:
        if isinstance(line, OpcuaLine) and line.security != "none":
            found[line.id, said.OWN] = (line.certificate_file or own,)
            if line.server_certificate_file is not None:
                found[line.id, said.SERVER] = (line.server_certificate_file,)
    return found


def days_left(files: Mapping[tuple[str, str], Iterable[Path]], now_s: float) -> list[list[Any]]:
    """[line, whose, days]. Blocks."""
    told: list[list[Any]] = []
    for (line, whose), named in files.items():
        each = [file for path in named for file in (_inside(path) if path.is_dir() else (path,))]
        if (end_s := last_end_s(each)) is not None:
            told.append([line, whose, (end_s - now_s) / DAY_S])
    return told


def _inside(folder: Path) -> list[Path]:
    return [file for pattern in ACCEPTED for file in sorted(folder.glob(pattern))][:100]


async def watch(settings: Settings, clock: Callable[[], Reckoned], post: Callable[[str, Any], object]) -> None:
    """For ever, each hour. While nobody vouches for the time, nothing is said."""
    files = certificate_files(settings)
    await asyncio.sleep(FIRST_S)
    while True:
        now = clock()
        if files and now.err_ms is not None:
            post(said.CERTIFICATE_DAYS, await asyncio.to_thread(days_left, files, now.wall_ns / 1e9))
        await asyncio.sleep(EVERY_S)
