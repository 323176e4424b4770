"""One read or one write for a person: through the line's owner, before its polls, and a write is read back."""

from collections.abc import Sequence
from typing import NamedTuple

from drivers.outcome import Outcome
from protocols.errors import NoAnswer, Refused, WireError
from protocols.modbus import question
from protocols.modbus.line import Line, NotSent
from protocols.modbus.question import BadQuestion
from protocols.reason import Reason

WITHIN_S = 3.0


class Written(NamedTuple):
    """What became of a write: decided by reading back, never by the answer to the write itself."""

    outcome: Outcome
    reason: Reason | None
    before: list[int] | None
    after: list[int] | None


async def read_now(
    line: Line, unit: int, table: str, address: int, count: int, *, within_s: float = WITHIN_S
) -> list[int]:
    """Registers, or bits as 0 and 1. Raises WireError."""
    data = await line.ask(question.read(unit, table, address, count), within_s)
    if table in question.BIT_TABLES:
        return [data[i // 8] >> i % 8 & 1 for i in range(count)]
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, 2 * count, 2)]


async def write_now(
    line: Line, unit: int, table: str, address: int, values: Sequence[int], *, single: bool = False,
    within_s: float = WITHIN_S,
) -> Written:  # fmt: skip
    """Write holding registers or coils once and read them back. `single`: function 6 or 5 instead of 16 or 15."""
    if table not in ("coil", "holding"):
        raise BadQuestion("modbus.not_writable", table=table)
    before = await _read_or_none(line, unit, table, address, len(values), within_s)
    if table == "coil":
        asked = question.write_coils(unit, address, [bool(value) for value in values])
    else:
        asked = question.write_registers(unit, address, values, single=single)
    said: Reason | None = None
    try:
        await line.ask(asked, within_s)
    except (NotSent, Refused) as error:
        return Written(Outcome.REFUSED, error.reason, before, before)
    except WireError as error:
        said = error.reason
    after = await _read_or_none(line, unit, table, address, len(values), within_s)
    if after is None:
        return Written(Outcome.UNKNOWN, said or Reason("order.not_read_back"), before, None)
    if after == list(values):
        return Written(Outcome.DONE, said, before, after)
    return Written(Outcome.FAILED, said or Reason("order.another_value"), before, after)


async def _read_or_none(
    line: Line, unit: int, table: str, address: int, count: int, within_s: float
) -> list[int] | None:
    for _ in range(2):  # the unit may first have to show that it is in step again
        try:
            return await read_now(line, unit, table, address, count, within_s=within_s)
        except NoAnswer:
            continue
        except WireError:
            return None
    return None
