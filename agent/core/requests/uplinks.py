"""What the control socket answers about the uplinks and a centre's duty checks."""

from typing import Any

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.core.uplinks_side import UplinksSide
from agent.journal.journal import Journal
from agent.link.uplink_messages import DUTY_ANSWER, DUTY_LIST
from protocols.reason import Reason


def register_uplinks(server: ControlServer, side: UplinksSide, journal: Journal) -> None:
    """Answer `uplink.status|pause|resume|replay` from what is known here, `duty.list|answer` by asking the process."""
    asks = _Asks(side, journal)
    server.register("uplink.status", asks.status, "read")
    server.register("uplink.pause", asks.pause, "operate")
    server.register("uplink.resume", asks.resume, "operate")
    server.register("uplink.replay", asks.replay, "operate")
    server.register("duty.list", asks.duty_list, "read")
    server.register("duty.answer", asks.duty_answer, "operate")


class _Asks:
    def __init__(self, side: UplinksSide, journal: Journal) -> None:
        self._side = side
        self._journal = journal

    def _named(self, request: Request) -> str:
        name, known = request.text("uplink"), self._side.states.names
        if name not in known:
            here = Reason("uplink.there_are", uplinks=tuple(known)) if known else Reason("uplink.there_are_none")
            raise RequestError("not_found", Reason("uplink.unknown", uplink=name), here)
        return name

    async def status(self, _request: Request) -> list[dict[str, Any]]:
        return self._side.states.rows()

    async def pause(self, request: Request) -> dict[str, Any]:
        return self._set(request, paused=True)

    async def resume(self, request: Request) -> dict[str, Any]:
        return self._set(request, paused=False)

    def _set(self, request: Request, *, paused: bool) -> dict[str, Any]:
        name = self._named(request)
        was = "paused" if name in self._side.states.paused else "sending"
        request.changed.update(was=was, becomes="paused" if paused else "sending")
        self._side.pause(name, paused=paused)
        return self._side.states.row(name)

    async def replay(self, request: Request) -> dict[str, Any]:
        name, since = self._named(request), int(request.number("since", low=1))
        return {"id": name, "since": since, "records": await self._journal.outbox(name).replay(since)}

    async def duty_list(self, _request: Request) -> dict[str, Any]:
        if not self._side.states.names:
            return {"open": [], "answered": 0, "missed": 0}
        told = await self._side.ask(DUTY_LIST)
        return {**told, "open": self._side.states.notices_of(told["open"])}

    async def duty_answer(self, request: Request) -> dict[str, Any]:
        centre = request.text("centre", "") or None
        operator = int(request.number("operator", 0, 0, 255))
        answered = (
            await self._side.ask(DUTY_ANSWER, centre=centre, operator=operator) if self._side.states.names else []
        )
        if not answered:
            raise RequestError("not_found", "duty.none_open", "duty.look")
        return {"answered": answered, "operator": operator}
