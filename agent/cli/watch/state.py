"""Where the person is on the live screen: cursor, filter, which page, and the rates seen so far."""

from __future__ import annotations

from agent.cli.watch.silence import device_of_then, frame_of_then

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RATES_KEPT = 40
TRACK_KEPT_S = 300.0
"""So much of an aircraft's way stays on the map."""


class State:
    """Changed by keys and frames, read by the view. `page` is list, detail, nests or help."""

    def __init__(self) -> None:
        self.page = "list"
        self.cursor = 0
        self.first = 0
        self.rows = 10
        self.find = ""
        self.typing = False
        self.only_not_ok = False
        self.device = ""
        self.nest = 0
        self.done = False
        self.trouble = ""
        self.silent_s = 0.0
        self.frame: dict[str, Any] = {}
        self.detail: dict[str, Any] = {}
        self._heard_s = 0.0
        self._told: dict[str, Any] = {}
        self._told_detail: dict[str, Any] = {}
        self.committed_per_s: list[float | None] = []
        self.tracks: dict[str, list[tuple[float, float]]] = {}
        self._passed_s: dict[str, list[float]] = {}
        self._before: tuple[float, int] | None = None

    def take(self, frame: dict[str, Any], now_s: float) -> None:
        """A new frame arrived; `now_s` is a monotonic time."""
        self.frame = self._told = frame
        self.trouble, self.silent_s, self._heard_s = "", 0.0, now_s
        self.cursor = max(0, min(self.cursor, frame["found"] - 1))
        committed = frame["journal"]["committed"]
        if self._before is None:
            self._before = (now_s, committed)
        elif now_s - self._before[0] >= 0.9:
            rate = (committed - self._before[1]) / (now_s - self._before[0])
            self.committed_per_s = [*self.committed_per_s[-RATES_KEPT + 1 :], max(0.0, rate)]
            self._before = (now_s, committed)

        if "nests" in frame:
            self._take_nests(frame["nests"], now_s)

    def look_closely(self, detail: dict[str, Any]) -> None:
        """Everything about the device of the page arrived."""
        self.detail = self._told_detail = detail

    def nobody_answers(self, trouble: str, now_s: float, nests: list[dict[str, Any]] | None = None) -> None:
        """What is shown grows old, and is called well no more; but for `nests`, of which flight itself tells."""
        self.trouble, self.silent_s = trouble, now_s - self._heard_s
        self.frame = frame_of_then(self._told, self.silent_s) if self._told else {}
        self.detail = device_of_then(self._told_detail, self.silent_s)
        if nests is not None and self.frame:
            self._take_nests(nests, now_s)

    def _take_nests(self, nests: list[dict[str, Any]], now_s: float) -> None:
        self.frame["nests"] = nests
        for one in nests:
            self._follow(one["aircraft"], now_s)

    def _follow(self, craft: dict[str, Any], now_s: float) -> None:
        """Keep the way an aircraft flew within TRACK_KEPT_S, as [lon, lat], oldest first."""
        track = self.tracks.setdefault(craft["id"], [])
        passed = self._passed_s.setdefault(craft["id"], [])
        flies = craft["where"] in ("airborne", "armed")
        if flies and None not in (craft["lon"], craft["lat"]):
            track.append((craft["lon"], craft["lat"]))
            passed.append(now_s)
        while passed and now_s - passed[0] > TRACK_KEPT_S:
            del passed[0], track[0]

    def selected(self) -> dict[str, Any] | None:
        """The device under the cursor, if it is in the frame."""
        at = self.cursor - int(self.frame.get("first", 0))
        devices: list[dict[str, Any]] = self.frame.get("devices", [])
        return devices[at] if 0 <= at < len(devices) else None

    def press(self, key: str) -> None:
        """One key."""
        if self.typing:
            self._type(key)
        elif key == "q":
            self.done = True
        elif self.page != "list":
            self._on_page(key)
        else:
            self._on_list(key)
        self.first = max(min(self.first, self.cursor), self.cursor - self.rows + 1, 0)

    def _on_page(self, key: str) -> None:
        if key in ("esc", "enter", "backspace") or (key == "?" and self.page == "help"):
            self.page = "list"
        elif key == "?":
            self.page = "help"
        elif self.page == "nests" and key == "n":
            self.page = "list"
        elif self.page == "nests" and key in ("up", "down", "j", "k"):
            step = -1 if key in ("up", "k") else 1
            self.nest = max(0, min(self.nest + step, len(self.frame.get("nests", [])) - 1))
        elif self.page == "detail" and key in ("up", "down", "j", "k"):
            self._move(-1 if key in ("up", "k") else 1)
            found = self.selected()
            self.device = found["id"] if found else self.device

    def _on_list(self, key: str) -> None:
        steps = {
            "up": -1,
            "k": -1,
            "down": 1,
            "j": 1,
            "pgup": -self.rows,
            "pgdn": self.rows,
            "home": -(10**9),
            "end": 10**9,
        }
        found = self.selected()
        if key in steps:
            self._move(steps[key])
        elif key == "enter" and found:
            self.page, self.device = "detail", found["id"]
            self.look_closely({})
        elif key == "/":
            self.typing = True
        elif key == "!":
            self.only_not_ok = not self.only_not_ok
            self.cursor = self.first = 0
        elif key == "n" and self.frame.get("nests"):
            self.page = "nests"
        elif key == "?":
            self.page = "help"
        elif key == "esc":
            self.find, self.only_not_ok = "", False

    def _move(self, step: int) -> None:
        self.cursor = max(0, min(self.cursor + step, int(self.frame.get("found", 1)) - 1))

    def _type(self, key: str) -> None:
        if key in ("enter", "esc"):
            self.typing = False
            self.find = self.find if key == "enter" else ""
        elif key == "backspace":
            self.find = self.find[:-1]
        elif len(key) == 1 and key.isprintable():
            self.find += key
        self.cursor = self.first = 0
