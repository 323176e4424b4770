"""What head a link costs at a flow, and how fast that grows: the formulas of EPANET's manual, in metres and m³/s.

Constants are EPANET's own (4.727 of Hazen-Williams in feet and cubic feet): both say the same to the last litre.
"""

from collections.abc import Callable
from math import log, pi

from agent.water.network import Link, LinkKind, Network

FOOT_M = 0.3048
CUBIC_FOOT_M3 = FOOT_M**3
GRAVITY = 9.80665
WATER_N_M3 = 9806.65
"""Weight of a cubic metre: 10.197 m of head are 100 kPa, as in EPANET."""
KPA_M = 1000.0 / WATER_N_M3
"""Metres of head of a kPa."""
HW = 1.852
LEAST_GRADIENT = 1e-6
"""Below this slope (s/m²) a link counts as a straight line: with no flow at all it would have none to go by."""

_HW = 4.727 * FOOT_M**4.871 / CUBIC_FOOT_M3**HW
_CM = (4.0 / (1.49 * pi)) ** 2 * 4.0 ** (4.0 / 3.0) * FOOT_M ** (16.0 / 3.0) / CUBIC_FOOT_M3**2

Loss = Callable[[float], tuple[float, float]]
"""Flow → (head lost, its slope)."""


def loss_of(link: Link, network: Network) -> Loss:
    """The head loss of a pipe, or of a valve that is wide open."""
    minor = minor_m(link.minor, link.diameter_m)
    if link.kind > LinkKind.CHECK:
        return power(minor, 2.0, 0.0)
    if network.formula == "D-W":
        return _darcy(link, minor, network.viscosity_m2_s)
    resistance, exponent = resistance_of(link, network.formula)
    return power(resistance, exponent, minor)


def minor_m(coefficient: float, diameter_m: float) -> float:
    """m of `h = m·q²` of a loss coefficient."""
    return 8.0 * coefficient / (GRAVITY * pi**2 * diameter_m**4)


def resistance_of(link: Link, formula: str) -> tuple[float, float]:
    """(r, n) of `h = r·qⁿ` of a pipe by Hazen-Williams or Chezy-Manning."""
    if formula == "C-M":
        return _CM * link.roughness**2 * link.length_m / link.diameter_m ** (16.0 / 3.0), 2.0
    return _HW * link.length_m / (link.roughness**HW * link.diameter_m**4.871), HW


def power(resistance: float, exponent: float, minor: float) -> Loss:
    """`h = r·qⁿ + m·q²`, against the flow."""
    grow = exponent - 1.0

    def loss(flow: float) -> tuple[float, float]:
        size = flow if flow >= 0.0 else -flow
        slope = resistance * size**grow
        own = slope + minor * size
        steep = exponent * slope + 2.0 * minor * size
        if steep < LEAST_GRADIENT:
            return LEAST_GRADIENT * flow, LEAST_GRADIENT
        return own * flow, steep

    return loss


def _darcy(link: Link, minor: float, viscosity: float) -> Loss:
    """Darcy-Weisbach: laminar, Dunlop's cubic between, Swamee-Jain."""
    reach = viscosity * link.diameter_m
    rough = link.roughness / link.diameter_m
    whole = 8.0 * link.length_m / (GRAVITY * pi**2 * link.diameter_m**5)
    low, high = 500.0 * pi * reach, 1000.0 * pi * reach  # Reynolds numbers of 2000 and 4000

    def loss(flow: float) -> tuple[float, float]:
        size = abs(flow)
        if size <= low:
            slope = 16.0 * pi * reach * whole
            return (slope + minor * size) * flow, slope + 2.0 * minor * size
        friction, grows = _friction(size, rough, reach, high)
        own = (friction * whole + minor) * size
        return own * flow, 2.0 * own + grows * whole * size * size

    return loss


def _friction(size: float, rough: float, reach: float, high: float) -> tuple[float, float]:
    """The friction factor and its slope over the flow."""
    if size >= high:
        thick = 4.61841319859 / (size / reach) ** 0.9
        whole = rough / 3.7 + thick
        root = -0.8685889638 * log(whole)
        friction = 1.0 / root**2
        return friction, 1.8 * friction * thick * -0.8685889638 / whole / root / size
    whole = rough / 3.7 + 0.00328895476345
    root = -0.8685889638 * log(whole)
    fa = 1.0 / root**2
    fb = (2.0 - 0.00514214965799 / (whole * root)) * fa
    r = size / reach / (500.0 * pi)
    x1, x2 = 7.0 * fa - fb, 0.128 - 17.0 * fa + 2.5 * fb
    x3, x4 = -0.128 + 13.0 * fa - 2.0 * fb, 0.032 - 3.0 * fa + 0.5 * fb
    return x1 + r * (x2 + r * (x3 + r * x4)), (x2 + r * (2.0 * x3 + 3.0 * r * x4)) / reach / (500.0 * pi)


def pump_of(link: Link, speed: float) -> Loss:
    """The head a pump adds, as a loss below nothing, by its curve or its power."""
    if link.power_w > 0.0:
        return _constant_power(link.power_w)
    curve = link.curve
    if len(curve) == 1:
        (q, h) = curve[0]
        return _pump_power(1.33334 * h, 0.33334 * h / q**2, 2.0, speed)
    if len(curve) == 3 and curve[0][0] == 0.0:
        (_, h0), (q1, h1), (q2, h2) = curve
        if h0 > h1 > h2 and 0.0 < q1 < q2:
            exponent = log((h0 - h2) / (h0 - h1)) / log(q2 / q1)
            if 0.0 < exponent <= 20.0:
                return _pump_power(h0, (h0 - h1) / q1**exponent, exponent, speed)
    return piecewise(curve, speed, -1.0)


def shutoff_m(link: Link, speed: float) -> float:
    """The head at which a pump gives nothing; infinite for one of constant power."""
    if link.power_w > 0.0:
        return float("inf")
    head = 1.33334 * link.curve[0][1] if len(link.curve) == 1 else link.curve[0][1]
    return speed * speed * head


def _pump_power(head: float, resistance: float, exponent: float, speed: float) -> Loss:
    still = speed * speed * head
    own = resistance * speed ** (2.0 - exponent)

    def loss(flow: float) -> tuple[float, float]:
        size = abs(flow)
        slope = exponent * own * size ** (exponent - 1.0)
        if slope < LEAST_GRADIENT * 10:
            return flow * LEAST_GRADIENT * 10 - still, LEAST_GRADIENT * 10
        return slope * flow / exponent - still, slope

    return loss


def _constant_power(power_w: float) -> Loss:
    most = power_w / WATER_N_M3

    def loss(flow: float) -> tuple[float, float]:
        size = max(flow, 1e-6)
        return -most / size, max(most / size**2, LEAST_GRADIENT)

    return loss


def piecewise(curve: tuple[tuple[float, float], ...], speed: float, sign: float) -> Loss:
    """A curve of points, straight between them and beyond; `sign` -1 of a pump's gain, 1 of a valve's loss."""
    points = [(q * speed, h * speed * speed) for q, h in curve]
    if len(points) < 2:
        points = [(0.0, 0.0), *points]

    def loss(flow: float) -> tuple[float, float]:
        size = abs(flow)
        at = 1
        while at < len(points) - 1 and points[at][0] < size:
            at += 1
        (q0, h0), (q1, h1) = points[at - 1], points[at]
        slope = (h1 - h0) / (q1 - q0) if q1 > q0 else 0.0
        value = sign * (h0 + slope * (size - q0))
        steep = max(abs(slope), LEAST_GRADIENT)
        return (value if sign < 0 or flow >= 0 else -value), steep

    return loss
