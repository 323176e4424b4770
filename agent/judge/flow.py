"""What a hydrant gives: pitot arithmetic, NFPA 291's projection in metric, and how sure it is."""

from dataclasses import dataclass
from math import inf, sqrt

from protocols.errors import Reasoned

GB_FLOW_L_S = 15.0
GB_RESIDUAL_KPA = 100.0
"""GB 50974-2014 7.2.8, GB 55036-2022 3.0.3: the worst hydrant gives 15 L/s at 0.10 MPa above ground in a fire."""

_PSI_KPA = 6.894757
_GPM_L_S = 3.785411784 / 60
NFPA_RESIDUAL_KPA = 20 * _PSI_KPA
"""The residual NFPA 291 rates a hydrant at; where the static pressure is below `NFPA_LOW_KPA`, half of it."""
NFPA_LOW_KPA = 40 * _PSI_KPA

_EXPONENT = 0.54  # 1/1.85 rounded, as NFPA 291 prints it
_CLASSES = ((1500 * _GPM_L_S, "AA"), (1000 * _GPM_L_S, "A"), (500 * _GPM_L_S, "B"))
_PITOT_ERROR = 0.03  # of the velocity pressure's root: a hand-held pitot gauge in a stream [estimate, docs/judge.md]
_GAUGE_KPA = 5.0  # a 1.6 MPa test gauge of class 0.4 with its reading error
_AGES_PER_YEAR = 0.04  # how much wider the interval grows a year: mains tuberculate


class BadTest(Reasoned, ValueError):
    """A flow test, or an outlet, that cannot have been."""


def nozzle_l_s(diameter_mm: float, pitot_kpa: float, coefficient: float = 0.9) -> float:
    """Flow of an open outlet: Q[L/min] = 0.0666·c·d²·√p. 65 mm, 0.9, 100 kPa gives 42.2 L/s."""
    if diameter_mm <= 0 or pitot_kpa < 0 or not 0 < coefficient <= 1:
        raise BadTest("fact.no_nozzle")
    return 0.0666 * coefficient * diameter_mm**2 * sqrt(pitot_kpa) / 60


@dataclass(frozen=True, slots=True)
class FlowTest:
    """One test of one hydrant: pressures at the residual hydrant, the flow drawn meanwhile. `at_s` is UTC seconds."""

    asset: str
    at_s: float
    static_kpa: float
    residual_kpa: float
    flow_l_s: float
    by: str = ""

    def __post_init__(self) -> None:
        if self.flow_l_s <= 0:
            raise BadTest("fact.no_flow")
        if not 0 <= self.residual_kpa < self.static_kpa:
            raise BadTest("fact.no_drop", residual_kpa=self.residual_kpa, static_kpa=self.static_kpa)


@dataclass(frozen=True, slots=True)
class Available:
    """Flow at a wanted residual pressure, L/s, with the interval it lies in and the test's age in days."""

    flow_l_s: float
    low_l_s: float
    high_l_s: float
    residual_kpa: float
    age_days: float | None


@dataclass(frozen=True, slots=True)
class Rating:
    """A hydrant's class by NFPA 291 (flow at `nfpa_kpa`) and whether it passes GB 55036 (15 L/s at 0.10 MPa)."""

    nfpa_class: str
    nfpa_l_s: float
    nfpa_kpa: float
    gb_l_s: float
    gb_pass: bool


def project_l_s(
    flow_l_s: float, static_kpa: float, residual_kpa: float, wanted_kpa: float, live_kpa: float = inf
) -> float:
    """Q₂ = Q₁·((p_static−p₂)/(p_static−p₁))^0.54; 0 where the wanted pressure is not below static.

    Where the mains stand lower now than in the test, `live_kpa` takes static's place over the line: less is left to
    drop, through the same mains.
    """
    from_kpa = min(static_kpa, live_kpa)
    if wanted_kpa >= from_kpa:
        return 0.0
    share: float = ((from_kpa - wanted_kpa) / (static_kpa - residual_kpa)) ** _EXPONENT
    return flow_l_s * share


def available(test: FlowTest, residual_kpa: float, now_s: float | None = None, live_kpa: float = inf) -> Available:
    """What the hydrant gives at `residual_kpa` by this test; with `live_kpa`, at the pressure it has now.

    The interval takes the gauges' error the worst way round and widens by 4 % a year of age; without a
    trusted clock the age is None and the interval is the one of ten years.
    """
    flow = project_l_s(test.flow_l_s, test.static_kpa, test.residual_kpa, residual_kpa, live_kpa)
    drop = test.static_kpa - test.residual_kpa
    age_days = None if now_s is None else max(0.0, (now_s - test.at_s) / 86_400)
    aged = _AGES_PER_YEAR * (10.0 if age_days is None else age_days / 365.25)
    corners = [
        project_l_s(
            test.flow_l_s * (1 + sign * _PITOT_ERROR),
            test.static_kpa + off,
            min(residual, test.static_kpa + off - 1.0),
            residual_kpa,
            live_kpa + off,
        )
        for sign in (-1, 1)
        for off in (-_GAUGE_KPA, _GAUGE_KPA)
        for residual in (test.residual_kpa - min(_GAUGE_KPA, drop / 2), test.residual_kpa + min(_GAUGE_KPA, drop / 2))
    ]
    return Available(flow, max(0.0, min(corners) * (1 - aged)), max(corners) * (1 + aged), residual_kpa, age_days)


def rate(test: FlowTest) -> Rating:
    """AA from 1,500 US gpm (94.6 L/s), A from 1,000, B from 500, else C, at its rated residual; whether GB passes."""
    rated_kpa = NFPA_RESIDUAL_KPA if test.static_kpa >= NFPA_LOW_KPA else test.static_kpa / 2
    nfpa = project_l_s(test.flow_l_s, test.static_kpa, test.residual_kpa, rated_kpa)
    gb = project_l_s(test.flow_l_s, test.static_kpa, test.residual_kpa, GB_RESIDUAL_KPA)
    name = next((name for least, name in _CLASSES if nfpa >= least), "C")
    return Rating(name, nfpa, rated_kpa, gb, gb >= GB_FLOW_L_S)
