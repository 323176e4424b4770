"""The lock against shutdown, asked of a stand-in for systemd-inhibit."""

import os
from pathlib import Path

import pytest

from agent.supervisor.inhibitor import AGAIN_S, Inhibitor
from hil.processes import lives
from tests.waiting import soon

STAND_IN = """#!/bin/sh
echo "$$ $*" >> {log}
case "$*" in *{refused}*) exit 1;; esac
while [ $# -gt 0 ] && [ "${{1#--}}" != "$1" ]; do shift; done
"$@"
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "log"


def turned(inhibitor: Inhibitor, wanted: bool, now_s: float) -> Inhibitor:
    """After one turn."""
    inhibitor.hold(wanted, now_s)
    return inhibitor


def stand_in(log: Path, refused: str) -> None:
    program = log.with_name("systemd-inhibit")
    program.write_text(STAND_IN.format(log=log, refused=refused))
    program.chmod(0o755)


def asked(log: Path) -> list[list[str]]:
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def test_it_is_held_while_an_aircraft_is_out(log: Path) -> None:
    stand_in(log, "nothing")
    inhibitor = Inhibitor()
    inhibitor.hold(False, 0.0)
    inhibitor.hold(True, 1.0)
    soon("it is asked for", lambda: asked(log))
    inhibitor.hold(True, 2.0)
    ((pid, *words),) = asked(log)
    assert {"--what=shutdown:sleep", "--mode=block", "--who=hydronest"} <= set(words)
    assert lives(int(pid))
    inhibitor.hold(False, 3.0)
    soon("it is let go", lambda: not lives(int(pid)))
    soon("it was waited for", lambda: turned(inhibitor, False, 4.0)._held is None)


def test_where_it_is_refused_a_delay_is_asked_for(log: Path) -> None:
    stand_in(log, "--mode=block")
    inhibitor = Inhibitor()
    inhibitor.hold(True, 1.0)
    soon("less is asked for", lambda: turned(inhibitor, True, 2.0) and len(asked(log)) == 2)
    assert "--mode=delay" in asked(log)[1]
    inhibitor.let_go()
    soon("it ended", lambda: turned(inhibitor, False, 3.0)._held is None)


def test_where_both_are_refused_it_is_asked_for_again_after_a_while(log: Path) -> None:
    stand_in(log, "hydronest")
    inhibitor = Inhibitor()
    soon("both were asked for", lambda: turned(inhibitor, True, 1.0) and len(asked(log)) == 2)
    soon("the second ended", lambda: turned(inhibitor, True, 1.0)._held is None)
    inhibitor.hold(True, AGAIN_S / 2)
    assert len(asked(log)) == 2
    soon("again", lambda: turned(inhibitor, True, AGAIN_S + 2) and len(asked(log)) >= 3)
    soon("all ended", lambda: turned(inhibitor, False, AGAIN_S + 3)._held is None)


def test_without_systemd_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    inhibitor = Inhibitor()
    inhibitor.hold(True, 1.0)
    assert inhibitor._held is None
