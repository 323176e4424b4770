"""What is worked out beforehand: at which hours, about which hydrants, and only what is not there yet."""

from itertools import pairwise

import pytest

from agent.water.belief import Belief
from agent.water.day import live_through
from agent.water.hydraulics import Hydraulics
from agent.water.inp import Read
from agent.water.table import Moment
from agent.water.work import SIZES, Stand, centres_of, hours_of, rows
from tests.water.networks import PATTERN, branched


def believed() -> tuple[Belief, list[Stand]]:
    town = branched(2, 8)
    network = Read(town.text().encode()).network
    hydraulics = Hydraulics(network)
    live_through(hydraulics)
    place = {node.id: n for n, node in enumerate(network.nodes)}
    stands = [Stand(name, place[name], 118.0, 28.0, *town.nodes[name][2:]) for name in town.hydrants]
    return Belief(hydraulics), stands


def test_hours_from_least_to_most_drawn_and_every_other_between_two() -> None:
    belief, _ = believed()
    hours, moments = hours_of(belief)
    assert (hours[0], hours[-1]) == (PATTERN.index(min(PATTERN)), PATTERN.index(max(PATTERN)))
    drawn = [PATTERN[hour] for hour in hours]
    assert drawn == sorted(drawn)
    for hour, moment in enumerate(moments):
        assert moment.of(drawn) == pytest.approx(PATTERN[hour], abs=1e-9)


def test_a_network_without_a_pattern_has_one_hour() -> None:
    text = "[JUNCTIONS]\nH 10 5\n[RESERVOIRS]\nR 50\n[PIPES]\n1 R H 1000 150 110 0\n[OPTIONS]\nUNITS LPS\n[END]"
    assert hours_of(Belief(Hydraulics(Read(text.encode()).network))) == ([0], [Moment(0, 0, 0.0)] * 24)


def test_groups_are_about_hydrants_that_stand_apart() -> None:
    street = [Stand(f"H{n}", n, 118.0, 28.0, n * 50.0, 0.0) for n in range(12)]
    assert [stand.id for stand in centres_of(street)] == ["H0", "H3", "H6", "H9"]


def test_only_what_is_not_there_yet_is_worked_out_and_larger_groups_give_no_less() -> None:
    belief, stands = believed()
    looked: list[tuple[int, int]] = []
    made = list(rows(belief, stands, [3, 18], lambda done, of: looked.append((done, of)), frozenset({stands[0].id})))
    assert [row.id for row in made] == [stand.id for stand in stands[1:]]
    assert looked == [(n, len(stands)) for n in range(len(stands))]
    centre = max(made, key=lambda row: len(row.groups))
    assert [len(group.ids) for group in centre.groups] == [
        min(size, len(centre.groups[-1].ids)) for size in SIZES[: len(centre.groups)]
    ]
    for hour in (0, 1):
        gives = [centre.alone[hour].l_s, *(group.given[hour].l_s for group in centre.groups)]
        assert all(after >= before - 0.05 for before, after in pairwise(gives))
        assert centre.alone[1].l_s < centre.alone[0].l_s, "less at the evening's peak"
        assert all(sum(g.given[hour].each) == pytest.approx(g.given[hour].l_s, abs=0.01) for g in centre.groups)
