"""`hydronest profile` at the desk: no agent, no wire."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.settings.test_import import TELEGRAF
from tests.waiting import scaled


def hydronest(*words: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", "profile", *words, "--lang", lang],
        capture_output=True, text=True, timeout=scaled(60), check=False, env={**os.environ, "COLUMNS": "100"},
    )  # fmt: skip


def test_check_shows_the_reads_and_what_they_cost() -> None:
    done = hydronest("check", "hydrant/terminal-float", "--baud", "19200", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["reads"][0]["at"] == "input 4"
    assert {point for read in told["reads"] for point in read["points"]} >= {"pressure", "alarms", "tilt"}
    assert 0.01 < told["share"] < 0.1
    slower = json.loads(hydronest("check", "hydrant/terminal-float", "--baud", "9600", "--json").stdout)
    assert slower["share"] > 1.5 * told["share"]
    assert slower["most_devices"] < told["most_devices"]


def test_check_tells_every_mistake_in_the_language_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text('profile = "p"\nprotocol = "modbus"\n[points.a]\nat = "40001"\ntype = "word"\nunit = "kpa"\n')
    done = hydronest("check", str(file))
    assert done.returncode == 78
    assert len(done.stdout.splitlines()) == 3
    assert "说明书" in hydronest("check", str(file), lang="zh").stdout
    assert "there is no such file" in hydronest("check", str(tmp_path / "none.toml")).stdout


def test_an_imported_file_passes_the_check(tmp_path: Path) -> None:
    source, made = tmp_path / "telegraf.conf", tmp_path / "made.toml"
    source.write_text(TELEGRAF, encoding="utf-8")
    done = hydronest("import", "telegraf", str(source), "--name", "hydrant/pump", "-o", str(made))
    assert done.returncode == 0, done.stderr
    assert "not carried over: holding_registers odd" in done.stderr
    assert hydronest("check", str(made)).returncode == 0
    again = hydronest("import", "telegraf", str(source), "-o", str(made))
    assert again.returncode == 73
    assert "is there already" in again.stderr
    piped = json.loads(hydronest("import", "telegraf", str(source), "--json").stdout)
    assert "real" in piped["points"]
    assert len(piped["left_out"]) == 4


def test_a_register_table_is_imported_too(tmp_path: Path) -> None:
    source, made = tmp_path / "table.csv", tmp_path / "made.toml"
    source.write_text("name,address,type,scale,unit,min,max\nPressure,40005,int16,0.001,MPa,0,2\n", encoding="utf-8")
    done = hydronest("import", "csv", str(source), "--name", "hydrant/typed", "-o", str(made), lang="zh")
    assert done.returncode == 0, done.stderr
    assert "编号按线路上的地址使用" in done.stderr
    assert hydronest("check", str(made)).returncode == 0


def test_import_says_in_one_line_what_a_file_is_not(tmp_path: Path) -> None:
    source = tmp_path / "x.conf"
    source.write_text("[agent]\n")
    done = hydronest("import", "telegraf", str(source))
    assert (done.returncode, done.stdout) == (65, "")
    assert "there is no [[inputs.modbus]]" in done.stderr
    assert "Traceback" not in done.stderr


def test_list_names_the_shipped_profiles(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("protocol = 3\n")
    rows = json.loads(hydronest("list", str(tmp_path), "--json").stdout)
    by_name = {row["name"]: row for row in rows}
    assert by_name["own"]["mistakes"] > 0
    assert by_name["hydrant/opcua"]["protocol"] == "opcua"
    assert by_name["hydrant/opcua"]["mistakes"] == 0
    assert hydronest("list", str(tmp_path / "none")).returncode == 65
