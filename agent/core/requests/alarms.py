"""What the control socket answers about alarms: what stands and what is shelved, and what a person says of it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.core.active_alarms import ActiveAlarms, Key
from agent.core.requests.events import events_of, group_rows, standing_rows
from drivers.event import Event, EventKind, Evidence, Severity, Transition
from protocols.reason import Reason

if TYPE_CHECKING:
    from agent.settings.models import Sound

LONGEST_SHELF_S = 7 * 86400.0
"""What disturbs for longer is mended, or its rule is: ISA-18.2 wants every shelf to end by itself."""
LONGEST_TEXT = 400

Tell = Callable[[Event], None]
Durable = Callable[[], Awaitable[None]]


class Clock(Protocol):
    """What time it is here."""

    def utc_ns(self) -> int | None:
        """UTC; None while it is not to be trusted."""

    def timezone(self) -> str:
        """The gateway's, by its IANA name."""


def register_alarms(
    server: ControlServer,
    alarms: ActiveAlarms,
    tell: Tell,
    durable: Durable,
    clock: Clock,
    sound: "Sound | None" = None,
) -> None:
    """Answer events, alarm.list|ack|note|shelve|sound. `durable` waits until what was said so far is on the disk.
    `sound` is what the settings say of how alarms are heard.
    """

    async def heard(_request: Request) -> dict[str, Any]:
        if sound is None:
            return {"again_s": 60.0, "command": "", "relay": None}
        coil = sound.relay
        told = None if coil is None else {"line": coil.line, "unit": coil.unit, "coil": coil.coil}
        return {"again_s": sound.again_s, "command": sound.command, "relay": told}

    async def events(_request: Request) -> dict[str, Any]:
        return {**await events_of(alarms, clock.utc_ns()), "timezone": clock.timezone()}

    asks = _Handlers(alarms, tell, durable)
    server.register("events", events, "read")
    server.register("alarm.list", asks.listed, "read")
    server.register("alarm.sound", heard, "read")
    server.register("alarm.ack", asks.acknowledge, "operate")
    server.register("alarm.note", asks.note, "operate")
    server.register("alarm.shelve", asks.shelve, "operate")


class _Handlers:
    def __init__(self, alarms: ActiveAlarms, tell: Tell, durable: Durable) -> None:
        self._alarms = alarms
        self._tell = tell
        self._durable = durable

    async def listed(self, _request: Request) -> dict[str, Any]:
        """What stands, the worst first, what of that is of one cause, and the whole shelf."""
        alarms = self._alarms
        shelf = [
            {"subject": key[0], "kind": key[1].value, "left_s": left_s, "by": shelved.by, "why": shelved.why}
            for key, shelved in sorted(alarms.shelf.items())
            if (left_s := alarms.shelved_s(key)) is not None
        ]
        return {"standing": await standing_rows(alarms), "groups": group_rows(alarms), "shelf": shelf}

    async def acknowledge(self, request: Request) -> dict[str, Any]:
        """Of one kind, or of all that stands of a subject; with `group`, of all that has the same cause. Durable when
        answered.
        """
        subject, by, note = request.text("subject"), self._by(request), self._text(request, "note")
        keys = self._standing(request)
        if request.flag("group"):
            groups = {self._alarms.of(subject)[one].group for _, one in keys}
            keys += [key for name in sorted(groups) for key in self._alarms.group(name) if key not in keys]
        for key in keys:
            severity = self._alarms.of(key[0])[key[1]].event.severity
            self._alarms.acknowledge(key, by, note)
            self._told(key, severity, Reason("alarm.acknowledged", by=by), note)
        await self._durable()
        kinds = sorted({one.value for _, one in keys})
        return {"subject": subject, "subjects": sorted({one for one, _ in keys}), "kinds": kinds, "by": by}

    async def note(self, request: Request) -> dict[str, Any]:
        """What somebody has to say of one kind, or of all that stands of a subject. Durable when answered."""
        by, note, keys = self._by(request), self._text(request, "note"), self._standing(request)
        if not note:
            raise RequestError("bad_request", Reason("alarm.no_note"))
        for key in keys:
            self._alarms.annotate(key, note)
            self._told(key, Severity.INFO, Reason("alarm.noted", by=by), note)
        await self._durable()
        return {"subject": keys[0][0], "kinds": sorted(one.value for _, one in keys), "by": by, "note": note}

    def _standing(self, request: Request) -> list[Key]:
        """What is meant of what stands. Raises RequestError where that is nothing."""
        subject, kind = request.text("subject"), request.text("kind", "")
        keys = [(subject, one) for one in self._alarms.of(subject) if not kind or one is self._kind(kind)]
        if not keys:
            code = "alarm.does_not_stand" if kind else "alarm.nothing_stands"
            raise RequestError("not_found", Reason(code, subject=subject, kind=kind), "alarm.list_them")
        return keys

    async def shelve(self, request: Request) -> dict[str, Any]:
        """For so many seconds; 0 takes it off the shelf. Durable when answered."""
        key = request.text("subject"), self._kind(request.text("kind"))
        by, why = self._by(request), self._text(request, "why")
        for_s = request.number("for_s", None, 0, LONGEST_SHELF_S)
        if not for_s and key not in self._alarms.shelf:
            raise RequestError("not_found", Reason("alarm.not_shelved", subject=key[0], kind=key[1].value))
        if key not in self._alarms and key not in self._alarms.shelf:
            code = Reason("alarm.does_not_stand", subject=key[0], kind=key[1].value)
            raise RequestError("not_found", code, "alarm.list_them")
        was = self._alarms.shelved_s(key)
        request.changed.update(was=was, becomes=for_s or None)
        self._alarms.shelve(key, for_s, by, why)
        reason = Reason("alarm.shelved", by=by, for_s=for_s) if for_s else Reason("alarm.unshelved", by=by)
        self._told(key, Severity.INFO, reason, why)
        await self._durable()
        return {"subject": key[0], "kind": key[1].value, "left_s": self._alarms.shelved_s(key), "by": by}

    def _told(self, key: Key, severity: Severity, reason: Reason, note: str) -> None:
        evidence: Evidence = {"reason": reason, "note": note} if note else {"reason": reason}
        now_ns = self._alarms.moments.now_ns()
        self._tell(Event(key[1], key[0], severity, Transition.NOTED, now_ns, evidence))

    def _kind(self, name: str) -> EventKind:
        try:
            return EventKind(name)
        except ValueError:
            known = tuple(kind.value for kind in EventKind)
            raise RequestError("bad_request", Reason("request.known", value=name, known=known)) from None

    def _by(self, request: Request) -> str:
        return self._text(request, "by") or f"uid {request.peer.uid}"

    def _text(self, request: Request, name: str) -> str:
        text = request.text(name, "")
        if len(text) > LONGEST_TEXT:
            raise RequestError("bad_request", Reason("alarm.too_long", argument=name, most=LONGEST_TEXT))
        return text
