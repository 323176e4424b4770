"""The two things a nest needs of a Modbus line, and the line the modbus room gives."""

from collections.abc import Sequence
from typing import Protocol

from protocols.modbus import question
from protocols.modbus.line import Line


class Registers(Protocol):
    """One PLC. Both raise WireError; a write is never proof of anything."""

    async def read(self, table: str, address: int, count: int) -> list[int]:
        """Words, or bits as 0 and 1."""

    async def write(self, address: int, values: Sequence[int]) -> None:
        """Holding registers, once."""


class LineRegisters:
    """One unit of a Modbus line."""

    def __init__(self, line: Line, unit: int, *, within_s: float = 1.0) -> None:
        self._line = line
        self._unit = unit
        self._within_s = within_s

    async def read(self, table: str, address: int, count: int) -> list[int]:
        """Words, or bits as 0 and 1."""
        data = await self._line.ask(question.read(self._unit, table, address, count), self._within_s)
        if table in question.BIT_TABLES:
            return [data[i // 8] >> i % 8 & 1 for i in range(count)]
        return [int.from_bytes(data[i : i + 2], "big") for i in range(0, 2 * count, 2)]

    async def write(self, address: int, values: Sequence[int]) -> None:
        """Function 16, once."""
        await self._line.ask(question.write_registers(self._unit, address, values), self._within_s)
