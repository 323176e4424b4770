"""Every import contract bites: a forbidden import planted in an empty copy of the rooms is found, by that contract."""

import itertools
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import scaled

ROOT = Path(__file__).parents[2]
LINTER: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
LAYERS = [one for one in LINTER["contracts"] if one["type"] == "layers"]
FORBIDDEN = [one for one in LINTER["contracts"] if one["type"] == "forbidden"]


def floors(contract: dict[str, Any]) -> list[list[str]]:
    """The rooms of each layer, highest first."""
    return [[room.strip() for room in layer.split("|")] for layer in contract["layers"]]


def back_up() -> list[tuple[str, str, str]]:
    """(contract, importer, imported): each room importing the one above it, and rooms of one layer each other."""
    found = []
    for contract in LAYERS:
        rooms = floors(contract)
        for above, below in itertools.pairwise(rooms):
            found += [(contract["name"], low, high) for low in below for high in above]
        for beside in rooms:
            found += [(contract["name"], a, b) for a in beside for b in beside if a != b]
    return found


def strangers() -> list[tuple[str, str, str]]:
    """(contract, importer, imported): each that a contract keeps at home, for each room it binds."""
    return [
        (contract["name"], source, forbidden)
        for contract in FORBIDDEN
        for source in contract["source_modules"]
        for forbidden in contract["forbidden_modules"]
    ]


def contract_text(contracts: list[dict[str, Any]], roots: list[str]) -> str:
    """Settings for import-linter, of these contracts alone."""
    lines = [
        "[importlinter]",
        "root_packages =",
        *(f"    {root}" for root in roots),
        "include_external_packages = True",
    ]
    for number, one in enumerate(contracts):
        lines.append(f"[importlinter:contract:{number}]")
        for key, value in one.items():
            if isinstance(value, list):
                lines += [f"{key} =", *(f"    {item}" for item in value)]
            else:
                lines.append(f"{key} = {value}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rooms without anything in them."""
    folder = tmp_path_factory.mktemp("rooms")
    for root in LINTER["root_packages"]:
        for path in (ROOT / root).rglob("__init__.py"):
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text("")
    for contract in FORBIDDEN:
        for source in contract["source_modules"]:
            file = folder / (source.replace(".", "/") + ".py")
            if not file.with_suffix("").is_dir():
                file.write_text("")
    (folder / "contracts.ini").write_text(contract_text(LINTER["contracts"], LINTER["root_packages"]))
    return folder


def lint(folder: Path) -> str:
    """What import-linter says."""
    code = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as c; c()"
    arguments = ["--config", "contracts.ini", "--no-cache"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=scaled(110),
        check=False,
    )
    assert "Contracts" in done.stdout, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def test_the_empty_rooms_keep_every_contract(skeleton: Path) -> None:
    assert f"Contracts: {len(LINTER['contracts'])} kept, 0 broken" in lint(skeleton)


def test_every_arrow_that_must_not_be_is_found(skeleton: Path) -> None:
    """All planted at once, one file each; every one must stand in the report."""
    planted = []
    try:
        for number, (_name, importer, imported) in enumerate([*back_up(), *strangers()]):
            room = skeleton / importer.replace(".", "/")
            file = room / f"planted_{number}.py" if room.is_dir() else room.with_suffix(".py")
            file.write_text(f"{file.read_text() if file.exists() else ''}import {imported}\n")
            planted.append(file)
        told = lint(skeleton)
    finally:
        for file in planted:
            file.unlink(missing_ok=True)
            if not file.name.startswith("planted"):
                file.write_text("")
    missed = [
        f"{importer} -> {imported}"
        for _name, importer, imported in [*back_up(), *strangers()]
        if f"{importer} is not allowed to import {imported}" not in told
    ]
    assert not missed
    assert all(f"{contract['name']} BROKEN" in told for contract in LINTER["contracts"])
