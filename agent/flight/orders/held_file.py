"""Orders that wait for a second person, and what ended a flight since, kept for the next life of this process.

What lies here is only as good as its signatures: each order is proved again as it is read, and has to be one that was
let through and not carried out. Another start of the machine, or another memory of orders, voids all of it: how long
it waited is known by the clock since boot alone.
"""

import logging
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from agent.flight.orders.gate import OrderVerifier, Refusal
from agent.flight.orders.two_people import Held, TwoPeople
from agent.runtime.durable import write_whole
from agent.runtime.envelope import enclosed, opened
from agent.runtime.kernel_boot import kernel_boot_id
from agent.runtime.write_behind import Writer
from protocols.foreign_json import BadJson

NAME = "held.json"
LONGEST_BYTES = 4 << 20
KIND = "held"
_log = logging.getLogger("hydronest")


class HeldFile:
    """`keep` what is held, `load` it once the orders that were let through are read."""

    def __init__(self, folder: Path, writer: Writer, verifier: OrderVerifier) -> None:
        self._path = folder / NAME
        self._writer = writer
        self._verifier = verifier
        self._to_write = False

    async def load(self, two_people: TwoPeople) -> None:
        """Give it what an earlier life held.

        Never raises: where it cannot be read, whoever gave those orders gives them anew.
        """
        found: list[dict[str, Any]] = []
        try:
            await self._writer.done(lambda: found.append(opened(self._path.read_bytes(), KIND, LONGEST_BYTES)))
            boot = kernel_boot_id()
            kept = found[0]
            if (kept["boot"], kept["epoch"]) != (boot, self._verifier.epoch):
                _log.warning("orders that waited for a second person before this start are void")
                return
            ended = {str(nest): int(at_ns) for nest, at_ns in kept["ended"].items()}
            two_people.again([held for one in kept["held"] if (held := self._held(two_people, one))], ended)
        except FileNotFoundError:
            return
        except (OSError, BadJson, KeyError, TypeError, ValueError, AttributeError) as error:
            _log.error("%s cannot be read, and no order of before waits for a second person: %s", self._path, error)

    def _held(self, two_people: TwoPeople, one: dict[str, Any]) -> Held | None:
        envelope = one["envelope"]
        try:
            order = self._verifier.admitted(envelope, int(one["given_ns"]))
        except Refusal as no:
            _log.warning("an order that waited for a second person does so no more: %s", no.reason)
            return None
        return two_people.as_held(order, envelope, one["what"], int(one["since_ns"]))

    def keep(self, two_people: TwoPeople) -> None:
        """Behind whoever acts; however often something changes, one writing waits."""
        if not self._to_write:
            self._to_write = True
            if not self._writer.later(partial(self._write, two_people)):
                self._to_write = False

    def _write(self, two_people: TwoPeople) -> None:
        self._to_write = False
        held = [
            {"envelope": {name: one.envelope[name] for name in ("payload", "key", "signature")}, "what": one.what,
             "since_ns": one.since_ns, "given_ns": one.order.given_ns}
            for one in two_people.held()
        ]  # fmt: skip
        ended = dict(two_people.ended_ns)
        kept = orjson.dumps({"boot": kernel_boot_id(), "epoch": self._verifier.epoch, "held": held, "ended": ended})
        write_whole(self._path, enclosed(KIND, kept))
