"""The water company's network: sent in pieces, taken in and worked out by reports, shown and forgotten here."""

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.core.report_broker import ReportBroker
from agent.core.requests.reports import handed_over
from agent.judge.asset import Asset
from agent.judge.service.service import AssessmentService
from agent.judge.water_record import draws_of
from agent.runtime.envelope import opened
from agent.runtime.slices import in_slices
from agent.water.table import FILE, FOLDER
from protocols.foreign_json import BadJson
from protocols.reason import Reason
from protocols.system import file_reason

INCOMING, PACKED, ABOUT, LEARNED = "incoming", "network.inp.z", "network.json", "learned.json"
LONGEST_PACKED = 8 << 20
LONGEST_LEARNED = 1 << 20


def register_network(server: ControlServer, broker: ReportBroker, asks: "NetworkRequests") -> None:
    """Answer network.put|import|work|show|forget."""
    server.register("network.put", asks.put, "operate")
    server.register("network.import", handed_over(broker, "network.import", asks.importing), "operate")
    server.register("network.work", handed_over(broker, "network.work", asks.working), "operate")
    server.register("network.show", asks.show, "read")
    server.register("network.forget", asks.forget, "operate")


class NetworkRequests:
    """What the control socket answers about the network."""

    def __init__(self, assessments: AssessmentService) -> None:
        self._assessments = assessments
        self._folder = assessments.state_dir / FOLDER

    async def put(self, request: Request) -> dict[str, Any]:
        """One piece of a packed file, where the last one ended; the first begins anew."""
        at = int(request.number("at", 0, 0, LONGEST_PACKED))
        try:
            piece = b64decode(request.text("data"), validate=True)
        except (binascii.Error, ValueError):
            raise RequestError("bad_request", Reason("request.text", argument="data")) from None
        if at + len(piece) > LONGEST_PACKED:
            raise RequestError("too_large", Reason("network.too_large", most_mb=LONGEST_PACKED >> 20))
        path = self._folder / INCOMING
        try:
            size = await asyncio.to_thread(_put, path, at, piece)
        except OSError as error:
            raise RequestError("cannot_write", file_reason(path, error)) from None
        return {"at": size}

    async def importing(self, request: Request) -> Mapping[str, Any]:
        """Look at the question; the report reads what was put."""
        request.text("datum")
        if request.args.get("meridian") is not None:
            request.number("meridian", None, -180, 180)
        return await self._hydrants()

    async def working(self, _request: Request) -> Mapping[str, Any]:
        """What hydrants have shown, for the report to learn from."""
        assessments = self._assessments
        known = await in_slices(map(self._known, list(assessments.judge.assets.values())))
        return {
            **await self._hydrants(),
            "timezone": assessments.zone.key,
            "known": {name: one for name, one in known if one is not None},
        }

    async def _hydrants(self) -> dict[str, Any]:
        utc = self._assessments.utc_ns()
        assets = self._assessments.judge.assets.values()
        placed = [a for a in assets if a.kind != "water_point" and a.lon is not None and a.lat is not None]
        return {
            "folder": str(self._folder),
            "utc_s": None if utc is None else utc / 1e9,
            "hydrants": [[a.id, a.lon, a.lat, a.elevation_m] for a in placed],
        }

    def _known(self, asset: Asset) -> tuple[str, dict[str, Any] | None]:
        record = self._assessments.judge.seen.get(asset.id)
        test = self._assessments.store.facts.flow_tests.get(asset.id)
        draws = [list(draw) for draw in draws_of(record, test)]
        if record is None and not draws:
            return asset.id, None
        return asset.id, {"record": None if record is None else record.as_json(), "draws": draws}

    async def show(self, _request: Request) -> dict[str, Any]:
        """What was taken in, learned and doubted. not_found where there is none."""
        try:
            return await asyncio.to_thread(_read, self._folder)
        except FileNotFoundError:
            raise RequestError("not_found", Reason("network.none"), "network.import_one") from None
        except OSError as error:
            raise RequestError("failed", file_reason(self._folder, error)) from None
        except BadJson as bad:
            raise RequestError("bad_data", bad.reason) from None

    async def forget(self, _request: Request) -> dict[str, Any]:
        """Go by flow tests and uses again."""
        try:
            gone = await asyncio.to_thread(_forget, self._folder)
        except OSError as error:
            raise RequestError("cannot_write", file_reason(self._folder, error)) from None
        return {"forgotten": gone}


def _put(path: Path, at: int, piece: bytes) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("r+b" if at else "wb") as file:
        file.truncate(at)
        file.seek(at)
        file.write(piece)
        return file.tell()


def _read(folder: Path) -> dict[str, Any]:
    with (folder / ABOUT).open("rb") as file:
        about = opened(file.read(LONGEST_LEARNED), "network", LONGEST_LEARNED)
    learned: dict[str, Any] = {}
    with suppress(FileNotFoundError), (folder / LEARNED).open("rb") as file:
        learned = opened(file.read(LONGEST_LEARNED), LEARNED, LONGEST_LEARNED)
    return {**about, **learned, "worked": bool(learned)}


def _forget(folder: Path) -> bool:
    gone = (folder / ABOUT).exists()
    for name in (FILE, LEARNED, ABOUT, PACKED, INCOMING):
        (folder / name).unlink(missing_ok=True)
    return gone
