"""What came of every order: a line of a file, and an event. Refusals by the hundred are one, with their number."""

import json
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from agent.flight.control.context import FlightContext
from agent.flight.orders.gate import LONGEST
from agent.runtime.buffered_appender import BufferedAppender
from agent.runtime.flood import WINDOW_S, Flood
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from protocols.foreign_json import BadJson, read_json_object
from protocols.reason import Reason, plain

STRANGER = ""
"""Who signed nothing we know: all of them are one."""


LONGEST_ARGS = 1000
"""Characters of an order's arguments in its record."""


class OrderAudit:
    """`keep` waits for nothing. What changed anything is always told; the rest is counted for each signer apart."""

    def __init__(self, context: FlightContext) -> None:
        self._context = context
        self._file = BufferedAppender(context.state_dir / "orders.jsonl", context.writer, sync=True)
        self._floods: dict[tuple[str, str], Flood] = {}

    def keep(self, line: Mapping[str, Any], signer: str = STRANGER, *, again: bool = False) -> None:
        """An order and its answer: `line` has `order`, `status` and, if that is refused, `code`. `again`: a repetition.

        `signer` is a person of the settings, or a way orders come by.
        """
        if line["status"] == "accepted" and not again:
            self._tell(line)
            return
        whose = signer, str(line["status"])
        flood = self._floods.get(whose)
        if flood is None:
            flood = self._floods[whose] = Flood(partial(self._tell_more, *whose))
        if flood.passes(str(line.get("code", "again"))):
            self._tell(line)

    def _tell_more(self, signer: str, status: str, more: Counter[str]) -> None:
        codes = ", ".join(f"{code} {count}" for code, count in sorted(more.items()))
        reason = Reason("order.flood", count=more.total(), within_s=WINDOW_S)
        self._tell({"order": "*", "by": signer, "verb": "", "status": status, "code": "flood",
                    "count": more.total(), "codes": codes, "reason": reason})  # fmt: skip

    def _tell(self, line: Mapping[str, Any]) -> None:
        at = self._context.now_ns()
        told = {"t_s": round(at / 1e9, 3), "utc": self._context.wall().text, **line}
        self._file.add(json.dumps(told, ensure_ascii=False, default=plain))
        evidence: dict[str, Value | Reason] = {
            name: value if isinstance(value, Reason | int) else str(value)
            for name, value in line.items()
            if name != "order"
        }
        severity = Severity.INFO if line["status"] == "accepted" else Severity.WARNING
        event = Event(EventKind.ORDER, str(line["order"])[:64], severity, Transition.NOTED, at, evidence)
        self._context.on_event(event)


def brief(args: Mapping[str, Any]) -> str:
    """Arguments as they stand in a record."""
    return json.dumps(args, ensure_ascii=False, default=str)[:LONGEST_ARGS]


def claimed_id(envelope: Mapping[str, Any]) -> str:
    """What an order that was not let through calls itself."""
    try:
        claimed = read_json_object(str(envelope.get("payload")), LONGEST)["id"]
    except (BadJson, KeyError):
        return "?"
    return "".join(c for c in str(claimed) if c.isprintable())[:64]
