"""`line`, `terminal`, `power`: what a test on a bench asks for. Registered by `hil.bench.plugin` where one is named."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.profile.mistake import SettingsError
from hil.bench import abilities, load
from hil.bench.lock import BenchLock, BenchTaken, lock_file
from hil.bench.opened import OpenBench, OpenLine
from hil.bench.switches import Switch
from hil.bench.terminal import BenchTerminal
from protocols.reason import Reason, sentence

BENCH = pytest.StashKey[OpenBench]()
BROKEN = pytest.StashKey[dict[str, str]]()
PARTS = ("terminal", "line")
"""The fixtures that come once for each device or line of the bench."""


def begin(config: pytest.Config) -> None:
    """Have the bench until pytest ends. Raises UsageError for mistakes in its file, and when another job has it."""
    if hasattr(config, "workerinput"):
        raise pytest.UsageError("a bench has one job at a time: run without -n")
    try:
        bench = load.load(Path(config.getoption("bench")))
        lock = BenchLock(lock_file(bench), config.getoption("bench_wait"))
        config.stash[BROKEN] = {}
        folder = Path(tempfile.mkdtemp(prefix="hydronest-bench-"))
        config.add_cleanup(lambda: shutil.rmtree(folder))
        if not config.getoption("collectonly"):
            lock.__enter__()
            config.add_cleanup(lambda: lock.__exit__(None, None, None))
        opened = OpenBench(bench, folder, allow_motion=config.getoption("allow_motion"))
        config.stash[BENCH] = opened.__enter__()
        config.add_cleanup(lambda: opened.__exit__(None, None, None))
    except SettingsError as error:
        raise pytest.UsageError(error.report()) from None
    except (BenchTaken, OSError) as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header(config: pytest.Config) -> str:
    """Which bench."""
    bench = config.stash[BENCH].bench
    motion = "things may move" if config.getoption("allow_motion") else "nothing moves"
    return f"bench: {bench.file.bench.id} ({bench.path}, {bench.sha256[:12]}), {motion}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of a terminal runs on each device, one of a line on each line."""
    file = metafunc.config.stash[BENCH].bench.file
    for name, things in zip(PARTS, (file.devices, file.lines), strict=True):
        if _is_ours(metafunc, name):
            metafunc.parametrize(name, [one.id for one in things], indirect=True)
            return  # a terminal's line is its own


def _is_ours(metafunc: pytest.Metafunc, name: str) -> bool:
    """Whether a test comes to our fixture by this name: others have a `line` of their own, or parametrize one."""
    found = metafunc._arg2fixturedefs.get(name, ())  # noqa: SLF001  # pytest tells nowhere else whose a fixture is
    for one in reversed(found):
        if one.func.__module__ == __name__:
            return True
        if name not in one.argnames:  # it stands in the place of ours, and does not ask for it
            return False
    return False


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what the bench cannot, what follows a broken step, and everything once the bench itself is broken."""
    opened = item.config.stash[BENCH]
    if opened.broken is not None and _thing(item):
        pytest.skip(f"the bench is broken: {sentence(opened.broken)}")
    if step := item.config.stash[BROKEN].get(_sequence(item)):
        pytest.skip(f"the sequence is broken since {step}")
    needed = {ability for mark in item.iter_markers("needs") for ability in mark.args}
    if lacking := sorted(needed - _can(item)):
        name = _thing(item) or opened.bench.file.bench.id
        pytest.skip(sentence(Reason("bench.lacks", device=name, abilities=tuple(lacking))))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A step that fails breaks its sequence."""
    outcome = yield
    if outcome.get_result().failed and (sequence := _sequence(item)):  # type: ignore[attr-defined]
        item.config.stash[BROKEN].setdefault(sequence, item.name)


def _sequence(item: pytest.Item) -> str:
    """What breaks together: the marked class or module, for each device by itself; empty for none."""
    marked = next((node for node in item.listchain() for mark in node.own_markers if mark.name == "sequence"), None)
    return "" if marked is None else f"{marked.nodeid} {_thing(item)}"


def _thing(item: pytest.Item) -> str:
    """The device or line a test runs on; empty for none."""
    call = getattr(item, "callspec", None)
    if call is None:
        return ""
    file = item.config.stash[BENCH].bench.file
    known = {one.id for one in (*file.devices, *file.lines)}  # by the same name others parametrize other things
    return next((str(call.params[name]) for name in PARTS if str(call.params.get(name)) in known), "")


def _can(item: pytest.Item) -> frozenset[str]:
    opened = item.config.stash[BENCH]
    bench, name = opened.bench, _thing(item)
    device = next((one for one in bench.file.devices if one.id == name), None)
    line = next((one for one in bench.file.lines if one.id == name), None)
    if device is not None:
        can = abilities.of_device(bench, device)
    else:
        can = abilities.of_bench(bench) if line is None else abilities.of_line(bench, line)
    return can if opened.allow_motion else can - {"write"}


@pytest.fixture(scope="session", autouse=True)
def _facts(request: pytest.FixtureRequest, record_testsuite_property: Callable[[str, object], None]) -> None:
    """The bench's facts, for JUnit."""
    from agent.cli.front import version

    opened = request.config.stash[BENCH]
    bench = opened.bench
    record_testsuite_property("hydronest_version", version())
    record_testsuite_property("bench_id", bench.file.bench.id)
    record_testsuite_property("bench_sha256", bench.sha256)
    record_testsuite_property("bench_motion", str(opened.allow_motion).lower())
    record_testsuite_property("bench_can", " ".join(sorted(abilities.of_bench(bench))))
    for device in bench.file.devices:
        record_testsuite_property(f"bench_device_{device.id}", f"{device.line} {device.unit} {device.profile}")


@pytest.fixture
def terminal(request: pytest.FixtureRequest) -> Iterator[BenchTerminal]:
    """A device of the bench; afterwards it has power and wire again, and a simulated one is as it was at first."""
    opened = request.config.stash[BENCH]
    device = next(one for one in opened.bench.file.devices if one.id == request.param)
    found = BenchTerminal(opened, device)
    request.node.user_properties.append(("bench_device", device.id))
    try:
        yield found
    finally:
        found.at_ease()


@pytest.fixture
def line(request: pytest.FixtureRequest) -> OpenLine:
    """A line of the bench, open; with `terminal` the one it hangs on."""
    opened = request.config.stash[BENCH]
    if "terminal" in request.fixturenames:
        found: BenchTerminal = request.getfixturevalue("terminal")
        return found.line
    return opened.line(request.param)


@pytest.fixture
def power(terminal: BenchTerminal) -> Switch:
    """What cuts the terminal's power; it is on again after the test."""
    if terminal.power is None:
        pytest.skip(sentence(Reason("bench.lacks", device=terminal.id, abilities=("power",))))
    return terminal.power
