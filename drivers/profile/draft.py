"""A profile being made from someone else's file: what fits is kept, what does not is named, nothing is guessed."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from drivers.profile.explain import faults_of
from drivers.profile.point import ModbusPoint
from protocols.reason import Fact, Reason, sentence

Toml = str | int | float | bool | list[Any] | dict[Any, Any]


@cache
def _schema() -> dict[str, Any]:
    """Of a point; making it costs more than reading one."""
    return ModbusPoint.model_json_schema()


class LeftOut(NamedTuple):
    """Something of the source that the profile does not carry: where it was, and why."""

    where: str
    why: Reason

    def text(self, language: str = "en") -> str:
        """`channel "Relay 1": why`."""
        return f"{self.where}: {sentence(self.why, language)}"


class Draft:
    """Points gathered one by one; `text()` is the TOML of a profile that loads without a mistake."""

    def __init__(self, name: str, title: str) -> None:
        self.name = name
        self.title = title
        self.modbus: dict[str, Toml] = {}
        self.poll_s: dict[str, Toml] = {}
        self.left_out: list[LeftOut] = []
        self.points: dict[str, dict[str, Toml]] = {}

    def leave_out(self, where: str, why: str, /, **facts: Fact) -> None:
        """Say honestly what is not carried over."""
        self.left_out.append(LeftOut(where, Reason(why, **facts)))

    def add(self, called: str, where: str, keys: Mapping[str, Toml | None]) -> None:
        """One point under a name made of what the source calls it; left out with the reason if the model refuses it."""
        point = {key: value for key, value in keys.items() if value is not None}
        name = _free(point_name(called), self.points)
        if name != called:
            point["note"] = called
        try:
            ModbusPoint.model_validate(point)
        except ValidationError as error:
            for fault in faults_of(error, _schema()):
                self.leave_out(where, fault.what, **dict(fault.facts))
            return
        self.points[name] = point

    def text(self, source: str) -> str:
        """The whole file. Orders most points share are said once."""
        self._lift("word_order", wide=True)
        self._lift("byte_order", wide=False)
        rows = ["#:schema ../../schemas/profile.schema.json", f"# Made from {source}."]
        rows += [f"# Not carried over: {left.text()}" for left in self.left_out]
        rows += [
            f"profile = {_value(self.name)}",
            "revision = 1",
            f"title = {_value(self.title)}",
            'protocol = "modbus"',
        ]
        if self.poll_s:
            rows.append(f"poll_s = {_value(self.poll_s)}")
        rows += ["", "[modbus]", *(f"{key} = {_value(value)}" for key, value in self.modbus.items())]
        for name, point in self.points.items():
            rows += ["", f"[points.{name}]", *(f"{key} = {_value(value)}" for key, value in point.items())]
        return "\n".join(rows) + "\n"

    def _lift(self, key: str, *, wide: bool) -> None:
        """Write the order most points have under [modbus], and only exceptions at the points."""
        concerned = [p for p in self.points.values() if not wide or _registers(p) > 1]
        said = Counter(str(point.get(key, "big")) for point in concerned)
        if not said:
            return
        most = said.most_common(1)[0][0]
        self.modbus[key] = most
        for point in self.points.values():
            own = point.pop(key, "big")
            if own != most and point in concerned:
                point[key] = own


WORDS = {
    "水压": "pressure", "压力": "pressure", "温度": "temperature", "水温": "temperature", "气温": "air_temperature",
    "瞬时流量": "flow", "流量": "flow", "累计流量": "volume", "水量": "volume", "液位": "level", "水位": "level",
    "电池": "battery", "倾角": "tilt", "信号": "signal", "报警": "alarms", "告警": "alarms", "风速": "wind",
    "湿度": "humidity",
}  # fmt: skip


def point_name(called: str) -> str:
    """A point's name out of any text: `Motor1-Run` → `motor1_run`; `point` where nothing of it can be used."""
    if called.strip() in WORDS:
        return WORDS[called.strip()]
    name = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", called).lower()).strip("_")[:36]
    if not name:
        return "point"
    return name if name[0].isalpha() else f"p_{name}"


def _free(name: str, taken: Mapping[str, object]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _registers(point: Mapping[str, Toml]) -> int:
    wire = str(point.get("type", ""))
    return 1 if wire.startswith("string") else {"32": 2, "64": 4}.get(wire[-2:], 1)


def _value(value: Toml) -> str:
    """A value as TOML writes it."""
    if isinstance(value, str):
        return json.dumps("".join(c for c in value if c.isprintable()), ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)
