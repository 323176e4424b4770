"""`hydronest demo` as a newcomer uses it: in a terminal, breaking things with its keys, reading the account."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.cli import exits
from agent.cli.doctor.rounds import judged, look
from hil.demo import interrupt
from hil.processes import command
from tests.asking import ask
from tests.cli.terminal_reader import Session
from tests.waiting import output_of, patient, until

pytestmark = pytest.mark.timeout(180)


async def test_a_wire_is_cut_the_platform_stopped_the_agent_killed_and_nothing_is_lost(tmp_path: Path) -> None:
    environment = {**os.environ, "HYDRONEST_LANG": "en", "TMPDIR": str(tmp_path)}
    async with Session(140, 34, environment, "demo", "--for", "90s", "--keep", str(tmp_path / "d"), "--json") as demo:
        await demo.until(lambda text: "10 ok" in text and "2 bad" in text and twice_read(text), 60)
        async with patient("the doctor names the two sensors that are broken, and nothing else", 30):
            found: set[str] = set()
            while found != {"devices H05 doctor.value_impossible", "devices H07 doctor.device_silent"}:
                found = await asyncio.to_thread(named, tmp_path / "d/hydronest.toml")
        demo.type("c")
        await demo.until(lambda text: "wire is CUT" in text, 10)
        demo.type("x")
        await demo.until(lambda text: "killed 1 times" in text, 10)
        demo.type("p")
        await demo.until(lambda text: "platform is GONE" in text, 10)
        await demo.until(lambda text: "uplink" in text and re.search(r"[1-9]\d* wait", text) is not None, 40)
        demo.type("c")
        demo.type("q")
        screen = await demo.until(lambda text: '"lost"' in text, 60)
        assert await demo.process.wait() == 0, screen
    account = json.loads(screen[screen.rindex("{") : screen.rindex("}") + 1].replace("\n", ""))
    assert account["kills"] == 1
    assert account["lost"] == 0
    assert account["received"] == account["committed"] > 100


async def test_the_drone_is_seen_to_fly_to_the_fire(tmp_path: Path) -> None:
    environment = {**os.environ, "HYDRONEST_LANG": "zh", "TMPDIR": str(tmp_path)}
    async with Session(110, 43, environment, "demo", "--for", "90s", "--keep", str(tmp_path / "d"), "--json") as demo:
        await demo.until(lambda text: "机巢 N1 待命" in text and "舱盖关闭" in text, 30)
        demo.type("n")
        await demo.until(lambda text: "[待命]" in text and "上北" in text, 10)
        right = "[前往]", "无人机飞往火场", "119-0001"
        await demo.until(
            lambda text: all(word in text for word in right) and 0 < on_map(text, "N") < on_map(text, "A"), 60
        )
        demo.type("n")
        text = await demo.until(lambda text: "H12" in text and on_map(text, "A") > 0, 10)
        assert re.search("机巢 N1 (前往|到场)  高 [1-9]", text)
        kpi = await ask(next((tmp_path / "d").rglob("control.sock")), "alarm.kpi", span_s=600)
        assert kpi["announced"] <= 10, "what EEMUA 191 bears in ten minutes, in the worst of them"
        assert kpi["alarms"] >= kpi["announced"] > 0
        demo.type("q")
        screen = await demo.until(lambda text: '"lost"' in text, 40)
        assert await demo.process.wait() == 0, screen


OF_THIS_MACHINE = frozenset({"settings", "card", "power", "package", "terminal", "clock"})
"""Parts that say nothing of the town: its line is nearly full by design."""


def named(site_file: Path) -> set[str]:
    """What the doctor finds wrong with the town."""
    found = judged(look(site_file, None), datetime.now(UTC))
    return {
        f"{one.part} {one.subject} {one.why.code}"
        for one in found
        if one.why is not None and one.part not in OF_THIS_MACHINE
    }


def of_session(leader: int) -> list[str]:
    """The processes that began in this terminal's session and still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, fields = stat.read_text(encoding="utf-8", errors="replace").rsplit(")", 1)
            state, *more = fields.split()
            if int(more[2]) == leader and state not in "ZX":  # whoever waits for orphans here may take its time
                found.append(name)
    return found


def twice_read(text: str) -> bool:
    """Whether the agent has read much more than was worth keeping: what a killed one read last is not counted."""
    found = re.search(r"(\d+) read  (\d+) kept", text)
    return found is not None and int(found[1]) > 2 * int(found[2]) > 0


def on_map(text: str, letter: str) -> int:
    """The screen's line where the map shows `letter`, 0 if none: there are only dots beside it."""
    line = re.compile(f"[ \\u2800-\\u28ff]*{letter}[ \\u2800-\\u28ff]*")
    return next((at for at, shown in enumerate(text.splitlines()) if line.fullmatch(shown)), 0)


async def test_it_refuses_a_time_it_cannot_read(tmp_path: Path) -> None:
    environment = {**os.environ, "HYDRONEST_LANG": "en"}
    async with Session(100, 20, environment, "demo", "--for", "soon") as demo:
        assert await demo.process.wait() == 2
        await demo.until(lambda text: "not soon" in text)


async def test_ctrl_c_before_it_has_said_anything_is_quiet(tmp_path: Path) -> None:
    environment = {**os.environ, "HYDRONEST_LANG": "en"}
    async with Session(100, 60, environment, "demo", "--plain", "--keep", str(tmp_path / "d")) as demo:
        await until("the demo is being loaded", lambda: "hil.demo" in command(demo.process.pid), every_s=0.001)
        demo.type("\x03")
        assert await demo.ended(60) == 130, demo.grid.text()
        assert demo.grid.text().split() in ([], ["^C"]), demo.grid.text()


FALLS = """
import sys
from hil.demo.__main__ import main
from hil.demo.layout import DemoLayout
def fails(self):
    raise {error}
DemoLayout.start = fails
sys.exit(main(["--keep", sys.argv[1], "--lang", "en"]))
"""


@pytest.mark.parametrize(
    ("error", "why"),
    [("TimeoutError()", "TimeoutError"), ("RuntimeError('mosquitto ended: no')", "mosquitto ended: no")],
)
async def test_a_world_that_does_not_stand_up_says_why(tmp_path: Path, error: str, why: str) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FALLS.format(error=error), str(tmp_path), stderr=asyncio.subprocess.PIPE
    )
    _, said = await output_of(program)
    assert program.returncode == exits.CANNOT_WRITE, said.decode()
    assert said.decode().splitlines()[-1] == f"the world fell over: {why}"


def test_a_ctrl_c_that_was_swallowed_is_remembered() -> None:
    """Python drops what is raised in a finaliser."""
    before = {number: signal.getsignal(number) for number in interrupt.SIGNALS}

    class Tidied:
        def __del__(self) -> None:
            with contextlib.suppress(KeyboardInterrupt):  # as the interpreter does, but for its message
                signal.raise_signal(signal.SIGINT)

    try:
        interrupt.heed()
        interrupt.wait(0)
        Tidied()
        with pytest.raises(KeyboardInterrupt):
            interrupt.wait(3600)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.parametrize("moment", ["Setting up", "a second terminal"])
async def test_ctrl_c_leaves_nobody_behind(moment: str, tmp_path: Path) -> None:
    environment = {**os.environ, "HYDRONEST_LANG": "en"}
    async with Session(100, 60, environment, "demo", "--plain", "--keep", str(tmp_path / "d")) as demo:
        await demo.until(lambda text: moment in text, 20)
        demo.type("\x03")
        assert await demo.ended(60) == 130, demo.grid.text()
        assert "Traceback" not in demo.grid.text()
    assert not of_session(demo.process.pid)
