"""A device profile: one make of device, as data. `ModbusProfile` and `OpcuaProfile` are told apart by `protocol`."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from drivers.kinds import KINDS
from drivers.profile.device_settings import unsettled
from drivers.profile.location import Span, parse_span
from drivers.profile.mistake import Fault, Wrong, nearest, shown
from drivers.profile.part import Part, pattern_hint, shaped, written_as
from drivers.profile.point import (
    Identity,
    ModbusPoint,
    OpcuaIdentity,
    OpcuaPoint,
    Order,
    PointName,
    PollClass,
    Range,
)
from protocols.reason import Fact

ALARM_REGISTERS_MAX = 8
POINTS_MAX = 500

_NAME = r"[a-z0-9][a-z0-9_.-]*(?:/[a-z0-9][a-z0-9_.-]*)*"
ProfileName = Annotated[str, shaped(_NAME, "write.profile_path"), pattern_hint(_NAME)]
Hole = Annotated[
    Span,
    written_as(parse_span, "input 10-19", r"^(coil|discrete|input|holding) +\d+( *- *\d+)?$"),
    PlainSerializer(str),
]


def _kind(name: Any) -> Any:
    if isinstance(name, str) and name not in KINDS:
        near, known = nearest(name, KINDS), tuple(KINDS)
        if near is None:
            raise Wrong("settings.not_known", "write.one_of", value=shown(name), known=known)
        raise Wrong("settings.not_known", "write.near_of", value=shown(name), near=near, known=known)
    return name


KindName = Annotated[str, BeforeValidator(_kind), Field(json_schema_extra={"enum": list(KINDS)})]
Period = Annotated[float, Field(ge=0.1, le=86_400)]


class PollClasses(Part):
    """How often each class is read, in seconds. The alarm class goes first on the line, so it must be small."""

    alarm: Period = Field(1.0, description="alarm words")
    fast: Period = Field(2.0, description="what is watched live")
    slow: Period = Field(60.0, description="all else")

    def period_s(self, poll: PollClass) -> float:
        """The class's period in seconds."""
        return {"alarm": self.alarm, "fast": self.fast, "slow": self.slow}[poll]


class ModbusPart(Part):
    """How the device wants to be asked. Times in milliseconds; `turnaround_ms` is [least, most] until it answers."""

    first_register: Literal[0, 1] = Field(0, description="0: numbers as on the wire; 1: the manual counts from 1")
    word_order: Order = Field("big", description="big: ABCD; little: CDAB")
    byte_order: Order = Field("big", description="little: BADC (with word_order little: DCBA)")
    max_registers: int = Field(60, ge=1, le=125, description="most registers in one question")
    max_bits: int = Field(512, ge=1, le=2000, description="most coils or discrete inputs in one question")
    holes: Annotated[tuple[Hole, ...], Field(strict=False)] = Field((), description="addresses it does not answer for")
    turnaround_ms: Range = Field((5.0, 80.0), description="[least, most] between question and answer")
    pause_ms: float = Field(0.0, ge=0, le=5000, description="silence it needs before each question")
    pause_after_write_ms: float = Field(0.0, ge=0, le=10_000, description="silence it needs after a write")
    unit_id_in_answer: Literal["same", "any"] = Field("same", description="any: it answers under another unit id")
    pipelining: bool = Field(True, description="whether it bears several questions at once where the line allows that")

    @model_validator(mode="after")
    def _turnaround(self) -> Self:
        least, most = self.turnaround_ms
        if not 0 <= least <= most <= 5000:
            raise Wrong("profile.turnaround", "write.milliseconds")
        return self


class OpcuaPart(Part):
    """How the device's nodes are subscribed. `namespace` is the URI its nodes live in, resolved at every connection."""

    namespace: str = Field(min_length=1, description="namespace URI of the nodes, not its index")
    publishing_ms: float = Field(500.0, ge=50, le=60_000, description="how often the server sends what changed")
    sampling_ms: float = Field(200.0, ge=0, le=60_000, description="how often the server looks at each node")
    deadband_at_server: bool = Field(
        True, description="let the server apply the dead-bands (they are applied here too)"
    )
    history: bool = Field(True, description="after a gap, read what is missing from the server's history")


class _Profile(Part):
    """What both protocols share."""

    profile: ProfileName = Field(description="the name devices refer to, such as hydrant/terminal-float")
    revision: int = Field(1, ge=1, description="raise it with every change")
    title: str = Field("", description="maker and model, for people")
    source: str = Field("", description="the document it was written from: maker, title, version; empty: a pattern")
    kind: KindName | None = Field(None, description="the kind of device it is for; checked against the device's kind")
    poll_s: PollClasses = Field(default_factory=PollClasses)


class ModbusProfile(_Profile):
    """A make that speaks Modbus."""

    protocol: Literal["modbus"]
    modbus: ModbusPart = Field(default_factory=ModbusPart)
    identity: Annotated[tuple[Identity, ...], Field(strict=False)] = ()
    points: Annotated[dict[PointName, ModbusPoint], Field(min_length=1, max_length=POINTS_MAX)]

    @model_validator(mode="after")
    def _places(self) -> Self:
        faults = [fault for name, point in self.points.items() for fault in self._misplaced(name, point)]
        faults += [fault for name in self.points for fault in unsettled(self.points, name)]
        alarm = {at for point in self.points.values() if point.poll == "alarm" for at in point.addresses}
        if len(alarm) > ALARM_REGISTERS_MAX:
            faults.append(
                Fault(
                    "profile.too_many_alarms",
                    "write.fast_points",
                    {"count": len(alarm), "most": ALARM_REGISTERS_MAX},
                    ("points",),
                )
            )
        if faults:
            raise Wrong.together(faults)
        return self

    def _misplaced(self, name: str, point: ModbusPoint) -> Iterator[Fault]:
        """Where a point cannot lie: outside the table, in a hole, or across more than one question."""
        facts: dict[str, Fact] = {"at": str(point.at), "first": self.modbus.first_register, "type": str(point.type)}
        first, last = point.addresses[0][1], point.addresses[-1][1]
        if first < self.modbus.first_register or last - self.modbus.first_register > 65_535:
            instead = "write.from_first"
            yield Fault("profile.no_address", instead, facts, ("points", name, "at"))
        if point.type.registers > self.modbus.max_registers:
            instead = "write.max_registers"
            yield Fault("profile.beyond_question", instead, facts, ("points", name, "type"))
        for hole in self.modbus.holes:
            if hole.table is point.at.table and hole.first <= last and first <= hole.last:
                instead = "write.right_address"
                yield Fault("profile.in_hole", instead, facts | {"hole": str(hole)}, ("points", name, "at"))


class OpcuaProfile(_Profile):
    """A make, or a water company's server, that speaks OPC UA."""

    protocol: Literal["opcua"]
    opcua: OpcuaPart
    identity: Annotated[tuple[OpcuaIdentity, ...], Field(strict=False)] = ()
    points: Annotated[dict[PointName, OpcuaPoint], Field(min_length=1, max_length=POINTS_MAX)]


Profile = Annotated[ModbusProfile | OpcuaProfile, Field(discriminator="protocol")]
