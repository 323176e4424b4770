"""The bench file: one clear message for each mistake, what each thing can do, and one job at a time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import exits
from hil.bench import abilities, load
from hil.bench.lock import BenchLock, BenchTaken, holder, lock_file
from tests.waiting import scaled

GOOD = """
[bench]
id = "north"
lock_file = "north.lock"

[[lines]]
id = "pair"
kind = "serial"
port = "/dev/serial/by-id/usb-1"

[[lines]]
id = "modules"
kind = "tcp"
host = "192.0.2.7"

[[lines]]
id = "made-up"
kind = "simulated"

[[devices]]
id = "transmitter"
line = "pair"
unit = 3
profile = "hydrant/terminal-float"
can = ["pressure-source"]
never = ["write"]

[[devices]]
id = "stand-in"
line = "made-up"
unit = 3
profile = "hydrant/terminal-float"

[[relays]]
id = "mains"
line = "modules"
unit = 20
coil = 0
cuts = "transmitter"

[[relays]]
id = "wire"
line = "modules"
unit = 20
coil = 1
cuts = "pair"

[interlock]
line = "modules"
unit = 20
at = "discrete 3"
"""

INTERLOCK = '[interlock]\nline = "modules"'
SPOILT = {
    "one key too many": ('id = "north"', 'id = "north"\nlokc_file = "x"', "bench.lokc_file", "lock_file"),
    "no such kind": ('kind = "simulated"', 'kind = "simulatd"', "lines[2]", "simulated"),
    "no such line": ('line = "pair"\nunit = 3', 'line = "pear"\nunit = 3', "devices[0]", "'pair'"),
    "no such profile": (
        '"hydrant/terminal-float"\ncan', '"hydrant/terminal-floot"\ncan', "devices[0]", "write 'hydrant/terminal-float'"
    ),
    "no file": ('"hydrant/terminal-float"\ncan', '"mine.toml"\ncan', "devices[0]", "beside the bench file"),
    "an ability in capitals": ('"pressure-source"', '"Pressure"', "devices[0]", "small letters"),
    "no such act": ('["write"]', '["wirte"]', "devices[0]", '"write"'),
    "an id taken": ('id = "wire"', 'id = "pair"', "relays[1]", "taken by lines[0]"),
    "a coil taken": ("coil = 1", "coil = 0", "relays[1]", "relay 'mains' already"),
    "cut twice": ('cuts = "pair"', 'cuts = "transmitter"', "relays[1]", "cut by relay 'mains' already"),
    "cuts itself": ('cuts = "pair"', 'cuts = "modules"', "relays[1]", "could not be told to close again"),
    "cuts what must not be": ('never = ["write"]', 'never = ["power"]', "relays[0]", "(power)"),
    "cuts off what must not be": ('never = ["write"]', 'never = ["unplug"]', "relays[1]", "(unplug)"),
    "cuts the simulated": ('cuts = "pair"', 'cuts = "stand-in"', "relays[1]", "is simulated"),
    "hangs on the simulated": (INTERLOCK, INTERLOCK.replace("modules", "made-up"), "interlock", "is simulated"),
    "is a device": (
        'line = "modules"\nunit = 20\ncoil = 0', 'line = "pair"\nunit = 3\ncoil = 0', "relays[0]", "'transmitter'"
    ),
    "cuts nothing": ('cuts = "pair"', 'cuts = "paar"', "relays[1]", "'pair'"),
    "a unit taken": ("unit = 20\ncoil = 1", "unit = 300\ncoil = 1", "relays[1]", "247"),
    "no contact": ('at = "discrete 3"', 'at = "holding 3"', "interlock.at", "no contact"),
    "an interlock nowhere": (INTERLOCK, INTERLOCK.replace("modules", "modus"), "interlock.line", "modules"),
    "no lines": (GOOD, '[bench]\nid = "north"', "lines", "missing"),
}  # fmt: skip


def written(folder: Path, text: str = GOOD) -> Path:
    path = folder / "bench.toml"
    path.write_text(text)
    return path


def test_a_good_file_and_what_its_things_can_do(tmp_path: Path) -> None:
    bench = load.load(written(tmp_path))
    transmitter, stand_in = bench.file.devices
    assert abilities.of_device(bench, transmitter) == {
        "line", "terminal", "pressure-source", "relay", "power", "unplug",
    }  # fmt: skip
    assert abilities.of_device(bench, stand_in) == {"line", "terminal", "simulated", "power", "unplug", "write"}
    assert abilities.of_line(bench, bench.file.lines[1]) == {"line"}
    assert lock_file(bench) == tmp_path / "north.lock"


@pytest.mark.parametrize("mistake", SPOILT)
def test_each_mistake_is_one_message_that_says_what_to_write(tmp_path: Path, mistake: str) -> None:
    right, wrong, where, told = SPOILT[mistake]
    assert GOOD.count(right) == 1
    bench, mistakes = load.check(written(tmp_path, GOOD.replace(right, wrong)))
    assert bench is None
    (only,) = [one for one in mistakes if not one.doubtful]
    assert only.where.startswith(where)
    assert told in only.text()
    assert only.remedy is not None
    assert only.text("zh") != only.text()


def test_a_bench_has_one_job_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    keep = "from hil.bench.lock import *; BenchLock(Path('{}')).__enter__(); print('mine', flush=True); input()"
    args = [sys.executable, "-c", keep.format(path)]
    with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "mine\n"
        with pytest.raises(BenchTaken) as taken, BenchLock(path):
            pass
        assert taken.value.reason.facts["pid"] == holder(path) == other.pid
        other.kill()  # the kernel ends it with the job
    with BenchLock(path, wait_s=scaled(5)), pytest.raises(BenchTaken):
        BenchLock(path).__enter__()
    assert holder(path) == 0


def test_the_command_checks_and_shows(tmp_path: Path) -> None:
    def bench(*words: str) -> "subprocess.CompletedProcess[str]":
        args = [sys.executable, "-m", "agent.cli", "--lang", "en", "bench", *words]
        return subprocess.run(args, capture_output=True, text=True, timeout=scaled(60), check=False)

    shown = bench("show", str(written(tmp_path)), "--json")
    assert shown.returncode == exits.OK, shown.stderr
    told = json.loads(shown.stdout)
    assert (told["id"], told["lock"]["pid"]) == ("north", 0)
    assert told["devices"][0]["never"] == ["write"]
    assert told["interlock"] == {"line": "modules", "unit": 20, "at": "discrete 3", "is": 1}
    wrong = bench("check", str(written(tmp_path, GOOD.replace('["write"]', '["power"]'))))
    assert wrong.returncode == exits.BAD_SETTINGS
    assert "must never be cut off" in wrong.stdout


def test_a_value_of_any_kind_in_any_place_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    path, lines = tmp_path / "bench.toml", GOOD.splitlines()
    for number, line in enumerate(lines):
        name, equals, _ = line.partition(" = ")
        for other in ("[[1]]", "{}", "nan") if equals else ():
            path.write_text("\n".join([*lines[:number], f"{name} = {other}", *lines[number + 1 :]]))
            found, mistakes = load.check(path)
            assert found is None, line
            assert number + 1 in {mistake.line for mistake in mistakes}, line
