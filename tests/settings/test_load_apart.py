"""Settings read by a process that ends are the settings; its mistakes, and whatever stops it, are told here."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from agent.settings.load import load
from agent.settings.load_apart import load_apart
from drivers.profile.mistake import SettingsError

EXAMPLE = Path(__file__).parents[2] / "config" / "hydronest.example.toml"


def test_what_is_read_apart_is_what_is_read_here() -> None:
    assert load_apart(EXAMPLE) == load(EXAMPLE)
    assert load_apart(EXAMPLE).rules_text == load(EXAMPLE).rules_path.read_text("utf-8")


def test_mistakes_arrive_whole(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(EXAMPLE.read_text("utf-8").replace("[gateway]", "[gateway]\nsation = 1\n", 1), "utf-8")
    with pytest.raises(SettingsError) as told:
        load_apart(site)
    with pytest.raises(SettingsError) as here:
        load(site)
    assert told.value.mistakes == here.value.mistakes
    assert [mistake.where for mistake in told.value.mistakes] == ["gateway.sation"]


@pytest.mark.parametrize("ends", ["killed", "torn", "no process"])
def test_where_the_reader_fails_it_is_read_here(ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.getpid()

    def dies(found: object, pipe: object) -> None:
        if os.getpid() != here and ends == "killed":
            os.kill(os.getpid(), 9)
        raise MemoryError

    def no_fork() -> int:
        raise BlockingIOError

    if ends == "no process":
        monkeypatch.setattr(os, "fork", no_fork)
    else:
        monkeypatch.setattr(pickle, "dump", dies)
    assert load_apart(EXAMPLE) == load(EXAMPLE)


def test_the_agent_itself_builds_no_validator() -> None:
    """5 MB, and what they load: the models build theirs where a file is read, which is in a process that ends."""
    asked = "import sys, agent.supervisor.main; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert "pydantic.main" in loaded
    assert "pydantic.plugin._loader" not in loaded, "a model was made while its module was read"
