"""The product's own solver against EPANET: heads, hydrants alone and together, units, formulas, valves, a day."""

from pathlib import Path

import pytest

from agent.water.belief import OUTLET_KPA
from agent.water.day import live_through
from agent.water.headloss import KPA_M
from agent.water.hydraulics import Hydraulics
from agent.water.inp import Read
from tests.water.networks import TOWNS
from tests.water.referee import Referee, referee


class Ours:
    """The product's answers in the referee's words."""

    def __init__(self, text: str) -> None:
        self.network = Read(text.encode()).network
        self.hydraulics = Hydraulics(self.network)
        live_through(self.hydraulics)
        self.place = {node.id: n for n, node in enumerate(self.network.nodes)}
        self.hour = 0.0

    def pressures(self, names: list[str]) -> dict[str, float]:
        solved = self.hydraulics.solve(self.hydraulics.at(self.hour * 3600))
        nodes = self.network.nodes
        return {name: (solved.heads[p] - nodes[p].elev_m) / KPA_M for name in names for p in [self.place[name]]}

    def gives(self, names: list[str]) -> dict[str, float]:
        nodes = self.network.nodes
        outlets = [(self.place[name], nodes[self.place[name]].elev_m + OUTLET_KPA * KPA_M) for name in names]
        solved = self.hydraulics.solve(self.hydraulics.at(self.hour * 3600), outlets)
        return {name: 1000 * gives for name, gives in zip(names, solved.gives, strict=True)}


def agree(ours: Ours, judge: Referee, names: list[str], groups: list[list[str]], *, kpa: float, l_s: float) -> None:
    assert ours.pressures(names) == pytest.approx(judge.pressures(names), abs=kpa)
    for group in groups:
        assert ours.gives(group) == pytest.approx(judge.gives(group), abs=l_s)


@pytest.mark.parametrize("name", TOWNS)
def test_towns(name: str, tmp_path: Path) -> None:
    """Two hours; hydrants alone, a few together, all together: some then give nothing."""
    town = TOWNS[name](1)
    ours = Ours(town.text())
    hydrants = list(town.hydrants)
    with referee(town.text(), tmp_path) as judge:
        for hour in (2, 18):
            judge.at(hour)
            ours.hour = hour
            groups = [[one] for one in hydrants[::4]] + [hydrants[:4], hydrants]
            agree(ours, judge, list(town.nodes), groups, kpa=0.2, l_s=0.05)


SMALL = """
[JUNCTIONS]
A 10 {d} DAY
B 12 {d}
C 14 {d}
D 8 {d}
E 9 {d}
[RESERVOIRS]
R {head}
S {low} LEVEL
[PIPES]
1 R A {long} {wide} {rough} {minor} Open
2 A B {long} {bore} {rough} 0 Open
3 B C {long} {bore} {rough} 0 Open
4 A C {long} {bore} {rough} 0 Open
5 D E {long} {bore} {rough} 0 CV
6 S E {long} {bore} {rough} 0 CV
{more}
[PATTERNS]
DAY 1.2 0.8
1 0.9 1.1
LEVEL 1 0.9
[OPTIONS]
UNITS {units}
HEADLOSS {formula}
DEMAND MULTIPLIER 1.3
ACCURACY 0.000001
TRIALS 400
[TIMES]
PATTERN TIMESTEP 12:00
[END]
"""
METRIC = {"d": 4, "head": 70, "low": 40, "long": 300, "wide": 300, "bore": 150, "minor": 2, "units": "LPS"}
AMERICAN = {"d": 60, "head": 230, "low": 130, "long": 1000, "wide": 12, "bore": 6, "minor": 2, "units": "GPM"}
PIPE = "7 C D {long} {bore} {rough} 0 Open"
CASES = {
    "Hazen-Williams in gallons": (AMERICAN, "H-W", 110, PIPE),
    "Darcy-Weisbach": (METRIC, "D-W", 0.3, PIPE),
    "Darcy-Weisbach in gallons": (AMERICAN, "D-W", 0.9, PIPE),
    "Chezy-Manning": (METRIC, "C-M", 0.012, PIPE),
    "cubic metres an hour": (METRIC | {"d": 14, "units": "CMH"}, "H-W", 110, PIPE),
    "reducing": (METRIC, "H-W", 110, "[VALVES]\n7 C D 150 PRV 25 0"),
    "reducing, wide open": (METRIC, "H-W", 110, "[VALVES]\n7 C D 150 PRV 90 3"),
    "sustaining": (METRIC, "H-W", 110, "[VALVES]\n7 C D 150 PSV 48 0"),
    "breaking": (METRIC, "H-W", 110, "[VALVES]\n7 C D 150 PBV 12 0"),
    "controlling": (METRIC, "H-W", 110, "[VALVES]\n7 C D 150 FCV 6 0"),
    "throttling": (METRIC, "H-W", 110, "[VALVES]\n7 C D 150 TCV 80 0"),
    "by a curve": (METRIC, "H-W", 110, "[VALVES]\n7 C D 150 GPV LOSS 0\n[CURVES]\nLOSS 0 0\nLOSS 5 2\nLOSS 30 20"),
    "a pump of one point": (METRIC, "H-W", 110, "[PUMPS]\n7 C D HEAD P\n[CURVES]\nP 20 15"),
    "a pump of many points": (
        METRIC, "H-W", 110, "[PUMPS]\n7 C D HEAD P SPEED 0.9\n[CURVES]\nP 0 25\nP 10 22\nP 20 16\nP 40 3",
    ),
    "a pump of horse power": (AMERICAN, "H-W", 110, "[PUMPS]\n7 C D POWER 3"),  # EPANET 2.3 divides kW twice (0290)
    "a closed pipe and an emitter": (
        METRIC, "H-W", 110, PIPE + "\n[STATUS]\n4 CLOSED\n[EMITTERS]\nD 0.5",
    ),
    "draws of several kinds": (METRIC, "H-W", 110, PIPE + "\n[DEMANDS]\nB 2 DAY\nB 3\nC 1 LEVEL"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_a_file_may_say(name: str, tmp_path: Path) -> None:
    numbers, formula, rough, more = CASES[name]
    words = {**numbers, "rough": rough}
    text = SMALL.format(**words, formula=formula, more=more.format(**words))
    ours = Ours(text)
    with referee(text, tmp_path) as judge:
        for hour in (0, 13):
            judge.at(hour)
            ours.hour = hour
            if numbers is AMERICAN:  # the referee then speaks of feet and psi
                mine, theirs = ours.pressures(list("ABCDE")), judge.raw(list("ABCDE"))
                assert {k: v / 6.894757 for k, v in mine.items()} == pytest.approx(theirs, abs=0.06)
            else:
                agree(ours, judge, list("ABCDE"), [["B"], ["D", "E"]], kpa=0.3, l_s=0.1)
