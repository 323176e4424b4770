"""Questions about flights that were: answered from the folder alone, so by whichever process may read it.

Each answer opens files and takes its time: for a process, or a thread, that may.
"""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from agent.control.encoding import Rows, encoded
from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.logbook import index, reading
from agent.logbook.exports import EXPORTS
from protocols.reason import Reason
from protocols.system import file_reason

CURVE = 60
T = TypeVar("T")
_ID = re.compile(r"[A-Za-z0-9._-]{1,80}")


def register_ledger(server: ControlServer, folder: Path) -> None:
    """Answer `flight.list`, `.show`, `.export` and `.verify` about the flights in `folder`."""

    async def flights(request: Request) -> Rows:
        most = int(request.number("limit", 50, 1, 10_000))
        incident = request.text("incident", "")
        return await asyncio.to_thread(lambda: Rows(map(encoded, listed(folder, most, incident))))

    async def show(request: Request) -> dict[str, Any]:
        return await _of_flight(folder, request, shown)

    async def export(request: Request) -> dict[str, str]:
        kind = request.text("format", "geojson")
        if kind not in EXPORTS:
            known = Reason("request.one_of_these", known=tuple(EXPORTS))
            raise RequestError("bad_request", Reason("flight.no_format", format=kind), known)
        return {"format": kind, "text": await _of_flight(folder, request, EXPORTS[kind])}

    async def verify(request: Request) -> dict[str, Any]:
        wrong, seal = await _of_flight(folder, request, lambda flight: (reading.verify(flight), reading.seal(flight)))
        if (told := request.text("seal", "").lower()) and told != seal:
            wrong = [*wrong, Reason("record.other_seal", seal=seal)]
        return {"flight": request.text("flight"), "ok": not wrong, "wrong": wrong, "seal": seal}

    server.register("flight.list", flights, "read")
    server.register("flight.show", show, "read")
    server.register("flight.export", export, "read")
    server.register("flight.verify", verify, "read")


def listed(folder: Path, most: int, incident: str = "") -> list[dict[str, Any]]:
    """The ledger, newest first; of one incident where it is named."""
    flights = index.read(folder).flights[::-1]
    if incident:
        flights = [flight for flight in flights if incident in (flight.get("incident"), *flight.get("led_from", ()))]
    return [dict(flight) for flight in flights[:most]]


def shown(flight: Path) -> dict[str, Any]:
    """One flight: summary, by whose word, log without the looks, curves of height and battery."""
    points = reading.points(flight)
    every = max(1, len(points) // CURVE)
    curves = {
        name: [float(p[name]) if p[name] else None for p in points[::every]] for name in ("height_m", "battery_percent")
    }
    told = list(reading.entries(flight))
    began = told[0] if told else {}
    decision = began.get("decision") or {}
    word = {"order": began.get("flight", {}).get("order", "")}
    word |= {name: decision.get(name, "") for name in ("ordered_by", "standing_order")}
    log = [{k: v for k, v in entry.items() if k not in {"seen", "hash", "decision"}} for entry in told]
    return {"summary": reading.summary(flight), "by": word, "log": log, **curves, "points": len(points)}


async def _of_flight(folder: Path, request: Request, answer: Callable[[Path], T]) -> T:
    flight = request.text("flight")
    try:
        there = bool(_ID.fullmatch(flight) and index.number(flight)) and (folder / flight).is_dir()
        if there:
            return await asyncio.to_thread(answer, folder / flight)
    except OSError as error:
        raise RequestError("bad_data", file_reason(error.filename or folder, error)) from None
    raise RequestError("not_found", Reason("flight.none", flight=flight), "flight.list_them")
