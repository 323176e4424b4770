"""Simulated fires and simulated years: what a hydrant's pressure does, with a pump's ripple on it.

Each gives (seconds, kPa) as a terminal sends them, and when the pressure truly came to 0.10 MPa (None: never).
"""

import math
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

FLOOR = 100.0


class Course(NamedTuple):
    """One course: readings, and the second at which the pressure (without ripple) passes the floor."""

    kind: str
    readings: list[tuple[float, float]]
    floor_s: float | None


def _read(
    kind: str, chance: random.Random, pressure: Callable[[float], float], until_s: float, every_s: float
) -> Course:
    ripple, period = chance.uniform(0, 10), chance.uniform(0.4, 9)
    noise, phase = chance.uniform(0.2, 1.0), chance.uniform(0, 6)
    floor = next((t / 2 for t in range(int(until_s * 2)) if pressure(t / 2) <= FLOOR), None)
    readings, at = [], chance.uniform(0, every_s)
    while at < until_s:
        swing = ripple * math.sin(phase + 2 * math.pi * at / period)
        readings.append((at, pressure(at) + swing + chance.gauss(0, noise)))
        at += every_s * chance.uniform(0.95, 1.05)
    return Course(kind, readings, floor)


def fire(chance: random.Random) -> Course:
    """A collapse: a ramp, outlets opened one after the other, or a tank that drains; read each 1, 2, 5, 10 or 60 s."""
    start = chance.uniform(220, 420)
    quiet = chance.uniform(300, 900)
    every = chance.choice((1.0, 2.0, 2.0, 5.0, 10.0, 60.0))
    kind = chance.choice(("ramp", "stairs", "drain"))
    if kind == "ramp":
        rate = (start - FLOOR) / chance.uniform(240 if every < 30 else 420, 900)
        return _read(kind, chance, lambda t: start - rate * max(0.0, t - quiet), quiet + (start - 60) / rate, every)
    if kind == "stairs":
        steps = chance.randint(4, 7)
        each = chance.uniform(55, 120) if every < 30 else chance.uniform(90, 240)
        down = (start - chance.uniform(80, 95)) / steps
        times = [quiet + each * n * chance.uniform(0.95, 1.05) for n in range(steps)]
        opening = chance.uniform(3, 20)

        def stairs(t: float) -> float:
            return start - down * sum(min(1.0, max(0.0, (t - begin) / opening)) for begin in times)

        return _read(kind, chance, stairs, times[-1] + 120, every)
    lasts = chance.uniform(900, 3600)
    bend = chance.uniform(0.8, 1.2)

    def drain(t: float) -> float:
        share: float = (max(0.0, t - quiet) / lasts) ** bend
        return start - (start - 80) * share

    return _read(kind, chance, drain, quiet + lasts, every)


def year(chance: random.Random, every_s: float) -> Iterator[Course]:
    """What a hydrant does in a year that is no collapse, without the weeks in which it does nothing: four openings that
    hold (of one outlet, one in four of two, one in twenty of three), twenty pump switches, twelve peaks of the day's
    draw, thirty hammers."""
    base = chance.uniform(180, 420)
    for _ in range(4):
        outlets = chance.choices((1, 2, 3), (70, 25, 5))[0]
        room = base - FLOOR - 15
        each = min(chance.uniform(15, 70), room / outlets)
        times = [600 + n * chance.uniform(40, 400) for n in range(outlets)]
        opening, lasts = chance.uniform(5, 28), chance.uniform(300, 1500)

        def opened(
            t: float, times: list[float] = times, each: float = each, opening: float = opening, lasts: float = lasts
        ) -> float:
            down = sum(1 - math.exp(-3 * max(0.0, t - begin) / opening) for begin in times)
            up = min(1.0, max(0.0, (t - times[-1] - lasts) / 15))
            return base - each * down * (1 - up)

        yield _read("opening", chance, opened, times[-1] + lasts + 600, every_s)
    for _ in range(20):
        yield _read("pump", chance, _switched(base, chance.uniform(10, 45), chance.uniform(300, 900)), 1500, every_s)
    for _ in range(12):
        deep, lasts = chance.uniform(20, min(90, base - FLOOR - 20)), chance.uniform(3600, 7200)
        yield _read("peak", chance, _peak(base, deep, lasts), lasts, every_s)
    for _ in range(30):
        deep, at, tau = chance.uniform(20, 120), chance.uniform(200, 500), chance.uniform(0.5, 6)
        yield _read("hammer", chance, _hammer(base, deep, at, tau), 900, every_s)


def _switched(base: float, step: float, at: float) -> Callable[[float], float]:
    return lambda t: base - step * min(1.0, max(0.0, (t - at) / 4))


def _peak(base: float, deep: float, lasts: float) -> Callable[[float], float]:
    return lambda t: base - deep * math.sin(math.pi * min(1.0, t / lasts))


def _hammer(base: float, deep: float, at: float, tau: float) -> Callable[[float], float]:
    return lambda t: base - (deep * math.exp(-(t - at) / tau) if t >= at else 0.0)
