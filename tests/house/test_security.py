"""docs/security.md is true: every door stands there with the caps it has, and every test it names exists."""

import ast
import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agent.reports.controls import put_into, standards

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")
OPENS = re.compile(
    r"\b(read_json(?:_object)?\(|open_connection\(|open_unix_connection\(|sock_accept\(|create_connection\(|start_server\("
    r"|\.create_server\("
    r"|create_datagram_endpoint\(|tomllib\.loads?\()|^\s*(?:from|import) (?:paho|mavsdk|asyncua|serial)\b",
    re.MULTILINE,
)
"""What takes something of a stranger's: a socket, a port, a library that has one, a text that is parsed."""


def section(title: str) -> str:
    """What stands under a heading, up to the next one of its rank or above."""
    rank, rest = PAGE.split(f"# {title}\n", 1)
    marks = len(rank) - len(rank.rstrip("#")) + 1
    return re.split(rf"(?m)^#{{1,{marks}}} ", rest)[0]


def rows(title: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@cache
def named_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    found = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(name for name in found if name.startswith("test_"))


def is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    return (ROOT / file).is_file() and name in named_in(file)


def cap(module: str, name: str) -> Any:
    """A constant, a value in a table of them, or a default of a class."""
    found = getattr(importlib.import_module(module.removesuffix(".py").replace("/", ".")), name.partition(".")[0])
    if rest := name.partition(".")[2]:
        found = found[rest] if isinstance(found, dict) else getattr(found(), rest)
    return found


DOORS = rows("The doors")
CONTROLS = [(standard.name, one) for standard in standards() for one in standard.controls]


def test_the_page_has_its_tables() -> None:
    assert len(DOORS) > 15
    assert len(CONTROLS) > 60
    assert {len(row) for row in DOORS} == {4}
    assert put_into(PAGE) == PAGE, "run: python -m agent.reports.controls"


@pytest.mark.parametrize("row", DOORS, ids=[row[0] for row in DOORS])
def test_a_door_is_where_it_says_with_its_caps_and_a_test(row: list[str]) -> None:
    _door, where, caps, fuzzed = row
    assert all((ROOT / path).exists() for path in quoted(where))
    assert quoted(fuzzed)
    assert all(is_there(test) for test in quoted(fuzzed)), fuzzed
    told = re.findall(r"`([\w.]+)` ([\d.]+)", caps)
    assert told or caps.startswith("open: ")
    assert {name: cap(quoted(where)[0], name) for name, _ in told} == {name: float(value) for name, value in told}


def test_nothing_of_a_strangers_comes_in_by_a_door_that_stands_nowhere() -> None:
    known = [path for row in DOORS for path in quoted(row[1])]
    modules = [path for room in ("protocols", "drivers", "agent") for path in (ROOT / room).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in modules if OPENS.search(path.read_text("utf-8"))}
    assert len(found) > 15
    nowhere = {path for path in found if not any(path == one or path.startswith(one) for one in known)}
    assert {path for path in nowhere if not path.startswith("agent/cli/")} == set()  # a command reads its user's own


def test_a_control_is_held_by_a_test_that_exists_or_stands_as_open() -> None:
    for _standard, one in CONTROLS:
        assert one.en
        assert one.zh
        assert one.open or ((ROOT / one.where).is_file() and is_there(one.test)), one
        assert not (one.open and one.where), one
    assert len({(name, one.clause, one.en) for name, one in CONTROLS}) == len(CONTROLS)


def test_a_name_that_is_no_test_is_found_out() -> None:
    assert not is_there("tests/house/test_security.py::test_nobody_wrote")
    assert not is_there("tests/house/nowhere.py::test_a_name_that_is_no_test_is_found_out")
    assert is_there("tests/house/test_security.py::test_a_name_that_is_no_test_is_found_out")
