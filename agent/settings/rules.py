"""The rule file as models: what makes a hydrant serviceable, and when an event is one. Mistakes come all at once."""

from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from drivers.event import EventKind, Severity
from drivers.profile.explain import validated
from drivers.profile.mistake import SettingsError, Wrong, shown
from drivers.profile.part import shaped
from drivers.profile.toml import TomlText


class Channel(IntEnum):
    """The quantities the rules speak of, each in one unit whatever the make sends."""

    PRESSURE = 0  # kPa
    FLOW = 1  # L/s
    TEMPERATURE = 2  # Cel
    BATTERY = 3  # %
    BATTERY_VOLTAGE = 4  # V
    TILT = 5  # deg
    LEVEL = 6  # m

    @property
    def unit(self) -> str:
        """The unit the rules and the evidence use."""
        return ("kPa", "L/s", "Cel", "%", "V", "deg", "m")[self]

    @property
    def code(self) -> str:
        """The name as it stands in rule files: `pressure`."""
        return self.name.lower()


class Part(BaseModel):
    """Unknown keys are mistakes; nothing changes after loading."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)


def _channel(word: object) -> object:
    try:
        return Channel[str(word).upper()]
    except KeyError:
        known = tuple(c.code for c in Channel)
        raise Wrong("settings.not_known", "write.one_of", value=shown(word), known=known) from None


def _at_least(clear: float, limit: float) -> None:
    if clear < limit:
        what = "rules.clear_below_limit"
        raise Wrong(what, "write.limit_or_more", ("clear",), clear=f"{clear:g}", limit=f"{limit:g}")


ChannelName = Annotated[Channel, BeforeValidator(_channel)]
Name = Annotated[str, shaped(r"[a-z][a-z0-9_]{0,39}", "write.name_letters")]
Version = Annotated[str, shaped(r"[A-Za-z0-9._-]{1,40}", "write.id_letters")]
KindName = Literal["hydrant", "fill_stand", "water_point"]
Missing = Literal["unknown", "pass"]
Counted = Literal["judged", "not_serviceable", "unknown", "not_counted"]


class Say(Part):
    """The reason as people read it."""

    zh: str
    en: str


class VerdictRule(Part):
    """What every verdict rule has.

    `fails_as` is the verdict a failure leads to. A pass becomes a failure only after `fail_after_min` minutes in a
    row, and a failure a pass after `pass_after_min`; what is not known counts as unknown at once.
    """

    id: Name
    kinds: tuple[KindName, ...] = Field(min_length=1)
    fails_as: Literal["not_serviceable", "unknown"] = "not_serviceable"
    fail_after_min: int = Field(0, ge=0, le=10_080)
    pass_after_min: int = Field(0, ge=0, le=10_080)
    say: Say


class AtLeast(VerdictRule):
    """The median of the last `window_min` minute values is at least `limit`; once failed, at least `clear`.

    Needs `least_values` of them. With `fire_limit`, minutes in which water is drawn here or within `fire_m` metres
    are left out of the window and have a limit of their own: below it the rule fails for as long as it is below.
    Else what stood before the fire stands, for `held_max_min` minutes of fire; after that a value of at least `limit`
    passes and nothing is known below it.
    """

    form: Literal["at_least"]
    of: ChannelName
    limit: float
    clear: float
    window_min: int = Field(1, ge=1, le=1440)
    least_values: int = Field(1, ge=1)
    fire_limit: float | None = None
    fire_m: float = Field(500.0, ge=0, le=5000)
    missing: Missing = "unknown"

    @model_validator(mode="after")
    def _order(self) -> Self:
        _at_least(self.clear, self.limit)
        if self.fire_limit is not None and self.fire_limit > self.limit:
            what, fire, limit = "rules.fire_above_limit", self.fire_limit, self.limit
            raise Wrong(what, "write.limit_or_less", ("fire_limit",), fire=f"{fire:g}", limit=f"{limit:g}")
        if self.least_values > self.window_min:
            what, most = "rules.too_many_values", self.window_min
            raise Wrong(what, "write.window_or_less", ("least_values",), least=self.least_values, window=most)
        return self


class Fresh(VerdictRule):
    """A usable value of `of` is not older than `max_age_min`."""

    form: Literal["fresh"]
    of: ChannelName
    max_age_min: float = Field(gt=0, le=10_080)


class NoEvent(VerdictRule):
    """None of these events is open."""

    form: Literal["no_event"]
    events: tuple[EventKind, ...] = Field(min_length=1)


class Inspected(VerdictRule):
    """The newest inspection passed and is not older than `max_age_days`."""

    form: Literal["inspected"]
    max_age_days: float = Field(gt=0)
    missing: Missing = "unknown"


class FlowTested(VerdictRule):
    """The newest flow test projects to at least `limit_l_s` at `residual_kpa`."""

    form: Literal["flow_tested"]
    limit_l_s: float = Field(gt=0)
    residual_kpa: float = Field(gt=0)
    missing: Missing = "pass"


class LiftAtMost(VerdictRule):
    """Suction lift, the device's `lift_at_zero_m` less its level, is at most `limit_m`; once failed, `clear_m`."""

    form: Literal["lift_at_most"]
    limit_m: float = Field(gt=0)
    clear_m: float = Field(gt=0)
    missing: Missing = "unknown"


class AboveFloor(VerdictRule):
    """The level is at least `limit_m` above the device's `suction_floor_m`; once failed, `clear_m`."""

    form: Literal["above_floor"]
    limit_m: float = Field(ge=0)
    clear_m: float = Field(ge=0)
    missing: Missing = "unknown"


AnyVerdictRule = Annotated[
    AtLeast | Fresh | NoEvent | Inspected | FlowTested | LiftAtMost | AboveFloor, Field(discriminator="form")
]


class EventRule(Part):
    """What every event has: how soon a person must look, how long it must hold before it is raised and cleared."""

    severity: Severity
    hold_s: float = Field(0.0, ge=0, le=604_800)
    clear_s: float = Field(0.0, ge=0, le=604_800)


class Below(EventRule):
    """Raised below `limit`, cleared from `clear` on."""

    limit: float
    clear: float

    @model_validator(mode="after")
    def _order(self) -> Self:
        _at_least(self.clear, self.limit)
        return self


class Above(EventRule):
    """Raised above `limit`, cleared from `clear` down."""

    limit: float
    clear: float

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.clear > self.limit:
            what, clear, limit = "rules.clear_above_limit", self.clear, self.limit
            raise Wrong(what, "write.limit_or_less", ("clear",), clear=f"{clear:g}", limit=f"{limit:g}")
        return self


class Collapsing(EventRule):
    """Falls without a break for `hold_s`, by `least_drop_kpa` or more, and would reach `floor_kpa` in `within_s`."""

    floor_kpa: float = 100.0
    within_s: float = Field(gt=0)
    least_drop_kpa: float = Field(gt=0)
    least_rate_kpa_s: float = Field(gt=0)


class Drawn(Above):
    """Flow above `limit`; or, without a flow meter, the cap off and pressure down by `cap_drop_kpa` since."""

    cap_drop_kpa: float = Field(gt=0)


class Stolen(EventRule):
    """Drawn for `hold_s` with no incident within `incident_m` (open, or closed `linger_min` ago) and no permit."""

    incident_m: float = Field(gt=0)
    linger_min: float = Field(ge=0)


class LowBattery(Below):
    """In %, or in V where the terminal gives only a voltage."""

    limit_v: float
    clear_v: float


class Stuck(EventRule):
    """Not the least change for `flat_h` while a neighbour moved by `moved_kpa`; without neighbours for `alone_h`."""

    flat_h: float = Field(gt=0)
    moved_kpa: float = Field(gt=0)
    alone_h: float = Field(gt=0)


class Drift(Above):
    """Off the median head of at least `neighbours` others within `within_m` by more than `limit` kPa.

    Only while those agree within `agree_kpa` (one of four or more left out): in a burst nobody's head is the others'.
    """

    neighbours: int = Field(3, ge=2)
    within_m: float = Field(gt=0)
    agree_kpa: float = Field(gt=0)


class Lost(EventRule):
    """No usable answer for `hold_s` when asked, or nothing heard at all for `silent_s`."""

    silent_s: float = Field(gt=0)


class Events(Part):
    """The events the judge raises, each under the word it is forwarded by."""

    pressure_low: Below
    pressure_high: Above
    pressure_collapsing: Collapsing
    water_drawn: Drawn
    water_stolen: Stolen
    cap_removed: EventRule
    knocked_over: Above
    tilted: Above
    leak: Above
    freeze_risk: Below
    frozen: EventRule
    buried: EventRule
    battery_low: LowBattery
    level_low: Below
    sensor_fault: EventRule
    sensor_stuck: Stuck
    sensor_drift: Drift
    device_lost: Lost
    wrong_device: EventRule

    def of(self, kind: EventKind) -> EventRule | None:
        """The rule of a kind; None for kinds others raise."""
        rule = getattr(self, kind.value, None)
        return rule if isinstance(rule, EventRule) else None


class LedgerLimit(Part):
    """Minutes with `of` below `below` are counted under `id`: always, or with or without water drawn in `fire_m`."""

    id: Name
    of: ChannelName
    below: float
    when: Literal["supply", "fire", "always"] = "always"
    fire_m: float = Field(500.0, ge=0, le=5000)


class Counting(Part):
    """How the minutes of a thing count in the rate while somebody says that it is in this state.

    `judged`: by its verdict. `not_counted`: in no rate at all.
    """

    in_service: Counted = "judged"
    under_repair: Counted = "not_serviceable"
    moved: Counted = "judged"
    replaced: Counted = "not_counted"
    retired: Counted = "not_counted"


class Rules(Part):
    """One version of the rules. `held_max_min`: how long a minute may go on with the value of an earlier one."""

    version: Version
    title: str = ""
    held_max_min: float = Field(15.0, gt=0, le=1440)
    coverage_m: float = Field(150.0, gt=0, le=2000)
    verdict: tuple[AnyVerdictRule, ...] = Field(min_length=1)
    event: Events
    ledger: tuple[LedgerLimit, ...] = ()
    counting: Counting = Field(default_factory=Counting)

    @model_validator(mode="after")
    def _ids(self) -> Self:
        for what, ids in (("verdict", [r.id for r in self.verdict]), ("ledger", [entry.id for entry in self.ledger])):
            if twice := {i for i in ids if ids.count(i) > 1}:
                names = tuple(sorted(twice))
                raise Wrong("rules.same_names", "write.own_id", (what,), names=names)
        return self


def fresh_min(rules: Rules, kind: str) -> float:
    """How old the newest reading of a thing of this kind may be, in minutes, to say anything about now."""
    limits = [rule.max_age_min for rule in rules.verdict if isinstance(rule, Fresh) and kind in rule.kinds]
    return min(limits, default=rules.held_max_min)


@cache
def rules_adapter() -> TypeAdapter[Rules]:
    """What reads a rule file."""
    return TypeAdapter(Rules)


def read_rules(text: str, name: str = "rules") -> Rules:
    """Rules from TOML text; SettingsError carries every mistake. `name` is the file's, for messages."""
    found = validated(rules_adapter(), TomlText(Path(name), text), {})
    rules, mistakes = found
    if rules is None:
        raise SettingsError(mistakes)
    return rules
