"""S23 数据仓: a day's files with a manifest; loaded again, counts and hashes are equal, no reading is in two days."""

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.judge.stand import hydrant
from tests.plans.town import BEGIN_S, DAY, town
from tests.waiting import scaled

DAY_S = 86_400
EVERY_S = 900


ROOT = Path(__file__).parents[2]


def hydronest(*args: str) -> "subprocess.CompletedProcess[str]":
    """The command on a machine whose clock shows Shanghai's time."""
    env = {"PATH": "/usr/bin:/bin", "TZ": "Asia/Shanghai", "HYDRONEST_LANG": "en", "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "agent.cli", *args]
    return subprocess.run(command, env=env, cwd=ROOT, timeout=scaled(60), capture_output=True, text=True, check=False)


def loaded(home: Path) -> tuple[dict[str, Any], dict[str, list[dict[str, str]]]]:
    """As a warehouse does it: the sums first, then every table by its columns, then the counts."""
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=home, check=True)
    manifest = json.loads((home / "manifest.json").read_text("utf-8"))
    tables = {}
    for file in manifest["files"]:
        path = home / file["name"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]
        assert path.stat().st_size == file["bytes"]
        with path.open(newline="", encoding="utf-8") as table:
            reader = csv.DictReader(table)
            assert list(reader.fieldnames or ()) == manifest["columns"][path.stem]
            tables[path.stem] = list(reader)
        assert file["rows"] == {path.stem: len(tables[path.stem])}
    return manifest, tables


def exported(folder: Path, home: Path, *args: str) -> tuple[dict[str, Any], dict[str, list[dict[str, str]]]]:
    ended = hydronest("journal", "export", str(home), "--file", str(folder / "journal.db"), *args)
    assert ended.returncode == 0, ended.stderr
    return loaded(home)


async def test_days_load_again_and_make_up_the_whole(tmp_path: Path) -> None:
    things = [hydrant("H1", 0), hydrant("H2", 1)]
    async with town(tmp_path, things, begin_s=-7200) as here:
        await here.live(7200 + DAY_S + 7200, lambda _asset, _t: {"pressure": 300.0}, every_s=EVERY_S)
    day = date.fromisoformat(DAY)
    days = [(day + timedelta(n)).isoformat() for n in (-1, 0, 1)]
    found = [exported(tmp_path, tmp_path / name, "--day", name) for name in days]
    _, whole = exported(tmp_path, tmp_path / "whole")
    for table, rows in whole.items():
        assert sum(len(tables.get(table, ())) for _, tables in found) == len(rows), table
    manifest, tables = found[1]
    assert len(tables["telemetry"]) == 2 * DAY_S // EVERY_S
    assert (manifest["day"], manifest["from_ms"], manifest["until_ms"]) == (
        DAY,
        BEGIN_S * 1000,
        (BEGIN_S + DAY_S) * 1000,
    )
    assert {manifest["from_ms"] <= int(row["t_ms"]) < manifest["until_ms"] for row in tables["telemetry"]} == {True}
    again, _ = exported(tmp_path, tmp_path / "again", "--day", DAY)
    assert again == manifest, "made again it is the same to the byte"
    ended = hydronest("journal", "export", str(tmp_path / "x"), "--day", "2025-13-01")
    assert (ended.returncode, "2025-13-01" in ended.stderr) == (2, True)
