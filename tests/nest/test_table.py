"""The nest's table, checked in every reachable state, and proven to need each of its guards and rows."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.flight.machine.check import Checker, check_nominal
from agent.flight.machine.guards import GUARDS
from agent.flight.machine.invariants import INVARIANTS
from agent.flight.machine.looks import Mutant, mutants
from agent.flight.machine.render import put_into
from agent.flight.machine.table import ROWS, STAYS, Phase
from agent.flight.machine.transition import FLOWN_BY_ANOTHER

MUTANTS = list(mutants())


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


def test_every_reachable_state_holds_every_invariant(
    checker: Checker, record_property: Callable[[str, object], None]
) -> None:
    result = checker.result
    assert result.broken == "", "\n".join(result.story)
    assert result.phases == len(Phase)
    assert result.cores == 2264  # truths that can come about; a changed table changes this number knowingly
    assert result.states == result.cores * 7 * 2**18  # each with every combination of what is seen, ordered and broken
    record_property("reachable states", result.states)


def test_with_nothing_broken_every_flight_comes_home() -> None:
    result = check_nominal()
    assert result.broken == "", "\n".join(result.story)


def test_each_guard_and_each_row_is_needed(checker: Checker) -> None:
    unneeded = [m.name for m in MUTANTS if not (check_nominal(m.rows).broken or checker.mutant(m).broken)]
    assert len(MUTANTS) > 200
    assert unneeded == []


def test_a_mutant_that_changes_nothing_is_not_called_broken(checker: Checker) -> None:
    row = next(row for row in ROWS if row.at is Phase.REASSESSING)
    assert checker.mutant(Mutant("the same", ROWS, row, row)).broken == ""


def test_a_broken_table_comes_with_its_shortest_story() -> None:
    """Without "berth free" the shortest way to an accident is: ordered, cover open, launched with the rods clamped."""
    mutant = next(m for m in MUTANTS if m.name == "preparing > launching without berth_free")
    result = Checker(mutant.rows).result
    assert result.broken.startswith("never arm unless cover open")
    assert [line.split(":")[0] for line in result.story] == ["rest", "preparing", "preparing", "then"]


def test_every_guard_is_used_and_every_phase_has_a_way_out() -> None:
    assert {guard for row in ROWS for guard in row.guards} == set(GUARDS)
    assert {row.at for row in ROWS} == set(Phase)
    assert len(INVARIANTS) >= 30
    assert all(stay.within_s or stay.end or phase in FLOWN_BY_ANOTHER for phase, stay in STAYS.items())


def test_the_document_shows_this_table() -> None:
    document = Path(__file__).parents[2] / "docs/nest.md"
    text = document.read_text(encoding="utf-8")
    assert text == put_into(text), "run: python -m agent.flight.machine.render docs/nest.md"
