"""What a device must do to be accepted: each check once, on a simulation, a twin or the real thing alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from drivers.modbus.trial import reads_for_trial
from drivers.quality import Quality
from hil.bench.switches import Switch
from hil.bench.terminal import BenchTerminal
from protocols.errors import Reasoned, WireError
from protocols.reason import Reason

Figures = Mapping[str, float | int | str]
"""What a check measured."""

ROUNDS = 20
"""Questions that are timed: enough that one lost in ten is found with 88 %."""
BACK_WITHIN_S = 20.0
"""After power or wire came back: the slowest terminals seen take 12 s to begin."""
NEIGHBOURS = 2
WORDS_SWAPPED = 1e-30
"""No sensor measures so little: it is what a float's halves make in the other order (800.0 becomes 2.4e-41)."""


class NotAccepted(Reasoned):
    """The device does not do what its profile says."""


class Check(NamedTuple):
    """`run` gives what it measured; raises NotAccepted or WireError. `needs` are abilities of the bench."""

    name: str
    run: Callable[[BenchTerminal], Figures]
    needs: frozenset[str] = frozenset()


def identity(terminal: BenchTerminal) -> Figures:
    """It says that it is what the profile is for, wherever the profile knows how to tell."""
    return {"questions": terminal.check_identity()}


def points(terminal: BenchTerminal) -> Figures:
    """Every point of the profile is answered with something that is a value."""
    found = terminal.read()
    for name, reading in found.items():
        if not reading.quality.usable and reading.quality is not Quality.OUT_OF_RANGE:
            raise NotAccepted("bench.not_good", point=name, value=str(reading.value), quality=reading.quality.code)
    return {"points": len(found)}


def limits(terminal: BenchTerminal) -> Figures:
    """Every value lies within what the profile takes for valid, and is no float with its halves in the other order."""
    bounded = 0
    for name, reading in terminal.read().items():
        valid = terminal.profile.points[name].valid
        if reading.quality is Quality.OUT_OF_RANGE and valid is not None:
            least, most = valid
            raise NotAccepted("bench.beyond_limits", point=name, value=str(reading.value), least=least, most=most)
        if isinstance(reading.value, float) and 0 < abs(reading.value) < WORDS_SWAPPED:
            raise NotAccepted("bench.words_swapped", point=name, value=str(reading.value))
        bounded += valid is not None
    return {"bounded": bounded}


def timing(terminal: BenchTerminal) -> Figures:
    """Asked again and again it answers each time, each within the line's deadline."""
    first = reads_for_trial(terminal.profile)[0]
    took_ms = []
    for number in range(1, ROUNDS + 1):
        began = time.monotonic()
        try:
            terminal.line.read(terminal.unit, first.table, first.address, first.count)
        except WireError as error:
            raise NotAccepted("bench.lost", number=number, rounds=ROUNDS, why=error.reason) from None
        took_ms.append(1000 * (time.monotonic() - began))
    return {
        "rounds": ROUNDS,
        "median_ms": round(statistics.median(took_ms), 1),
        "most_ms": round(max(took_ms), 1),
    }


def neighbours(terminal: BenchTerminal) -> Figures:
    """Nobody answers at the addresses beside it: a device that answers to all of them speaks into others' answers."""
    first = reads_for_trial(terminal.profile)[0]
    asked = 0
    for unit in terminal.free_units(NEIGHBOURS):
        try:
            terminal.line.read(unit, first.table, first.address, first.count)
        except WireError as error:
            if error.reason.code in ("modbus.no_answer_within", "modbus.no_answer", "modbus.not_sent"):
                asked += 1
                continue
            raise NotAccepted("bench.stranger", unit=unit, why=error.reason) from None
        raise NotAccepted("bench.answers_to_all", unit=unit)
    return {"silent": asked}


def unplug(terminal: BenchTerminal) -> Figures:
    """With its wire cut it is silent, and it answers again when the wire is whole."""
    return _cut(terminal, terminal.wire)


def power_cycle(terminal: BenchTerminal) -> Figures:
    """Without power it is silent, and it answers again when that comes back."""
    return _cut(terminal, terminal.power)


def _cut(terminal: BenchTerminal, switch: Switch | None) -> Figures:
    assert switch is not None, "a check is run only where the bench can"
    terminal.answers()
    first = reads_for_trial(terminal.profile)[0]
    with switch.off_while():
        try:
            terminal.line.read(terminal.unit, first.table, first.address, first.count)
        except WireError:
            pass
        else:
            raise NotAccepted("bench.not_cut", device=terminal.id)
    return {"back_s": round(terminal.answers(BACK_WITHIN_S), 2)}


CHECKS = (
    Check("identity", identity),
    Check("points", points),
    Check("limits", limits),
    Check("timing", timing),
    Check("neighbours", neighbours),
    Check("unplug", unplug, frozenset({"unplug"})),
    Check("power_cycle", power_cycle, frozenset({"power"})),
)
"""In this order: one that fails most often tells why the later ones would."""


class Verdict(NamedTuple):
    """What came of a check: `passed` None where the bench could not run it, and `why` says what was lacking."""

    check: str
    passed: bool | None
    figures: Figures
    why: Reason | None = None


def judged(check: Check, terminal: BenchTerminal) -> Verdict:
    """Run it, or say what the bench lacks."""
    if lacking := check.needs - terminal.can:
        return Verdict(
            check.name, None, {}, Reason("bench.lacks", device=terminal.id, abilities=tuple(sorted(lacking)))
        )
    try:
        return Verdict(check.name, True, check.run(terminal))
    except (NotAccepted, WireError) as error:
        return Verdict(check.name, False, {}, error.reason)
