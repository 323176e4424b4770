"""Flow tests: pitot arithmetic, and how a hydrant rates by NFPA 291's projection in metric and by GB 55036."""

from dataclasses import dataclass
from math import sqrt

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
class Rating:
    """A hydrant's class by NFPA 291 (flow at `nfpa_kpa`) and whether it passes GB 55036 (15 L/s at 0.10 MPa)."""

    nfpa_class: str
    nfpa_l_s: float
    nfpa_kpa: float
    gb_l_s: float
    gb_pass: bool


def project_l_s(flow_l_s: float, static_kpa: float, residual_kpa: float, wanted_kpa: float) -> float:
    """Q₂ = Q₁·((p_static−p₂)/(p_static−p₁))^0.54; 0 where the wanted pressure is not below static.

    NFPA 291's own projection, for ratings; what a hydrant gives at another hour says `agent.water.curve`.
    """
    if wanted_kpa >= static_kpa:
        return 0.0
    share: float = ((static_kpa - wanted_kpa) / (static_kpa - residual_kpa)) ** _EXPONENT
    return flow_l_s * share


def rate(test: FlowTest) -> Rating:
    """AA from 1,500 US gpm (94.6 L/s), A from 1,000, B from 500, else C, at its rated residual; whether GB passes."""
    rated_kpa = NFPA_RESIDUAL_KPA if test.static_kpa >= NFPA_LOW_KPA else test.static_kpa / 2
    nfpa = project_l_s(test.flow_l_s, test.static_kpa, test.residual_kpa, rated_kpa)
    gb = project_l_s(test.flow_l_s, test.static_kpa, test.residual_kpa, GB_RESIDUAL_KPA)
    name = next((name for least, name in _CLASSES if nfpa >= least), "C")
    return Rating(name, nfpa, rated_kpa, gb, gb >= GB_FLOW_L_S)
