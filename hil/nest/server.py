"""The PLC on Modbus TCP, served by pymodbus."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hil.nest.plc import Plc

SIZE = 1024
TICK_S = 0.05
SUBSTEP_S = 0.1
_TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


@contextlib.asynccontextmanager
async def serving(plc: Plc, port: int, *, unit: int = 1, speedup: float = 1.0) -> AsyncIterator[Plc]:
    """The PLC listens on 127.0.0.1:`port` and its machinery moves, for as long as the block lasts."""
    machinery = _Machinery(plc, speedup)

    async def action(
        function: int, start: int, address: int, count: int, registers: list[int], values: list[Any] | None
    ) -> ExcCodes | None:
        if plc.trouble:
            return ExcCodes.GATEWAY_NO_RESPONSE if plc.trouble == "silent" else ExcCodes.DEVICE_FAILURE
        machinery.catch_up()
        if values is not None:
            plc.put(address, [int(v) for v in values])
            values[:] = plc.get("holding", address, count)
        elif function in _TABLES:
            table = _TABLES[function]
            if table in {"coil", "discrete"}:
                _bits(plc, table, start, registers)
            else:
                registers[address - start : address - start + count] = plc.get(table, address, count)
        return None

    bits = [SimData(0, count=SIZE, values=False, datatype=DataType.BITS)]
    words = [SimData(0, count=SIZE, values=0, datatype=DataType.REGISTERS)]
    device = SimDevice(unit, simdata=(bits, list(bits), words, list(words)), action=action, use_bit_addressing=True)
    server = ModbusTcpServer(device, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    task = asyncio.create_task(machinery.run(), name="nest machinery")
    try:
        yield plc
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it unannotated


def _bits(plc: Plc, table: str, start: int, registers: list[int]) -> None:
    for word in range(min(8, len(registers))):
        bits = plc.get(table, (start + word) * 16, 16)
        registers[word] = sum(bit << i for i, bit in enumerate(bits))


class _Machinery:
    """Moves in step with the clock, and up to this moment before anybody reads or orders."""

    def __init__(self, plc: Plc, speedup: float) -> None:
        self._plc = plc
        self._speedup = speedup
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()

    def catch_up(self) -> None:
        now = self._loop.time()
        span, self._last = min(0.5, now - self._last) * self._speedup, now
        steps = max(1, round(span / SUBSTEP_S))
        for _ in range(steps):
            self._plc.step(span / steps)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.catch_up()
