"""Reports in a whole agent: apart, last to run, first to go; whoever asks hears how it ended, and nobody else does."""

import asyncio
import json
import os
import resource
import select
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NoReturn, Self

import pytest
import pytest_asyncio

from agent.control.client import Connection, RequestFailed
from agent.runtime.control_wire import MOST_REPORTS
from hil.processes import family, lives
from hil.simulated_site.agent_process import AgentProcess
from tests.journal.things import running, sample
from tests.site import under_filter
from tests.site.memory_group import memory_group
from tests.waiting import ended, soon, until

UNIT = Path(__file__).parents[2] / "config/systemd/hydronest.service"
SITE = """
[gateway]
id = "g1"
clock = "system"
state_dir = "state"

[[lines]]
id = "market"
kind = "tcp"
host = "127.0.0.1"
port = 1
""" + "".join(
    f"""
[[devices]]
id = "H{n:03}"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "market"
unit = {n}
place = {{ lon = {118.9 + n * 0.002:.4f}, lat = 28.9 }}
"""
    for n in range(1, 11)
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal whose export is far more than a socket holds."""
    folder = tmp_path_factory.mktemp("journal")

    async def fill() -> None:
        async with running(folder) as journal:
            for n in range(10_000):
                journal.offer_sample(sample(n))
                if n % 500 == 499:
                    await journal.flush()

    asyncio.run(fill())
    return folder / "journal.db"


@pytest.fixture
def site(tmp_path: Path, filled: Path) -> Path:
    (tmp_path / "state").mkdir()
    shutil.copy(filled, tmp_path / "state/journal.db")
    (tmp_path / "site.toml").write_text(SITE, "utf-8")
    return tmp_path


@pytest_asyncio.fixture
async def agent(site: Path) -> AsyncIterator[AgentProcess]:
    async with AgentProcess(site / "site.toml", site / "state/control.sock", site / "log") as agent:
        await agent.start()
        await agent.ready()
        yield agent


def reports(agent: AgentProcess) -> list[int]:
    """What the supervisor forked and does not list: its reports."""
    tree = json.loads(agent.socket.with_name("tree.json").read_text())
    known = {life["pid"] for life in tree["children"]}
    return [pid for pid in list(family(agent.pid))[1:] if pid not in known and lives(pid)]


class Slow:
    """A client that asks for a long export and reads only when told to."""

    def __init__(self, agent: AgentProcess) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(agent.socket))
        self.socket.sendall(b'{"ask":"journal.export","lane":"telemetry"}\n{"ask":"timezone"}\n')
        self._heard = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    async def sip(self) -> NoReturn:
        """A little now and then: a client that takes nothing for long is given up by the report itself."""
        while True:
            if select.select([self.socket], [], [], 0)[0]:
                self._heard += self.socket.recv(1 << 12)
            await asyncio.sleep(0.1)

    def rest(self) -> list[bytes]:
        """Everything until the answer to the second question, or the end."""
        heard = self._heard
        while not heard.endswith(b'"value":"Asia/Shanghai"}\n') and (more := self.socket.recv(1 << 16)):
            heard += more
        return heard.splitlines()


@pytest.fixture
def slow(agent: AgentProcess) -> Iterator[Slow]:
    with Slow(agent) as client:
        yield client


def asked(agent: AgentProcess, name: str, **arguments: Any) -> list[Any]:
    with Connection(str(agent.socket), 60) as connection:
        return list(connection.stream(name, **arguments))


async def one_report(agent: AgentProcess) -> int:
    return (await until("a report begins", lambda: reports(agent)))[0]


async def test_each_is_answered_and_leaves_no_process(agent: AgentProcess) -> None:
    *_, covered = await asyncio.to_thread(asked, agent, "coverage", radius_m=2000, geojson=True, svg="zh")
    assert (covered["gaps"], covered["radius_m"], len(covered["wins_m2"])) == (1, 2000, 10)
    parts = await asyncio.to_thread(asked, agent, "journal.export")  # of the telemetry, where no lane is named
    rows = [row for part in parts for row in part["rows"] if row["profile"] == "hydrant"]
    assert (len(rows), sum(row["value"] for row in rows if row["point"] == "tilt")) == (40_000, sum(range(10_000)))
    (verdict,) = await asyncio.to_thread(asked, agent, "journal.verify")
    assert verdict["ok"]
    pieces = await asyncio.to_thread(asked, agent, "journal.history", device="hydrant-007", point="tilt")
    assert [value for piece in pieces for _at, value, _quality in piece] == list(range(7, 10_000, 500))
    await until("every report has ended", lambda: not reports(agent))


async def test_it_runs_last_goes_first_and_holds_little(agent: AgentProcess, slow: Slow) -> None:
    pid = await one_report(agent)
    await until("it has lowered itself", lambda: os.sched_getscheduler(pid) == os.SCHED_IDLE)
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    assert Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "1000"
    await until("its memory is bounded", lambda: resource.prlimit(pid, resource.RLIMIT_DATA)[0] < 1 << 30)
    assert os.getpriority(os.PRIO_PROCESS, agent.child("core")) == 0


async def test_no_more_than_two_at_once_and_the_next_when_one_has_ended(agent: AgentProcess, slow: Slow) -> None:
    with Slow(agent) as second:
        await until("both run", lambda: len(reports(agent)) == MOST_REPORTS)
        with pytest.raises(RequestFailed) as no:
            await asyncio.to_thread(asked, agent, "coverage")
        assert no.value.code == "busy"
        second.socket.close()
        await until("one is gone with its client", lambda: len(reports(agent)) == 1)
    answers: list[Any] = []

    def taken() -> bool:
        try:
            answers.extend(asked(agent, "coverage"))
        except RequestFailed as early:  # core has yet to hear that one has ended
            assert early.code == "busy"
        return bool(answers)

    await asyncio.to_thread(soon, "the next is made", taken)
    assert answers[-1]["radius_m"] == 150
    assert (await asyncio.to_thread(slow.rest))[-1] == b'{"ok":true,"value":"Asia/Shanghai"}', "the next on its line"


async def test_one_that_is_killed_is_told_to_its_client_and_counted(agent: AgentProcess, slow: Slow) -> None:
    os.kill(await one_report(agent), signal.SIGKILL)
    lines = [line for line in await asyncio.to_thread(slow.rest) if line]
    assert json.loads(lines[-1])["value"] == "Asia/Shanghai", "the connection goes on"
    no = json.loads(lines[-2])
    assert (no["ok"], no["code"], no["reason"]["code"]) == (False, "too_large", "report.killed")
    (event,) = [e for e in (await agent.ask("events"))["recent"] if e["subject"] == "report"]
    assert (event["kind"], event["evidence"]["report"], event["evidence"]["failed"]) == (
        "self_fault",
        "journal.export",
        1,
    )
    assert (await asyncio.to_thread(asked, agent, "coverage"))[-1]["radius_m"] == 150


async def test_a_machine_out_of_memory_costs_the_report_and_nobody_else(agent: AgentProcess, slow: Slow) -> None:
    pid = await one_report(agent)
    core, supervisor = agent.child("core"), agent.pid
    with memory_group(f"hydronest-{supervisor}") as memory:
        memory.take(family(supervisor))
        memory.limit(48 << 20)
        sipping = asyncio.create_task(slow.sip())
        await asyncio.to_thread(memory.fill)
        await until("the kernel has ended the report", lambda: not lives(pid))
        sipping.cancel()
        await asyncio.wait([sipping])
        lines = [line for line in await asyncio.to_thread(slow.rest) if line]
        assert json.loads(lines[-2])["reason"]["code"] == "report.killed"
        assert (agent.child("core"), agent.pid) == (core, supervisor)
        assert (await asyncio.to_thread(asked, agent, "coverage"))[-1]["radius_m"] == 150


@pytest.mark.parametrize("who", ["core", "supervisor"])
async def test_none_outlives_core_or_the_supervisor(agent: AgentProcess, slow: Slow, who: str) -> None:
    pid = await one_report(agent)
    os.kill(agent.pid if who == "supervisor" else agent.child("core"), signal.SIGKILL)
    await until("it has ended", lambda: not lives(pid))
    lines = await asyncio.to_thread(slow.rest)
    assert not [line for line in lines if b"Asia/Shanghai" in line], "it is cut off"


async def test_a_stop_waits_for_no_report(agent: AgentProcess, slow: Slow) -> None:
    pid = await one_report(agent)
    assert await agent.stop() == 0
    await until("it has ended", lambda: not lives(pid))


async def test_it_lowers_itself_under_the_shipped_filter(site: Path) -> None:
    program = [sys.executable, "-m", "agent.cli", "run", str(site / "site.toml")]
    with (site / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, under_filter.__file__, str(UNIT), *program), stdout=log, stderr=log
        )
    agent = AgentProcess(site / "site.toml", site / "state/control.sock", site / "log")
    agent._process = process
    try:
        await until("it listens, or cannot", lambda: agent.socket.exists() or process.returncode is not None, 30)
        if process.returncode == under_filter.CANNOT:
            pytest.skip((site / "log").read_text().strip())
        await agent.ready()
        with Slow(agent) as slow:
            pid = await one_report(agent)
            await until("it has lowered itself", lambda: os.sched_getscheduler(pid) == os.SCHED_IDLE)
            assert os.getpriority(os.PRIO_PROCESS, pid) == 19
            await asyncio.to_thread(slow.rest)
        assert (await asyncio.to_thread(asked, agent, "coverage"))[-1]["radius_m"] == 150
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0
        assert "without a limit" not in (site / "log").read_text()
    finally:
        await agent.kill()
