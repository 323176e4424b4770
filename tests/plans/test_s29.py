"""S29 数据采集标准: every reading has its unit in a schema, and a change that breaks a receiver is refused."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.kinds import KINDS
from drivers.kinds.kind import BITS, STATE
from drivers.units import UNITS
from tests.waiting import scaled

ROOT = Path(__file__).parents[2]


def gate(root: Path) -> subprocess.CompletedProcess[str]:
    """What CI runs."""
    command = [sys.executable, str(root / "tools/contract.py"), "--check"]
    return subprocess.run(command, capture_output=True, text=True, timeout=scaled(30), check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The contract, its schemas and the gate, to be spoilt."""
    for name in ("docs/asyncapi.yaml", "docs/contract-promised.json", "tools/contract.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "config/schemas", tmp_path / "config/schemas")
    return tmp_path


def test_the_gate_lets_the_contract_by_and_stops_a_reading_without_its_unit(copy: Path) -> None:
    assert gate(copy).returncode == 0
    file = copy / "config/schemas/message.schema.json"
    schema = json.loads(file.read_text("utf-8"))
    schema["$defs"]["frame"]["required"].remove("units")
    file.write_text(json.dumps(schema), "utf-8")
    stopped = gate(copy)
    assert (stopped.returncode, "units may be missing now" in stopped.stderr) == (1, True), stopped.stderr


def test_every_point_of_every_kind_declares_its_unit() -> None:
    points = [meaning for kind in KINDS.values() for meaning in (*kind.required.values(), *kind.optional.values())]
    assert len(points) > 20
    assert all(unit in {*UNITS, STATE, BITS} for meaning in points for unit in (meaning.unit, *meaning.also))
