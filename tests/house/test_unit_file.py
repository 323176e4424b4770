import shutil
import subprocess
from pathlib import Path

import pytest

from agent.control.rights import Rights
from agent.settings.load import load
from agent.supervisor import reports
from agent.supervisor.life import Life
from agent.supervisor.main import specs
from agent.supervisor.reaches import reaches
from agent.supervisor.stopping import longest_s
from hil.simulated_site.site_file import site_text

CONFIG = Path(__file__).parents[2] / "config"


def test_the_unit_is_confined() -> None:
    """Exposure ≤ 2.0 by systemd's own reckoning (9.6 is a bare unit).

    What cannot go: the network, the ttys, reading the clock's state, and that a report makes itself run last (0.1).
    """
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    unit = str(CONFIG / "systemd/hydronest.service")
    done = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=20", unit], capture_output=True, text=True, check=False
    )
    if "offline" in done.stderr:
        pytest.skip("this systemd cannot judge a unit offline")
    assert done.returncode == 0, done.stdout[-300:]


def test_the_unit_leaves_what_the_agent_needs() -> None:
    """The kernel's boot id, and reading the clock's state; each was taken away once. And what children confine by."""
    lines = (CONFIG / "systemd/hydronest.service").read_text().splitlines()
    assert "ProtectClock=yes" not in lines
    assert "Environment=HYDRONEST_KERNEL_BOOT=%b" in lines  # ProcSubset=pid hides /proc/sys
    assert any(line.startswith("SystemCallFilter=landlock_create_ruleset") for line in lines)
    allowed = [line for line in lines if line.startswith("SystemCallFilter=") and "adjtimex" in line]
    taken = [line for line in lines if line.startswith("SystemCallFilter=~")]
    assert allowed
    assert lines.index(allowed[0]) > lines.index(taken[0])


def test_the_supervisor_has_time_to_end_its_children_in_order(tmp_path: Path) -> None:
    """systemd tells it alone, and waits longer than all its bounds together; memory takes a child, not the service."""
    lines = (CONFIG / "systemd/hydronest.service").read_text().splitlines()
    assert {"KillMode=mixed", "OOMPolicy=continue"} <= set(lines)
    (allowed_s,) = (int(line.partition("=")[2]) for line in lines if line.startswith("TimeoutStopSec="))
    (score,) = (int(line.partition("=")[2]) for line in lines if line.startswith("OOMScoreAdjust="))
    site = tmp_path / "site.toml"
    nest = (5020, 14550, CONFIG / "nests/command-sequence.toml")
    site.write_text(
        site_text([], state_dir=tmp_path, street=None, market_port=1, opcua_port=2, mqtt_port=3, nest=nest), "utf-8"
    )
    settings = load(site)
    children = specs(settings, reaches(settings), Rights(), allow_motion=False)
    assert {child.name for child in children} == {"core", "uplinks", "opcua", "flight"}
    assert allowed_s > longest_s({child.name: Life(child) for child in children})
    scores = {child.name: score if child.oom_score_adj is None else child.oom_score_adj for child in children}
    assert sorted(scores, key=lambda name: scores[name]) == ["flight", "core", "uplinks", "opcua"]
    assert max(scores.values()) < reports.OOM_SCORE_ADJ
    (nice,) = (int(line.partition("=")[2]) for line in lines if line.startswith("Nice="))
    assert nice < 0
    assert [child.name for child in children if child.nice is None or child.nice <= nice] == ["flight"]


def test_udev_rules_sort_after_the_ones_they_read() -> None:
    (rules,) = (CONFIG / "udev").glob("*.rules")
    assert rules.name.split("-")[0] > "60"
