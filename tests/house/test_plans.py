"""docs/plans.md is true: a row that is served has its test, which has its row; every command it names is one."""

import re
from pathlib import Path

import pytest

from agent.cli.registry import names

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/plans.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| S")]
STANDS = ("served", "in part", "nothing")
NOWHERE = "—"


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_row_of_the_plans_stands_here_once() -> None:
    assert [row[0] for row in ROWS] == [f"S{number}" for number in range(1, 34)]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_is_served_has_its_test_and_nothing_else_has(row: list[str]) -> None:
    name, said, where, stands, what, command, test = row
    assert said and where
    assert stands in STANDS
    wanted = f"tests/plans/test_{name.lower()}.py"
    assert (test == f"`{wanted}`") == (ROOT / wanted).is_file() == (stands == "served")
    assert test in (f"`{wanted}`", NOWHERE)
    assert bool(what) == (stands != "nothing"), "nothing is promised"
    assert command == NOWHERE or stands != "nothing"
    for one in quoted(command):
        program, group, *_ = one.split()
        assert (program == "hydronest" and group in names()) or (ROOT / group).is_file(), one
