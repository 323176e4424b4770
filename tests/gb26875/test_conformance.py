"""The centre is an uplink like any other: the whole conformance suite."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC

import orjson
import pytest_asyncio

from agent.link.record import PriorityClass, Record
from agent.uplinks.gb26875.duty import DutyChecks
from agent.uplinks.gb26875.mapping import Mapper, Seat
from agent.uplinks.gb26875.uplink import Centre as CentreSettings
from agent.uplinks.gb26875.uplink import Gb26875Uplink
from hil.centre import Centre
from protocols.gb26875.dialect import STANDARD
from tests.uplinks.conformance import UplinkConformance

SEATS = {f"D{n}": Seat(n) for n in range(1, 300)} | {f"X{n}": Seat(100_000 + n) for n in range(1, 30)}


def record(device: str, seq: int, priority: PriorityClass) -> Record:
    """A reading of 0.1 kPa × seq, or an event, of a device of its own: how the centre tells records apart."""
    if priority is PriorityClass.EVENT:
        body = {"events": [{"kind": "pressure_low", "subject": device, "severity": "alarm", "turn": "raised",
                            "at_ms": 0, "evidence": {}}]}  # fmt: skip
    else:
        body = {"frames": [{"profile": "p", "points": ["pressure"], "units": ["kPa"], "device": [device],
                            "at_ms": [0], "values": [[seq / 10]]}]}  # fmt: skip
    return Record("b1", seq, priority, 1, 1_763_700_000_000_000_000, 20, "k1", 1000, orjson.dumps(body))


@dataclass
class CentreFarEnd:
    centre: Centre

    def uplink(self) -> Gb26875Uplink:
        settings = CentreSettings(
            "127.0.0.1", self.centre.port, 7, 1, STANDARD, timeout_s=3.0, window=8, denied_rests_s=(0.02, 0.02)
        )
        return Gb26875Uplink(
            "centre", settings, Mapper(SEATS, STANDARD, UTC), lambda device: {}, DutyChecks(),
            lambda: 1_763_700_000_000_000_000, version=(0, 1), on_clock=lambda wall: None,
        )  # fmt: skip

    def record(self, seq: int, priority: PriorityClass = PriorityClass.TELEMETRY) -> Record:
        return record(f"D{seq}", seq, priority)

    def unwanted(self, seq: int) -> Record:
        return record(f"X{seq}", seq, PriorityClass.TELEMETRY)

    def heard(self) -> list[int]:
        """Each once, by first arrival: the standard's data carry no key; here a device's address is one."""
        return list(dict.fromkeys(kept.fields["component_address"] for kept in self.centre.kept))

    async def stall(self) -> None:
        self.centre.stall()

    async def go_on(self) -> None:
        self.centre.go_on()

    async def cut(self) -> None:
        await self.centre.stop()

    async def heal(self) -> None:
        await self.centre.start()


class TestCentre(UplinkConformance):
    @pytest_asyncio.fixture
    async def far_end(self) -> AsyncIterator[CentreFarEnd]:
        centre = Centre()
        centre.denies = lambda content: content.objects[0].get("component_address", 0) > 100_000
        await centre.start()
        yield CentreFarEnd(centre)
        await centre.stop()
