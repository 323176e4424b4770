"""What leaves the house: the wheel, the package for gateways, the locks, the licence."""

import contextlib
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from agent.cli import registry
from agent.runtime.version import VERSION
from agent.supervisor.life import Life, Spec
from agent.supervisor.tree_file import TreeFile

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


def test_what_is_locked_is_looked_up_in_a_database_that_is_given(tmp_path: Path) -> None:
    """By versions and by ranges; what is of another name, version, index or was withdrawn is none of ours."""
    lock, records = tmp_path / "lock", tmp_path / "osv"
    lock.write_text("".join(f"{one} \\\n    --hash=sha256:{'0' * 64}\n" for one in ("alpha==1.4.0", "be-ta==2.0rc1")))
    records.mkdir()

    def record(number: int, name: str, ecosystem: str = "PyPI", **about: Any) -> None:
        withdrawn = {"withdrawn": "2026-01-01"} if about.pop("withdrawn", None) else {}
        affected = [{"package": {"ecosystem": ecosystem, "name": name}, **about}]
        told = {"id": f"R-{number}", "aliases": [f"CVE-{number}"], "affected": affected, **withdrawn}
        (records / f"{number}.json").write_text(json.dumps(told))

    def span(*events: tuple[str, str]) -> list[dict[str, Any]]:
        return [{"type": "ECOSYSTEM", "events": [{what: version} for what, version in events]}]

    def looked(path: Path) -> tuple[int, list[str]]:
        command = [sys.executable, "tools/advisories.py", str(path), str(lock)]
        ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        return ran.returncode, re.findall(r"R-\d+", ran.stdout)

    assert looked(records) == (2, [])
    record(1, "alpha", ranges=span(("introduced", "0"), ("fixed", "1.4.0")))
    record(2, "Alpha", versions=["1.3.0"])
    record(3, "alpha", "Debian", versions=["1.4.0"])
    record(4, "alpha", versions=["1.4.0"], withdrawn=True)
    (records / "spoilt.json").write_text("{")
    assert looked(records) == (0, [])
    record(5, "Be_Ta", ranges=span(("introduced", "1.0"), ("fixed", "1.5"), ("introduced", "2.0a1"), ("fixed", "2.0")))
    record(6, "alpha", ranges=span(("introduced", "1.4"), ("last_affected", "1.4.0")))
    record(7, "alpha", versions=["1.4.0"])
    assert looked(records) == (1, ["R-5", "R-6", "R-7"])
    shutil.make_archive(str(tmp_path / "all"), "zip", records)
    assert looked(tmp_path / "all.zip") == (1, ["R-5", "R-6", "R-7"])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is ours of the gateway's package: the libraries take minutes, `make deb` and tools/deb_try.sh have them."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    out = tmp_path_factory.mktemp("deb")
    command = [sys.executable, "tools/deb.py", "--no-libraries", "--twice", "--debian", "13", "--arch", "arm64"]
    told = subprocess.run([*command, "--out", str(out)], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    (built,) = out.glob("*.deb")
    assert told == f"{hashlib.sha256(built.read_bytes()).hexdigest()}  hydronest_{VERSION}~deb13_arm64.deb\n"
    return built


def test_the_package_keeps_its_names_to_itself(package: Path) -> None:
    """`agent`, `config` and the like stand in the package's own folder, and everything is root's and nobody else's."""
    told = subprocess.run(["dpkg-deb", "-c", package], check=True, capture_output=True, text=True).stdout
    rows = [line.split(maxsplit=5) for line in told.splitlines()]
    paths = {row[5].removeprefix("./"): (row[0], row[1]) for row in rows}
    assert {owner for _, owner in paths.values()} == {"root/root"}
    assert {mode for mode, _ in paths.values()} == {"drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x"}
    assert [path for path, (mode, _) in paths.items() if mode == "-rwxr-xr-x"] == ["usr/bin/hydronest"]
    files = {path for path in paths if path and not path.endswith("/")}
    private = {path.split("/")[3] for path in files if path.startswith("usr/lib/hydronest/")}
    assert private == {"agent", "config", "drivers", "hil", "protocols"}
    html = {f"usr/share/doc/hydronest/html/docs/guide/{language}/faults.html" for language in ("en", "zh")}
    assert {"usr/share/doc/hydronest/html/index.html", *html} < files
    elsewhere = {path for path in files if not path.startswith(("usr/lib/hydronest/", "usr/share/doc/hydronest/"))}
    assert elsewhere == {
        "usr/bin/hydronest",
        "usr/lib/systemd/system/hydronest.service",
        "usr/lib/tmpfiles.d/hydronest.conf",
        "usr/lib/udev/rules.d/70-hydronest.rules",
        "usr/share/bash-completion/completions/hydronest",
        "usr/share/fish/vendor_completions.d/hydronest.fish",
        "usr/share/man/man1/hydronest.1.gz",
        "usr/share/man/zh_CN/man1/hydronest.1.gz",
        "usr/share/polkit-1/rules.d/50-hydronest.rules",
        "usr/share/zsh/vendor-completions/_hydronest",
    }
    assert {"etc/hydronest/", "var/lib/hydronest/"} < set(paths)  # a read-only root cannot make its mount points


def test_the_package_asks_for_one_python_and_starts_with_it(package: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "-R", package, tmp_path / "in"], check=True)
    control = (tmp_path / "in/DEBIAN/control").read_text()
    assert f"Version: {VERSION}~deb13\n" in control
    assert "Architecture: arm64\n" in control
    assert re.search(r"^Depends: python3\.13, ", control, re.MULTILINE)
    launcher = (tmp_path / "in/usr/bin/hydronest").read_text()
    assert launcher.startswith("#!/usr/bin/python3.13 -IS\n")  # no environment, no site: only what it names
    here = launcher.replace("/usr/lib/hydronest", str(tmp_path / "in/usr/lib/hydronest"))
    command = [sys.executable, "-IS", "-c", here, "--lang", "en", "help"]
    assert "Run and set up:" in subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout
    for script in ("postinst", "prerm", "postrm"):
        subprocess.run(["sh", "-n", tmp_path / "in/DEBIAN" / script], check=True)
    for language, word in (("", b"COMMANDS"), ("zh_CN/", "命令".encode())):
        page = gzip.decompress((tmp_path / f"in/usr/share/man/{language}man1/hydronest.1.gz").read_bytes())
        assert b".SH " + word in page
        assert [name for name in registry.names() if f".SS hydronest {name}\n".encode() not in page] == []


def test_nothing_is_taken_away_from_under_an_aircraft(package: Path, tmp_path: Path) -> None:
    """prerm, with a systemd that says the agent runs: it stops it before the files change, or refuses and leaves it."""
    subprocess.run(["dpkg-deb", "-e", package, tmp_path / "DEBIAN"], check=True)
    script = (tmp_path / "DEBIAN/prerm").read_text()
    tree = tmp_path / "tree.json"
    script = script.replace("/var/lib/hydronest/tree.json", str(tree)).replace("/run/systemd/system", str(tmp_path))
    (tmp_path / "systemctl").write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/asked\n')
    (tmp_path / "systemctl").chmod(0o755)

    def upgraded(out: int) -> tuple[int, list[str]]:
        (tmp_path / "asked").write_text("")
        life = Life(Spec("flight", lambda _: None))
        life.extra = {"aircraft_out": out}
        with contextlib.closing(TreeFile(tree)) as told:
            told.write({"children": [life.as_json()]})
            command = ["sh", "-c", script, "prerm", "upgrade", "0.2.0"]
            env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
            ran = subprocess.run(command, env=env, check=False, capture_output=True)
        return ran.returncode, (tmp_path / "asked").read_text().split()

    assert upgraded(0) == (0, ["--quiet", "stop"])
    assert upgraded(1) == (1, ["--quiet"])
