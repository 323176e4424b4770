"""Raw messages to and from one autopilot: sent by name, answered by name, again until answered.

Nothing goes on behind anyone's back: a cancelled wait sends nothing more. mavsdk's own commands and transfers do, from
threads of theirs, and give up on a link with 20 % loss or a second's round trip.
"""

import asyncio
import contextlib
import json
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeVar

from protocols.errors import NoAnswer, NotConnected, Refused
from protocols.mavlink.library import MavlinkMessage, MavsdkError
from protocols.mavlink.results import library_reason
from protocols.reason import Reason

MAV_RESULTS = {1: "temporarily_rejected", 2: "denied", 3: "unsupported", 4: "failed", 6: "cancelled"}
"""MAV_RESULT by number: `mavlink.mav_result_…`."""
IN_PROGRESS = 5
COMMAND_TRIES, TRANSFER_TRIES = 4, 12
"""With 30 % lost each way 1 question in 2 is answered: 12 tries miss one in 4,000, and a command's outcome is seen."""
SENDING_S = 0.2
"""So long one send waits for the one before it, that they keep their order, and no longer."""
MOST_WAITING = 64
BEAT = {"type": 6, "autopilot": 8, "base_mode": 0, "custom_mode": 0, "system_status": 4, "mavlink_version": 3}

Fields = Mapping[str, Any]
T = TypeVar("T")


class Pace:
    """How long this link's answers take. `wait_s` before asking again: 0.5 to 2 s, by what was measured.

    Only an answer to a question asked once is a measure: after the second asking nobody knows which of them it answers,
    and a radio that loses a third would pass for one that takes seconds. Unanswered, patience grows until one is.
    """

    def __init__(self) -> None:
        self._took_s = 0.2
        self._patience = 1.0

    @property
    def wait_s(self) -> float:
        """Seconds."""
        return min(2.0, max(0.5, (1.4 * self._took_s + 0.1)) * self._patience)

    def unanswered(self) -> None:
        """No answer came within `wait_s`."""
        self._patience = min(4.0, 1.5 * self._patience)

    def answered(self, after_s: float) -> None:
        """An answer came so long after the only asking: slower is believed at once, quicker by and by."""
        self._patience = 1.0
        weight = 0.6 if after_s > self._took_s else 0.25
        self._took_s += weight * (min(after_s, 3.0) - self._took_s)


class Exchange:
    """With component `them` (system, component) as `own`. `heard` is told of every message of `them` that answers."""

    def __init__(
        self, send: Callable[[MavlinkMessage], Awaitable[Any]], own: tuple[int, int], them: tuple[int, int]
    ) -> None:
        self._send = send
        self._own = own
        self._them = them
        self._pace = Pace()
        self._listeners: list[tuple[frozenset[str], asyncio.Queue[tuple[str, Fields]]]] = []
        self._sending: asyncio.Future[Any] | None = None
        self._beating: asyncio.Future[Any] | None = None

    def beat(self) -> None:
        """Put a ground station's heartbeat on the wire, unless the last one is not out yet; nothing waits for it."""
        if self._beating is None or self._beating.done():
            message = MavlinkMessage("HEARTBEAT", *self._own, *self._them, json.dumps(BEAT))
            self._beating = asyncio.ensure_future(self._send(message))
            self._beating.add_done_callback(_seen)

    def heard(self, name: str, fields: Fields) -> None:
        """A message of theirs. What names another ground station as its target answers nothing of ours."""
        if int(fields.get("target_system", 0)) not in {0, self._own[0]}:
            return
        for names, queue in self._listeners:
            if name in names and not queue.full():
                queue.put_nowait((name, fields))

    @contextlib.contextmanager
    def listening(self, *names: str) -> Iterator["asyncio.Queue[tuple[str, Fields]]"]:
        """Every message of these names that arrives during the block."""
        entry = frozenset(names), asyncio.Queue[tuple[str, Fields]](MOST_WAITING)
        self._listeners.append(entry)
        try:
            yield entry[1]
        finally:
            self._listeners.remove(entry)

    @property
    def wait_s(self) -> float:
        """How long an answer may take on this link before it is asked for again."""
        return self._pace.wait_s

    async def send(self, name: str, fields: Fields) -> None:
        """Put one message to them on the wire; NaN goes as NaN. NotConnected where the library has let the link go."""
        whole = {"target_system": self._them[0], "target_component": self._them[1], **fields}
        sane = {key: None if isinstance(v, float) and math.isnan(v) else v for key, v in whole.items()}
        message = MavlinkMessage(name, *self._own, *self._them, json.dumps(sane))
        before = self._sending
        if before is not None and not before.done():
            await asyncio.wait({before}, timeout=SENDING_S)
        self._sending = sending = asyncio.ensure_future(self._send(message))
        sending.add_done_callback(_seen)
        try:
            await asyncio.shield(sending)  # a thread's: it goes out whether or not anyone waits for it
        except (MavsdkError, RuntimeError) as error:
            raise NotConnected("mavlink.not_sent", message=name, why=library_reason(error)) from error

    async def ask(
        self, name: str, fields: Fields, answer: str, take: Callable[[Fields], T | None], tries: int = TRANSFER_TRIES
    ) -> T:
        """Send until a message `answer` comes of which `take` makes something. NoAnswer after so many tries."""
        loop = asyncio.get_running_loop()
        with self.listening(answer) as queue:
            for asked in range(tries):
                begun = loop.time()
                await self.send(name, fields)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.wait_s):
                        while (found := take((await queue.get())[1])) is None:
                            pass
                        if asked == 0:
                            self._pace.answered(loop.time() - begun)
                        return found
                self._pace.unanswered()
        raise NoAnswer("mavlink.no_answer_to", message=name, times=tries)

    async def command(self, number: int, *params: float) -> None:
        """One COMMAND_LONG: Refused with its MAV_RESULT, NoAnswer after four tries."""
        given = (*params, *([0.0] * (7 - len(params))))
        fields = {f"param{i + 1}": float(given[i]) for i in range(7)}
        await self._command("COMMAND_LONG", number, fields | {"command": number, "confirmation": 0})

    async def command_at(self, number: int, lat: float, lon: float, altitude_m: float, *params: float) -> None:
        """The same as COMMAND_INT at a place, `altitude_m` above sea level; four parameters."""
        fields = {f"param{i + 1}": params[i] for i in range(4)}
        place = {"x": round(lat * 1e7), "y": round(lon * 1e7), "z": altitude_m}
        rest = {"frame": 0, "command": number, "current": 0, "autocontinue": 0}
        await self._command("COMMAND_INT", number, fields | place | rest)

    async def tell(self, number: int, *params: float) -> None:
        """One COMMAND_LONG whose acknowledgement nobody waits for."""
        given = (*params, *([0.0] * (7 - len(params))))
        fields = {f"param{i + 1}": float(given[i]) for i in range(7)}
        await self.send("COMMAND_LONG", fields | {"command": number, "confirmation": 0})

    async def _command(self, name: str, number: int, fields: Fields) -> None:
        def result(ack: Fields) -> int | None:
            mine = int(ack.get("command", -1)) == number and int(ack.get("result", -1)) != IN_PROGRESS
            return int(ack.get("result", -1)) if mine else None

        try:
            code = await self.ask(name, fields, "COMMAND_ACK", result, COMMAND_TRIES)
        except NoAnswer:
            raise NoAnswer("mavlink.no_acknowledgement_to", command=number) from None
        if code != 0:
            named = MAV_RESULTS.get(code)
            why = Reason(f"mavlink.mav_result_{named}" if named else "mavlink.mav_result_other", number=code)
            raise Refused("mavlink.command_refused", number=code, command=number, result=why)


def _seen(sending: "asyncio.Future[Any]") -> None:
    """A send nobody waits for any more is not reported as never retrieved."""
    if not sending.cancelled():
        sending.exception()
