"""ARCHITECTURE.md is true: its rooms are the folders, its layers the contract, its paths and files are there."""

import re
import tomllib
from pathlib import Path

from tests.house.test_reasons import spoken

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def section(title: str) -> str:
    """What stands under a heading, up to the next one."""
    return re.split(r"(?m)^#{2,3} ", TEXT.split(f"# {title}\n", 1)[1])[0]


def first_cells(text: str) -> list[str]:
    """The first column of the tables in `text`, without their headings."""
    rows = re.findall(r"(?m)^\| (.+?) \|", text)
    return [row for row in rows if row.startswith("`")]


def test_the_rooms_of_the_agent_are_its_folders() -> None:
    told = {name for row in first_cells(section("Inside `agent/`")) for name in re.findall(r"`(\w+)/", row)}
    assert told == {path.name for path in (ROOT / "agent").iterdir() if (path / "__init__.py").is_file()}


def test_the_layers_are_the_contracts() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers" and "agent.cli" in one["layers"])
    told = section("Inside `agent/`").split("\n    ", 1)[1].split("\n", 1)[0]
    assert [set(re.findall(r"\w+", layer)) for layer in told.split(">")] == [
        set(re.findall(r"agent\.(\w+)", layer)) for layer in layers
    ]


def test_every_path_it_names_is_there() -> None:
    folders = [ROOT, ROOT / "agent", ROOT / "agent/flight", ROOT / "agent/judge", ROOT / "protocols"]
    outside = section("Whose file is whose")
    named = re.findall(r"`([a-z_0-9]+(?:/[\w.*-]*)+)`", TEXT.replace(outside, ""))
    assert len(named) > 40
    missing = [name for name in named if not any(list(folder.glob(name.rstrip("/") + "*")) for folder in folders)]
    assert missing == []


def test_every_file_below_the_state_directory_is_one_that_the_agent_names() -> None:
    named = [name for cell in first_cells(section("Whose file is whose")) for name in re.findall(r"`([^`]+)`", cell)]
    known = spoken()
    written = {name.strip("/") for name in named if "-N" not in name}
    assert len(written) > 10
    beside = {name for name in written if name.endswith(".lock") and f"{name[:-5]}.json" in known and ".lock" in known}
    assert written - known == beside - known
