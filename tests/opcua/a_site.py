"""A site with one OPC UA line, its server with pressures that always move, and what its journal holds of them."""

import itertools
import sqlite3
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from agent.journal.reader import Reader
from agent.link.record import PriorityClass
from hil.opcua.hydrant import WATER_NAMESPACE, hydrants_nodes
from hil.opcua.server import HydrantServer
from hil.opcua.truth import Shown

HYDRANTS = ("H1", "H2")


def saw_tooth() -> Mapping[str, Shown]:
    """Every pressure another one each time, by more than any dead-band, and the same again long after any outage."""
    step = next(_steps) % 300
    return {f"{unit}.Pressure": 200.0 + 7.0 * step + number for number, unit in enumerate(HYDRANTS)}


_steps = itertools.count()


def a_server(period_s: float = 0.05, certificate: tuple[Path, Path] | None = None) -> HydrantServer:
    """A water company's."""
    nodes = hydrants_nodes(HYDRANTS)
    return HydrantServer(nodes, namespace=WATER_NAMESPACE, values=saw_tooth, period_s=period_s, certificate=certificate)


def site_file(folder: Path, port: int, *, commit_every_s: float = 0.2) -> Path:
    """For `hydronest run`."""
    file = folder / "site.toml"
    devices = "".join(
        f'[[devices]]\nid = "{unit}"\nkind = "hydrant"\nprofile = "hydrant/opcua"\nline = "water"\nunit = "{unit}"\n'
        for unit in HYDRANTS
    )
    file.write_text(
        f'[gateway]\nid = "g1"\nclock = "system"\nstate_dir = "{folder}/state"\n'
        f'[[lines]]\nid = "water"\nkind = "opcua"\nurl = "opc.tcp://127.0.0.1:{port}/"\n{devices}'
        f"[journal]\ncap_mb = 16\nevent_floor_mb = 1\ncommit_every_s = {commit_every_s}\n",
        encoding="utf-8",
    )
    return file


class Journalled:
    """What a journal that nobody has open holds: `pressures` counts (hydrant, source ms, value), `backfilled` rows."""

    def __init__(self, path: Path) -> None:
        self.pressures: Counter[tuple[str, int, float]] = Counter()
        self.backfilled = 0
        self._rows: list[tuple[str, int, str]] = []  # hydrant, source ms, what else is known: for who reads a failure
        connection = sqlite3.connect(path)
        try:
            reader = Reader(connection.execute)
            for record in reader.peek(PriorityClass.TELEMETRY, 100_000, 0, with_body=True):
                for frame in record["body"]["frames"]:
                    if "source_ms" in frame and "pressure" in frame["points"]:
                        back = frame.get("backfilled", [False] * len(frame["device"]))
                        self._rows += [
                            (device, at or 0, f"{'history' if old else 'live'} of record {record['seq']}")
                            for device, at, old in zip(frame["device"], frame["source_ms"], back, strict=True)
                        ]
                        column = frame["values"][frame["points"].index("pressure")]
                        for device, at, value in zip(frame["device"], frame["source_ms"], column, strict=True):
                            if at is not None:
                                self.pressures[device, at, value] += 1
                        self.backfilled += sum(frame.get("backfilled", ()))
        finally:
            connection.close()

    def check(self, server: HydrantServer) -> None:
        """Between the first and the last it holds, it holds everything the server showed, each once."""
        for unit in HYDRANTS:
            kept = {key: count for key, count in self.pressures.items() if key[0] == unit}
            times = [at for _, at, _ in kept]
            assert len(times) > 50
            shown = {
                (unit, at // 1_000_000, value)
                for at, value in server.truth.between(f"{unit}.Pressure", 0, 1 << 62)
                if min(times) <= at // 1_000_000 <= max(times)
            }
            holes = sorted(shown - kept.keys())
            assert not holes, f"{len(holes)} of {len(shown)} are missing: {self._around(holes[0])}"
            assert not kept.keys() - shown, "nobody ever showed that"
            twice = sorted(key for key, count in kept.items() if count > 1)
            assert not twice, f"{len(twice)} came twice, from {twice[0]} to {twice[-1]}"

    def _around(self, hole: tuple[str, int, Shown]) -> list[tuple[str, int, str]]:
        near = [row for row in self._rows if row[0] == hole[0] and abs(row[1] - hole[1]) < 300]
        return sorted([*near, (*hole[:2], "MISSING")], key=lambda row: row[1])
