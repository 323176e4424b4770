"""What leaves the house: the wheel, the locks, the licence."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)], cwd=ROOT, check=True)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_the_rooms_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"agent", "config", "drivers", "hil", "protocols"}
    assert not [name for name in names if name.startswith("config/") and name.endswith(".py")]
    assert any(name.startswith("config/profiles/") for name in names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_command_is_called_like_the_distribution(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "hydronest = agent.cli.main:main" in archive.read(entry).decode()
    assert wheel.name.startswith("hydronest-")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_requirement_has_a_hash_and_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    entries = re.split(r"\n(?=[a-z0-9])", text.strip(), flags=re.IGNORECASE)
    assert len(entries) > 10
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_both_locks_agree_and_hold_every_dependency() -> None:
    pins = [
        dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))
        for lock in ("requirements.lock", "requirements-dev.lock")
    ]
    assert {name: version for name, version in pins[1].items() if name in pins[0]} == pins[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[=<>\[ ]", requirement)[0] for requirement in project["dependencies"]}
    assert named <= set(pins[0])
    assert {"pyserial", "pymodbus", "asyncua", "mavsdk", "sqlite-utils"} <= named


def test_the_list_of_components_is_what_the_lock_installs() -> None:
    printed = subprocess.run([sys.executable, "tools/sbom.py"], cwd=ROOT, check=True, capture_output=True).stdout
    told = json.loads(printed)
    lock = (ROOT / "requirements.lock").read_text()
    pins = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", lock, re.MULTILINE))
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.5")
    assert {one["name"]: one["version"] for one in told["components"]} == pins
    assert [one["purl"] for one in told["components"]] == [f"pkg:pypi/{name}@{pins[name]}" for name in sorted(pins)]
    hashes = [about["value"] for one in told["components"] for about in one["properties"] if "sha256" in about["name"]]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", lock))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (depends,) = told["dependencies"]
    assert depends["ref"] == f"pkg:pypi/hydronest@{project['version']}"
    assert len(depends["dependsOn"]) == len(project["dependencies"])
