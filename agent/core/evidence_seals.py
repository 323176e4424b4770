"""Signs a day's evidence for the report that writes it, and tells the platform its seal."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from agent.link.channel import Handler
from drivers.event import Event, EventKind, Evidence, Severity, Transition
from protocols.clock import NowNs

SUBJECT = "evidence"


def seal_handlers(
    sign: Callable[[str, Evidence], Evidence], tell: Callable[[Event], None], now_ns: NowNs
) -> dict[str, Handler]:
    """What a report may ask of the gateway's key over its channel: signatures of marks, none where there is no key.

    The last of a file goes upwards as an event. `sign` is as `Identity.sealed`.
    """

    async def signed(args: Mapping[str, Any]) -> list[str]:
        day = str(args["day"])
        marks: list[Evidence] = [{"day": day, "head": str(head), "lines": int(lines)} for lines, head in args["marks"]]
        found = await asyncio.to_thread(lambda: [sign(SUBJECT, mark) for mark in marks])
        if args["ends"] and found:
            tell(Event(EventKind.AUDIT, SUBJECT, Severity.INFO, Transition.NOTED, now_ns(), found[-1]))
        return [str(one["signature"]) for one in found if "signature" in one]

    return {"evidence.sign": signed}
