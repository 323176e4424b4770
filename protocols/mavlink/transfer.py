"""Missions and fences to and from an autopilot, item by item, on links that lose a third and take a second.

Upload: the autopilot asks for each item and asks again for what it misses; we answer, and never take a refused
duplicate ("invalid sequence") for the end. Whether an upload arrived is settled by reading it back, not by its
acknowledgement.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from protocols.errors import BadAnswer, Busy, NoAnswer, Refused
from protocols.mavlink.exchange import TRANSFER_TRIES, Exchange, Fields

ACCEPTED, ERROR, INVALID_SEQUENCE, CANCELLED = 0, 1, 13, 15
MOST_ITEMS = 2000
"""More than any autopilot stores: a count beyond it is no count."""
UNASKED = 6
"""Autopilots ask again each second, and forget an upload after five to eight without a word: so many waits in which
nothing is asked, and it is begun anew, or read back where every item was given."""
ASKS = ("MISSION_REQUEST_INT", "MISSION_REQUEST")


async def upload(exchange: Exchange, kind: int, items: Sequence[Fields]) -> bool:
    """Hand over `items` of a MAV_MISSION_TYPE. False: all were given, and no word came of it.

    Refused with MAV_MISSION_RESULT as `number`; Busy where it broke off and may be begun anew; NoAnswer.
    """
    announced = {"count": len(items), "mission_type": kind}
    given, silent = -1, 0
    with exchange.listening(*ASKS, "MISSION_ACK") as queue:
        await exchange.send("MISSION_COUNT", announced)
        while True:
            try:
                async with asyncio.timeout(exchange.wait_s):
                    name, fields = await queue.get()
            except TimeoutError:
                silent += 1
                if silent >= TRANSFER_TRIES:
                    raise NoAnswer("mavlink.no_answer_to", message="MISSION_COUNT", times=silent) from None
                if given == len(items) - 1 and silent >= UNASKED:
                    return False
                if given < 0 or silent >= UNASKED:
                    await exchange.send("MISSION_COUNT", announced)
                continue
            if int(fields.get("mission_type", 0)) != kind:
                continue
            silent = 0
            if name in ASKS:
                asked = int(fields.get("seq", -1))
                if 0 <= asked < len(items):
                    given = max(given, asked)
                    await exchange.send("MISSION_ITEM_INT", items[asked])
                continue
            result = int(fields.get("type", -1))
            if given == len(items) - 1:
                if result == ACCEPTED:
                    return True
                if result in {ERROR, INVALID_SEQUENCE}:  # of a duplicate after the end, as often as of the upload
                    return False
            if result in {ERROR, CANCELLED}:
                raise Busy("mavlink.transfer_broke_off", number=result)
            if result not in {ACCEPTED, INVALID_SEQUENCE}:
                raise Refused("mavlink.transfer_refused", number=result)


async def _how_many(exchange: Exchange, kind: int) -> int:
    def counted(fields: Fields) -> int | None:
        return int(fields["count"]) if int(fields.get("mission_type", 0)) == kind else None

    found = await exchange.ask("MISSION_REQUEST_LIST", {"mission_type": kind}, "MISSION_COUNT", counted)
    if not 0 <= found <= MOST_ITEMS:
        raise BadAnswer("mavlink.no_such_count", count=found)
    return found


async def count(exchange: Exchange, kind: int) -> int:
    """How many items of a MAV_MISSION_TYPE are stored there. NoAnswer, BadAnswer."""
    found = await _how_many(exchange, kind)
    await exchange.send("MISSION_ACK", {"type": CANCELLED if found else ACCEPTED, "mission_type": kind})
    return found


async def clear(exchange: Exchange, kind: int) -> None:
    """Forget what is stored there. NoAnswer, Refused."""

    def result(fields: Fields) -> int | None:
        return int(fields.get("type", -1)) if int(fields.get("mission_type", 0)) == kind else None

    code = await exchange.ask("MISSION_CLEAR_ALL", {"mission_type": kind}, "MISSION_ACK", result)
    if code != ACCEPTED:
        raise Refused("mavlink.transfer_refused", number=code)


async def download(exchange: Exchange, kind: int) -> list[Fields]:
    """What is stored there, in order. NoAnswer, BadAnswer."""
    how_many = await _how_many(exchange, kind)
    found: list[Fields] = []
    for seq in range(how_many):

        def wanted(fields: Fields, seq: int = seq) -> Fields | None:
            mine = int(fields.get("mission_type", 0)) == kind and int(fields.get("seq", -1)) == seq
            return fields if mine else None

        question: dict[str, Any] = {"seq": seq, "mission_type": kind}
        found.append(await exchange.ask("MISSION_REQUEST_INT", question, "MISSION_ITEM_INT", wanted))
    await exchange.send("MISSION_ACK", {"type": ACCEPTED, "mission_type": kind})
    return found
