"""`doctor --fix`: which command for which fault, which never, and that each is said before it is done."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent.cli import exits
from agent.cli.doctor import finding, repairs, rounds
from agent.cli.doctor.finding import Finding
from agent.cli.main import main
from agent.cli.words import use
from protocols.reason import Fact, Reason


def of(part: str, code: str, **facts: Fact) -> Finding:
    return finding.fault(part, "", Reason(f"doctor.{code}", **facts))


STOPPED, OLD = of("agent", "agent_stopped"), of("agent", "old_version", runs="1", here="2")
FULL = of("card", "card_full", folder="/x", free_mb=3.0)
ZONE = of("terminal", "zone", machine="Etc/UTC", gateway="Asia/Shanghai")
HALF = of("package", "half_installed", said="unpacked")
UNFIT = of("settings", "no_site_file", file="/x")
NEVER = [
    of("card", "card_read_only", folder="/x"),
    of("card", "card_errors", errors=3),
    of("agent", "agent_hangs"),
    of("agent", "two_agents", agents=2),
    of("agent", "not_let_in"),
    of("uplink", "paused"),
    of("line", "line_mute"),
]


def commands(*found: Finding, own_unit: bool = True, aircraft_out: bool = False) -> list[str]:
    made = repairs.repairs(found, own_unit=own_unit, aircraft_out=aircraft_out)
    return [" ".join(one.command) for one in made]


def test_what_helps_comes_before_what_it_helps() -> None:
    assert commands(STOPPED, ZONE, FULL, HALF) == [
        "dpkg --configure hydronest",
        "apt-get clean",
        "timedatectl set-timezone Asia/Shanghai",
        "systemctl start hydronest",
    ]
    assert commands(FULL, of("card", "card_nearly_full", folder="/x", free_mb=80.0)) == ["apt-get clean"]
    assert commands(of("clock", "no_time_keeper")) == ["timedatectl set-ntp true"]
    assert commands(*NEVER) == []


def test_no_service_is_begun_with_settings_that_are_wrong_or_anothers_or_under_an_aircraft() -> None:
    assert commands(OLD) == ["systemctl restart hydronest"]
    for found in (STOPPED, OLD):
        assert commands(found, UNFIT) == []
        assert commands(found, own_unit=False) == []
        assert commands(found, aircraft_out=True) == []
    assert commands(FULL, UNFIT, own_unit=False, aircraft_out=True) == ["apt-get clean"]


def test_only_the_folder_of_a_state_is_given_to_the_agent(tmp_path: Path) -> None:
    def of_folder(folder: object) -> list[str]:
        return commands(of("card", "state_of_another", folder=str(folder), owner="root"))

    assert of_folder("/var/lib/hydronest") == ["chown -R -h hydronest:hydronest /var/lib/hydronest"]
    assert of_folder(tmp_path) == []
    (tmp_path / "journal.db").touch()
    assert of_folder(tmp_path) == [f"chown -R -h hydronest:hydronest {tmp_path}"]
    (tmp_path / "link").symlink_to("/")
    for wide in ("/", "/var", "/home", tmp_path / "link"):
        assert of_folder(wide) == []


def test_what_a_command_meets_is_told() -> None:
    use("en")
    (one,) = repairs.repairs([FULL], own_unit=True, aircraft_out=False)

    def ended(code: int, stderr: str = "") -> Any:
        return lambda command, **_: subprocess.CompletedProcess(command, code, "", stderr)

    def raises(error: Exception) -> Any:
        def run(*_: object, **__: object) -> None:
            raise error

        return run

    assert repairs.done(one, ended(0, "a warning")) == ""
    assert repairs.done(one, ended(100, "E: first\nE: Could not get lock\n\n")) == (
        "it ended with 100: E: Could not get lock"
    )
    assert repairs.done(one, ended(1)) == "it ended with 1"
    assert repairs.done(one, raises(subprocess.TimeoutExpired("apt-get", 120))) == "after 120 s it had not ended"
    assert "No such file" in repairs.done(one, raises(FileNotFoundError(2, "No such file or directory")))


def test_each_is_said_and_asked_about_before_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []
    found = [FULL, NEVER[0]]

    def run(repair: repairs.Repair) -> str:
        ran.append(" ".join(repair.command))
        found.remove(repair.finding)
        return ""

    seen = rounds.Examination(tmp_path / "site.toml", None, None, None, None, None)
    monkeypatch.setattr(rounds, "look", lambda *_: seen)
    monkeypatch.setattr(rounds, "judged", lambda *_: list(found))
    monkeypatch.setattr(repairs, "done", run)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    doctor = ["--lang", "en", "doctor", str(seen.site_file), "--fix"]
    assert main(doctor) == exits.NO_PERMISSION
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert main(doctor) == exits.USAGE  # nobody is there to say yes
    said = capsys.readouterr().err
    assert "--fix would do:\n  apt-get clean\n" in said
    assert ran == []
    assert main([*doctor, "--yes", "--json"]) == exits.DEGRADED
    told = json.loads(capsys.readouterr().out)
    assert ran == ["apt-get clean"]
    assert [one["command"] for one in told["repairs"]] == [["apt-get", "clean"]]
    assert [[one["reason"]["code"] for one in told[when]] for when in ("before", "after")] == [
        ["doctor.card_full", "doctor.card_read_only"],
        ["doctor.card_read_only"],
    ]
    assert main([*doctor, "--yes"]) == exits.DEGRADED
    assert "nothing that --fix can mend" in capsys.readouterr().err
