"""The pytest plugin, by pytest's own means: on a simulated bench, and on a device that somebody else wrote."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from hil.bench.lock import BenchLock
from hil.wire.null_modem import NullModem
from hil.wire.pty_wire import PtyWire
from tests.hil_bench.benches import written
from tests.waiting import scaled

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]

TESTS = """
import pytest
from hil.bench.opened import NotAllowed

@pytest.mark.needs("simulated", "pressure-source")
def test_reads(terminal, line):
    terminal.simulated.shown["pressure"] = 430.0
    assert terminal.value("pressure") == 430.0
    assert line is terminal.line and line.id == "pair"

def test_is_as_it_was_again(terminal):
    assert terminal.value("pressure") == 800.0

@pytest.mark.needs("pump", "relay")
def test_of_what_is_not_there(terminal):
    assert False

@pytest.mark.needs("write")
def test_writes(terminal):
    terminal.write("holding 3", 123)
    assert terminal.value("level") == pytest.approx(12.3)

def test_has_no_leave(terminal, request):
    if not request.config.getoption("allow_motion"):
        with pytest.raises(NotAllowed, match="--allow-motion"):
            terminal.write("holding 3", 1)

def test_power(terminal, power):
    with power.off_while(), pytest.raises(Exception, match="unit 3"):
        terminal.read("level")
    power.off()  # and left so: the fixture gives it back

@pytest.mark.sequence
class TestSequence:
    def test_begins(self, terminal): terminal.answers()
    def test_breaks(self, terminal): assert terminal.value("level") > 1000
    def test_follows(self, terminal): assert False

def test_of_a_line(line):
    assert line.read(3, "holding", 100) == [4711]
"""


@pytest.fixture
def bench(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A simulated bench in pytester's folder, and no plugin but ours."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    yield written(pytester.path)


def run(pytester: pytest.Pytester, *more: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "hil.bench.plugin", "-p", "no:cacheprovider", "-rs", *more)


def test_what_a_bench_can_runs_and_what_it_lacks_is_skipped_by_name(pytester: pytest.Pytester, bench: Path) -> None:
    pytester.makepyfile(TESTS)
    found = run(pytester, "--bench", str(bench), "--junitxml", "results.xml", "--strict-markers")
    found.assert_outcomes(passed=6, failed=1, skipped=3)
    out = found.stdout.str()
    assert "'transmitter' lacks: pump, relay" in out
    assert "'transmitter' lacks: write" in out
    assert "the sequence is broken since test_breaks[transmitter]" in out
    assert "bench: made-up" in out
    suite = ET.parse(pytester.path / "results.xml").getroot()[0]
    told = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert (told["bench_id"], told["bench_motion"]) == ("made-up", "false")
    assert told["bench_device_transmitter"] == "pair 3 mine.toml"
    assert suite.find("testcase/properties/property[@name='bench_device']") is not None
    with_leave = run(pytester, "--bench", str(bench), "--allow-motion", "-k", "writes or leave")
    with_leave.assert_outcomes(passed=2, deselected=8)


def test_without_a_bench_nothing_runs_and_nothing_is_there(pytester: pytest.Pytester, bench: Path) -> None:
    pytester.makepyfile(TESTS)
    found = run(pytester, "-k", "reads or line")
    found.assert_outcomes(skipped=1, errors=1, deselected=8)
    found.stdout.fnmatch_lines(["*no bench is named: --bench FILE*"])
    assert "fixture 'line' not found" in found.stdout.str()


def test_a_bench_that_cannot_be_had_ends_the_run(pytester: pytest.Pytester, bench: Path) -> None:
    pytester.makepyfile(TESTS)
    with BenchLock(pytester.path / "lock"):
        found = run(pytester, "--bench", str(bench))
        assert found.ret == pytest.ExitCode.USAGE_ERROR
        assert "another job has the bench" in found.stderr.str()
    bench.write_text(bench.read_text().replace("unit = 3", "unitt = 3"))
    found = run(pytester, "--bench", str(bench))
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    assert "bench.toml:15" in found.stderr.str()


def test_the_plugin_costs_others_next_to_nothing() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import hil.bench.plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=scaled(60), check=True)
    assert done.stdout.split() == ["hil", "hil.bench", "hil.bench.plugin"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = project["entry-points"]["pytest11"]["hydronest"]
    assert callable(import_module(named).pytest_addoption)


def test_the_example_of_the_document_runs(pytester: pytest.Pytester, bench: Path) -> None:
    """Every file of docs/bench.md's first chapter, as a newcomer writes them."""
    text = (ROOT / "docs/bench.md").read_text("utf-8").partition("## A test in fifteen lines")[2]
    files = dict(re.findall(r"`(\w+\.\w+)`:\n\n```\w+\n(.*?)```", text, re.DOTALL))
    assert set(files) == {"bench.toml", "test_transmitter.py"}
    files["bench.toml"] = files["bench.toml"].replace("[bench]", '[bench]\nlock_file = "lock"')  # others run this too
    for name, content in files.items():
        (pytester.path / name).write_text(content)
    assert len([line for line in files["test_transmitter.py"].splitlines() if line.strip()]) <= 15
    run(pytester, "--bench", "bench.toml").assert_outcomes(passed=3)
    lies = "def test_lies(terminal):\n    terminal.simulated.misbehave('lying')\n"
    lies += "    test_a_pressure_there_can_be(terminal)\n"
    (pytester.path / "test_transmitter.py").write_text(files["test_transmitter.py"] + "\n" + lies)
    run(pytester, "--bench", "bench.toml", "-k", "lies").assert_outcomes(failed=1, deselected=3)


OTHERS = """
import pytest
from protocols.modbus import question

@pytest.fixture
def line():
    return "of text"

def test_a_line_of_their_own(line): assert line == "of text"

@pytest.mark.parametrize("terminal", ["vt100", "xterm"])
def test_terminals_of_their_own(terminal): assert terminal in ("vt100", "xterm")

class TestOurs:
    @pytest.fixture
    def terminal(self, terminal): return terminal

    def test_writes_by_the_back_door(self, terminal):
        with pytest.raises(Exception, match="--allow-motion"):
            terminal.line.ask(question.write_registers(3, 3, [1]))
        assert not hasattr(terminal.line, "write")
        assert terminal.read("level")["level"].value == 25.0
"""


def test_anothers_fixtures_of_these_names_stay_theirs_and_a_line_only_reads(
    pytester: pytest.Pytester, bench: Path
) -> None:
    pytester.makepyfile(OTHERS)
    run(pytester, "--bench", str(bench)).assert_outcomes(passed=4)


class Relays:
    """A relay module behind a serial protocol: coil 0 is the power of a program, input 0 a contact."""

    unit = 20
    turnaround_s = 0.002

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.coils = {0: 1}
        self.contact = 1

    def answer(self, pdu: bytes, _at_ns: int) -> tuple[int, bytes] | None:
        at = int.from_bytes(pdu[1:3], "big")
        if pdu[0] == 5:
            self.coils[at] = int(pdu[3] == 0xFF)
            os.kill(self.pid, signal.SIGCONT if self.coils[at] else signal.SIGSTOP)
            return self.unit, pdu
        return self.unit, bytes((pdu[0], 1, self.coils[at] if pdu[0] == 1 else self.contact))


REAL = """
[bench]
id = "real"
lock_file = "lock"

[[lines]]
id = "pair"
kind = "serial"
port = "PORT"
baud = 115200
parity = "N"
deadline_ms = DEADLINE

[[lines]]
id = "modules"
kind = "serial"
port = "MODULES"
baud = 115200
deadline_ms = DEADLINE

[[devices]]
id = "peer"
line = "pair"
unit = 7
profile = "mine.toml"

[[relays]]
id = "mains"
line = "modules"
unit = 20
coil = 0
cuts = "peer"

[interlock]
line = "modules"
unit = 20
at = "discrete 0"
"""
OF_PEER = """
profile = "test/libmodbus"
protocol = "modbus"
[[identity]]
at = "holding 0"
type = "uint16"
is = 1
[points.level]
at = "holding 3"
type = "uint16"
valid = [772, 772]
[points.raw]
at = "input 40"
type = "uint16"
[points.open]
at = "discrete 5"
"""
WRITES = """
import pytest
from hil.bench.opened import NotAllowed

@pytest.mark.needs("write")
def test_writes(terminal):
    terminal.write("holding 50", 4242)
    assert terminal.line.read(7, "holding", 50) == [4242]
"""


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[tuple[NullModem, int]]:
    """Debian's libmodbus as the real device at the other end of a wire."""
    if shutil.which("gcc") is None or not Path("/usr/include/modbus/modbus.h").exists():
        pytest.skip("gcc or libmodbus-dev is not installed")
    binary = tmp_path / "server"
    source = ROOT / "tests/peers/modbus/libmodbus_server.c"
    subprocess.run(["gcc", "-O1", "-o", binary, source, "-I/usr/include/modbus", "-lmodbus"], check=True)
    with NullModem() as modem:
        args = [str(binary), "rtu", modem.ends[1], "115200", "7"]
        with subprocess.Popen(args, stdout=subprocess.PIPE) as running:
            try:
                assert running.stdout is not None
                assert running.stdout.readline() == b"ready\n"
                yield modem, running.pid
            finally:
                with contextlib.suppress(ProcessLookupError):
                    running.kill()


@pytest.mark.peer
def test_the_same_acceptance_on_a_simulation_and_on_a_real_device(
    pytester: pytest.Pytester, bench: Path, peer: tuple[NullModem, int]
) -> None:
    suite = ("--pyargs", "hil.bench.suite")
    run(pytester, "--bench", str(bench), *suite).assert_outcomes(passed=7)
    modem, pid = peer
    module = Relays(pid)
    with PtyWire(pytester.path / "modules", {20: module}, baud=115_200) as modules:
        text = REAL.replace("PORT", modem.ends[0], 1).replace("MODULES", str(modules.path))
        real = written(pytester.path, text, OF_PEER.replace("[772, 772]", "[700, 800]"))
        found = run(pytester, "--bench", str(real), *suite)
        found.assert_outcomes(passed=6, skipped=1)
        assert "'peer' lacks: unplug" in found.stdout.str()
        pytester.makepyfile(WRITES)
        run(pytester, "--bench", str(real), "--allow-motion").assert_outcomes(passed=1)
        module.contact = 0
        found = run(pytester, "--bench", str(real), "--allow-motion")
        found.assert_outcomes(failed=1)
        assert "gives no leave (discrete 0)" in found.stdout.str()
