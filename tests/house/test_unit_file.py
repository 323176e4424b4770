import shutil
import subprocess
from pathlib import Path

import pytest

from agent.supervisor import stopping

CONFIG = Path(__file__).parents[2] / "config"


def test_the_unit_is_confined() -> None:
    """Exposure ≤ 2.1 by systemd's own reckoning (9.6 is a bare unit).

    What cannot go: the network, the ttys, reading the clock's state, and that a report makes itself run last (0.1).
    """
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    unit = str(CONFIG / "systemd/hydronest.service")
    done = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=21", unit], capture_output=True, text=True, check=False
    )
    if "offline" in done.stderr:
        pytest.skip("this systemd cannot judge a unit offline")
    assert done.returncode == 0, done.stdout[-300:]


def test_the_unit_leaves_what_the_agent_needs() -> None:
    """The kernel's boot id under /proc/sys, and reading the clock's state; each was taken away once."""
    lines = (CONFIG / "systemd/hydronest.service").read_text().splitlines()
    assert not [line for line in lines if line.startswith(("ProcSubset=pid", "ProtectClock=yes"))]
    allowed = [line for line in lines if line.startswith("SystemCallFilter=") and "adjtimex" in line]
    taken = [line for line in lines if line.startswith("SystemCallFilter=~")]
    assert allowed
    assert lines.index(allowed[0]) > lines.index(taken[0])


def test_the_supervisor_has_time_to_end_its_children_in_order() -> None:
    """systemd tells it alone, and waits longer than all its bounds together."""
    lines = (CONFIG / "systemd/hydronest.service").read_text().splitlines()
    assert "KillMode=mixed" in lines
    (allowed_s,) = (int(line.partition("=")[2]) for line in lines if line.startswith("TimeoutStopSec="))
    ends_s = 10.0 + 15.0 + 10.0  # uplinks, core, flight: `stop_s` in agent/supervisor/main.py
    assert allowed_s > stopping.AIRCRAFT_S + stopping.LEAVE_S + stopping.DRAIN_S + ends_s


def test_udev_rules_sort_after_the_ones_they_read() -> None:
    (rules,) = (CONFIG / "udev").glob("*.rules")
    assert rules.name.split("-")[0] > "60"
