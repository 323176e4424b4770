"""Mission and fence transfer as the aircraft's side speaks it: it asks for item by item, and gives item by item."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymavlink.dialects.v20 import common as mv

from drivers.drone.geometry import Place
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.orders import Item

MISSION, FENCE, RALLY = 0, 1, 2


@dataclass(slots=True)
class _Upload:
    peer: tuple[int, int]
    count: int
    items: list[Item] = field(default_factory=list)
    asked: float = 0.0  # when it last asked, and last got, by the wire's clock
    got: float = 0.0


class Transfer:
    """Keeps what is stored aboard by mission type; `send` puts one message on the wire."""

    def __init__(self, auto: Autopilot, send: Callable[[Any], None]) -> None:
        self._auto = auto
        self._send = send
        self._stored: dict[int, list[Item]] = {MISSION: [], FENCE: [], RALLY: []}
        self._uploads: dict[int, _Upload] = {}
        self._now = 0.0
        self.deaf = False
        """Takes no part in any transfer, as an autopilot whose storage is busy."""
        self.fence_corrupt = False
        """Read back something other than what was uploaded, as a full flash has been seen to."""

    @property
    def taking(self) -> bool:
        """Whether an upload is under way."""
        return bool(self._uploads)

    def rally(self, places: Sequence[Place]) -> None:
        """Somebody has left these rally points aboard."""
        self._stored[RALLY] = [
            Item(n, 3, 5100, (0, 0, 0, 0), round(place.lat * 1e7), round(place.lon * 1e7), 30.0, mission_type=RALLY)
            for n, place in enumerate(places)
        ]
        self._apply(RALLY)

    def tick(self, now: float) -> None:
        """Real seconds go by: ask again for what did not come, and forget an upload that is not gone on with."""
        self._now = now
        for which, upload in list(self._uploads.items()):
            if now - upload.got > self._auto.profile.forget_s:
                del self._uploads[which]
            elif now - upload.asked > self._auto.profile.ask_again_s:
                self._ask(which, len(upload.items))

    def take(self, message: Any, peer: tuple[int, int]) -> bool:
        """One message; False when it is not part of a transfer."""
        kind = message.get_type()
        if self.deaf and kind.startswith("MISSION_"):
            return True
        which = getattr(message, "mission_type", 0)
        if kind == "MISSION_COUNT":
            self._uploads[which] = _Upload(peer, message.count, got=self._now)
            if message.count == 0:
                self._finish(which)
            else:
                self._ask(which, 0)
        elif kind in {"MISSION_ITEM_INT", "MISSION_ITEM"}:
            self._item(message, which, peer)
        elif kind == "MISSION_REQUEST_LIST":
            self._send(mv.MAVLink_mission_count_message(*peer, len(self._stored[which]), which))
        elif kind in {"MISSION_REQUEST_INT", "MISSION_REQUEST"}:
            self._give(message.seq, which, peer)
        elif kind == "MISSION_CLEAR_ALL":
            for each in (MISSION, FENCE, RALLY) if which == 255 else (which,):
                self._stored[each] = []
                self._apply(each)
            self._send(mv.MAVLink_mission_ack_message(*peer, 0, which))
        else:
            return kind in {"MISSION_ACK", "MISSION_SET_CURRENT"}
        return True

    def _ask(self, which: int, seq: int) -> None:
        self._uploads[which].asked = self._now
        self._send(mv.MAVLink_mission_request_int_message(*self._uploads[which].peer, seq, which))

    def _item(self, m: Any, which: int, peer: tuple[int, int]) -> None:
        upload = self._uploads.get(which)
        if upload is None or m.seq != len(upload.items):
            if self._auto.profile.says_wrong_item:
                self._send(mv.MAVLink_mission_ack_message(*peer, 1 if upload is None else 13, which))
            return
        upload.got = self._now
        params = (m.param1, 0.0 if self._auto.profile.slot0_is_home else m.param2, m.param3, m.param4)
        frame = 3 if m.frame == 6 and self._auto.profile.slot0_is_home else m.frame  # ArduPilot gives 6 back as 3
        upload.items.append(Item(m.seq, frame, m.command, params, m.x, m.y, m.z, m.current, which))
        if len(upload.items) < upload.count:
            self._ask(which, len(upload.items))
        else:
            self._finish(which)

    def _finish(self, which: int) -> None:
        upload = self._uploads.pop(which)
        self._stored[which] = upload.items
        self._apply(which)
        self._send(mv.MAVLink_mission_ack_message(*upload.peer, 0, which))

    def _apply(self, which: int) -> None:
        items = self._stored[which]
        if which == MISSION:
            if items and self._auto.profile.slot0_is_home:  # slot 0 is overwritten with home, whatever was sent
                home = self._auto.home
                items[0] = Item(0, 0, 16, (0, 0, 0, 0), int(home.lat * 1e7), int(home.lon * 1e7), 0.0)
            self._auto.store_mission(items)
        elif which == FENCE:
            self._auto.fence = list(_ring(items))
        else:
            self._auto.rally = [item.place for item in items]
            if "RALLY_TOTAL" in self._auto.params:
                self._auto.params["RALLY_TOTAL"] = float(len(items))

    def _give(self, seq: int, which: int, peer: tuple[int, int]) -> None:
        items = self._stored[which]
        if not 0 <= seq < len(items):
            return
        i = items[seq]
        x = i.x + 4000 if self.fence_corrupt and which == FENCE and seq == 0 else i.x
        current = int(which == MISSION and seq == self._auto.seq)
        self._send(
            mv.MAVLink_mission_item_int_message(
                *peer, i.seq, i.frame, i.command, current, 1, *i.params, x, i.y, i.z, which
            )
        )


def _ring(items: list[Item]) -> Iterator[Place]:
    return (item.place for item in items if item.command == 5001)
