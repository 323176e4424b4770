"""mavsdk ends the whole process (SIGABRT) where it may not look below its home, as after `setpriv` from root."""

import os
from pathlib import Path

import pytest

from agent.flight.process import scratch


def test_the_autopilots_library_keeps_its_files_in_memory_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOME", "TMPDIR"):
        monkeypatch.setenv(name, "/nowhere/of-somebody-else")
    (tmp_path / "mavsdk").mkdir()
    (tmp_path / "mavsdk/left-behind").write_text("of a life that was killed")
    scratch(tmp_path / "mavsdk")
    assert (os.environ["HOME"], os.environ["TMPDIR"]) == (str(tmp_path / "mavsdk"),) * 2
    assert list((tmp_path / "mavsdk").iterdir()) == []
