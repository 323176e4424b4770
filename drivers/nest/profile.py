"""A make of nest as data: where each point stands in the PLC, and in which of two styles it takes commands."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from drivers.profile.explain import validated
from drivers.profile.mistake import Mistake, SettingsError, Wrong
from drivers.profile.toml import TomlText

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "nests"
Address = Annotated[int, Field(ge=0, le=65535)]
Word = Annotated[int, Field(ge=0, le=65535)]


class Verb(StrEnum):
    """What a nest can be told. Each names the state to reach, none toggles."""

    COVER_OPEN = "cover_open"
    COVER_CLOSE = "cover_close"
    RODS_CLAMP = "rods_clamp"
    RODS_FREE = "rods_free"
    NEST_OPEN = "nest_open"
    CHARGER_ON = "charger_on"
    CHARGER_OFF = "charger_off"
    LIGHT_ON = "light_on"
    LIGHT_OFF = "light_off"
    CLIMATE_ON = "climate_on"
    CLIMATE_OFF = "climate_off"
    STOP = "stop"


MOTIONS = frozenset({Verb.COVER_OPEN, Verb.COVER_CLOSE, Verb.RODS_CLAMP, Verb.RODS_FREE})
"""Those that move mass; everything else may be sent at any time."""
MOVED: Mapping[Verb, frozenset[str]] = {
    Verb.COVER_OPEN: frozenset({"cover"}),
    Verb.COVER_CLOSE: frozenset({"cover"}),
    Verb.RODS_CLAMP: frozenset({"rods"}),
    Verb.RODS_FREE: frozenset({"rods"}),
    Verb.NEST_OPEN: frozenset({"cover", "rods"}),
}
"""What each command moves. `nest_open` is of makes that open the cover and free the rods by one; none closes so, for
the aircraft has to be clamped before a cover comes near it."""

POINTS = frozenset({
    "cover_closed_switch", "cover_open_switch", "cover_fault", "rods_free_switch", "rods_clamped_switch",
    "rods_fault", "charger_on", "aircraft_present", "aircraft_centred", "pad_clear", "emergency_stop", "mains_ok",
    "backup_percent", "light_on", "climate_on", "wind_ms", "gust_ms", "rain", "temperature_c", "humidity_percent",
    "inside_c", "heartbeat",
})  # fmt: skip
NEEDED = frozenset({
    "cover_closed_switch", "cover_open_switch", "rods_free_switch", "rods_clamped_switch", "charger_on",
    "aircraft_present", "emergency_stop", "heartbeat",
})  # fmt: skip


class Strict(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)


class NestPoint(Strict):
    """One value. With `bit` it is true or false; `inverted` for a normally closed contact."""

    table: Literal["holding", "input", "coil", "discrete"] = "holding"
    at: Address
    bit: Annotated[int, Field(ge=0, le=15)] | None = None
    signed: bool = False
    scale: float = 1.0
    inverted: bool = False
    invalid: tuple[Word, ...] = ()

    @property
    def flag(self) -> bool:
        """Whether it is a yes or no."""
        return self.bit is not None or self.table in {"coil", "discrete"}


class Told(Strict):
    """A command. It is done between `least_s` and `within_s`: an end switch of a motion that is sooner lies."""

    code: Word
    least_s: Annotated[float, Field(ge=0, le=300)] = 0.0
    within_s: Annotated[float, Field(gt=0, le=300)]


class CommandWord(Told):
    """A code is written, and the PLC answers in the same register with another word. That word proves no motion."""

    done: Word
    failed: Word | None = None


class DoneWord(Strict):
    """Style of nests whose command register answers itself."""

    style: Literal["done_word"]
    register_at: Annotated[Address, Field(alias="register")]
    verbs: dict[Verb, CommandWord]


class Sequence(Strict):
    """Code and a rising number are written together; the PLC answers with that number and a result."""

    style: Literal["sequence"]
    register_at: Annotated[Address, Field(alias="register")]  # code here, number in the next
    answer_register: Address  # number here, result in the next
    running: Word = 1
    done: Word = 2
    failed: Word = 3
    refused: Word = 4
    verbs: dict[Verb, Told]


class NestProfile(Strict):
    """A make's whole profile."""

    nest_profile: str
    maker: str = ""
    poll_s: Annotated[float, Field(ge=0.05, le=5)] = 0.25
    stale_after_s: Annotated[float, Field(ge=0.5, le=30)] = 3.0
    landing_m: Annotated[float, Field(ge=0.1, le=10)] = 1.5  # so far off the middle an aircraft is still taken in
    alive_register: Address | None = None  # where the agent's own counter goes; the PLC stops motion without it
    points: dict[str, NestPoint]
    commands: Annotated[DoneWord | Sequence, Field(discriminator="style")]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if unknown := sorted(set(self.points) - POINTS):
            raise Wrong("nest_profile.no_such_point", "write.one_of_names", ("points", unknown[0]),
                        name=unknown[0], names=tuple(sorted(POINTS)))  # fmt: skip
        if missing := sorted(NEEDED - set(self.points)):
            raise Wrong("nest_profile.point_missing", "write.needed_to_fly", ("points",), name=missing[0])
        needed = MOTIONS | {Verb.CHARGER_OFF, Verb.STOP}
        if lacking := sorted(needed - set(self.commands.verbs)):
            raise Wrong("nest_profile.verb_missing", "write.its_code", ("commands", "verbs"), name=lacking[0])
        for verb in sorted(MOTIONS):
            word = self.commands.verbs[verb]
            if not 0 < word.least_s < word.within_s:
                raise Wrong("nest_profile.least_s",
                            "write.measured_least_s",
                            ("commands", "verbs", verb.value), name=verb.value)  # fmt: skip
        return self

    def blocks(self) -> list[tuple[str, int, int]]:
        """(table, first, count) reads that cover every point and the command answer; gaps up to 16 are read over."""
        wanted = {(point.table, point.at) for point in self.points.values()}
        answer = self.commands.register_at if isinstance(self.commands, DoneWord) else self.commands.answer_register
        wanted |= {("holding", answer), ("holding", answer + (0 if isinstance(self.commands, DoneWord) else 1))}
        found: list[tuple[str, int, int]] = []
        for table, at in sorted(wanted):
            if found and found[-1][0] == table and at - (found[-1][1] + found[-1][2]) <= 16:
                found[-1] = (table, found[-1][1], at - found[-1][1] + 1)
            else:
                found.append((table, at, 1))
        return found


@cache
def _adapter() -> TypeAdapter[NestProfile]:
    return TypeAdapter(NestProfile)


def nest_profile_file(name: str, folder: Path) -> Path:
    """The file of a shipped profile, or the one at this path, taken from `folder` where it is relative."""
    return Path(folder, name) if name.endswith(".toml") else SHIPPED / f"{name}.toml"


def read_nest_profile(path: Path) -> tuple[NestProfile | None, list[Mistake]]:
    """One profile file and all its mistakes."""
    return validated(_adapter(), TomlText(path), {})


def load_nest_profile(name_or_path: str | Path) -> NestProfile:
    """A shipped profile by name, or a file by path; SettingsError with every mistake."""
    profile, mistakes = read_nest_profile(nest_profile_file(str(name_or_path), Path()))
    if profile is None or mistakes:
        raise SettingsError(mistakes)
    return profile
