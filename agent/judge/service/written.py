"""What outlives the agent, made into bytes a slice at a time: at a site of thousands each of these takes its time."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from agent.judge.judge import Judge
from agent.judge.ledger import Ledger
from agent.judge.memory import remember, things
from agent.judge.service.files import VERSION
from agent.judge.water_record import WaterRecord
from agent.runtime.slices import in_slices


async def memory(judge: Judge, now_ns: int, utc_ns: int) -> bytes:
    """What `recall` goes on from."""
    head = remember(judge, utc_ns)
    entries = await in_slices(_entry(name, value) for name, value in things(judge, now_ns, utc_ns))
    return _closed(head, "things", b"{" + b",".join(entries) + b"}")


async def seen(known: Mapping[str, WaterRecord]) -> bytes:
    """What each hydrant has shown of its water."""
    entries = await in_slices(_entry(asset, one.as_json()) for asset, one in list(known.items()))
    return _closed({"v": VERSION}, "things", b"{" + b",".join(entries) + b"}")


async def ledger(minutes: Ledger, days: Collection[str]) -> dict[str, bytes]:
    """These days' minutes."""
    written = {}
    for day in days:
        entries = await in_slices(_entry(asset, entry.as_json()) for asset, entry in list(minutes.days[day].items()))
        written[day] = b"{" + b",".join(entries) + b"}\n"
    return written


def _entry(name: str, value: object) -> bytes:
    return orjson.dumps(name) + b":" + orjson.dumps(value)


def _closed(head: Mapping[str, Any], last: str, content: bytes) -> bytes:
    return orjson.dumps({**head, last: orjson.Fragment(content)}, option=orjson.OPT_APPEND_NEWLINE)
