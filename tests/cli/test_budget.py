"""What the command line may import. Modules are counted, not milliseconds: a count cannot flake."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from agent.cli import registry
from agent.control.server import ControlServer
from tests.waiting import output_of

NEVER = {"asyncio", "asyncua", "pymodbus", "mavsdk", "pydantic", "aiomqtt", "typing", "ssl", "dataclasses", "logging"}
_COUNTED = """
import os, sys
from agent.cli.main import main
sys.stdout = open(os.devnull, "w")
try:
    code = main(sys.argv[1:])
except SystemExit as left:
    code = left.code
sys.__stdout__.write(" ".join([str(code or 0), *sorted(sys.modules)]))
"""


async def modules(line: list[str], environment: dict[str, str]) -> tuple[int, list[str]]:
    """The exit code and the loaded modules of one command in a fresh interpreter as the packaged launcher starts it."""
    root = str(Path(__file__).parents[2])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-S", "-c", _COUNTED, *line),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment, "PYTHONPATH": os.pathsep.join([root, *(p for p in sys.path if "site-packages" in p)])},
    )
    out, err = await output_of(process)
    assert out, err.decode()
    code, *names = out.decode().split()
    return int(code), names


@pytest.mark.parametrize(
    ("line", "most"),
    [(["--help"], 60), (["status"], 100), (["hydrant", "list", "--json"], 100), (["watch", "--help"], 100)],
)
async def test_the_everyday_commands_are_light(
    line: list[str], most: int, environment: dict[str, str], server: ControlServer
) -> None:
    code, names = await modules(line, environment)
    assert code in (0, 1, 3)
    assert NEVER & set(names) == set()
    assert len(names) <= most, f"{len(names)} modules: {names}"


@pytest.mark.parametrize("group", [name for name in registry.names() if name not in registry.VERBATIM])
async def test_a_groups_help_loads_no_protocol_library(group: str, environment: dict[str, str]) -> None:
    code, names = await modules([group, "--help"], environment)
    assert code == 0
    assert NEVER & set(names) == set(), "import it inside the verb that needs it"
    assert {name for name in names if name.startswith("agent.cli.commands.")} == {f"agent.cli.commands.{group}"}


def test_every_group_has_its_module_and_every_module_its_group() -> None:
    there = {path.stem for path in (Path(registry.__file__).parent / "commands").glob("*.py")} - {"__init__"}
    assert there == set(registry.names())
