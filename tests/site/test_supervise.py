import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agent.runtime import jobs
from agent.runtime.jobs import (
    BUGS_BEFORE_PARKING,
    LONGEST_PAUSE_S,
    PARKED_S,
    Job,
    JobState,
    SettingsMistake,
    supervise,
)
from agent.runtime.systemd import notify, watchdog_interval_s
from protocols.errors import NoAnswer
from tests.waiting import patient


class Rig:
    """A job whose runs end as scripted, and last one returns; records the pauses between them."""

    def __init__(self, *ends: BaseException | None) -> None:
        self.ends = list(ends)
        self.pauses: list[float] = []
        self.told: list[str] = []
        self.states: list[JobState] = []
        self.job = Job("line east")

    async def work(self) -> None:
        self.states.append(self.job.state)
        end = self.ends.pop(0) if self.ends else None
        if end is not None:
            raise end

    async def sleep(self, seconds: float) -> None:
        self.states.append(self.job.state)
        self.pauses.append(seconds)

    async def run(self) -> None:
        await supervise(
            self.job,
            self.work,
            lambda job: self.told.append(f"parked: {job.trouble}"),
            lambda _job: self.told.append("back"),
            sleep=self.sleep,
            jitter=lambda: 0.5,
        )


async def test_what_is_transient_is_waited_out_with_growing_pauses() -> None:
    rig = Rig(*[NoAnswer("silence")] * 12)
    await rig.run()
    assert rig.job.state is JobState.ENDED
    assert rig.pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert rig.pauses[-1] == LONGEST_PAUSE_S
    assert rig.job.bugs == 0
    assert rig.told == []


async def test_a_settings_mistake_parks_at_once_and_is_looked_at_each_minute() -> None:
    rig = Rig(*[SettingsMistake("lines[0].port: no such tty")] * 5)
    await rig.run()
    assert rig.told == ["parked: lines[0].port: no such tty", "back"]  # told once, however often it was tried
    assert rig.pauses == [PARKED_S] * 5
    assert rig.states == [JobState.RUNNING, *[JobState.PARKED] * 10]  # it never shows as what it is not
    assert (rig.job.state, rig.job.trouble) == (JobState.ENDED, None)


async def test_a_bug_is_tried_a_few_times_then_parks_and_says_where() -> None:
    rig = Rig(*[KeyError("unit")] * (BUGS_BEFORE_PARKING + 2))
    await rig.run()
    assert rig.pauses == [0.5, 1.0, *[PARKED_S] * 3]
    assert len(rig.told) == 2
    assert "KeyError" in rig.told[0]
    assert "test_supervise.py:" in rig.told[0]
    assert rig.told[1] == "back"


async def test_a_parked_job_that_finds_its_wire_silent_is_parked_no_more() -> None:
    rig = Rig(SettingsMistake("no key"), NoAnswer("silence"))
    await rig.run()
    assert rig.told == ["parked: no key", "back"]
    assert rig.pauses == [PARKED_S, 0.5]


async def test_a_parked_job_that_runs_again_is_back_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PROVEN_S", 0.0)
    rig, running = Rig(SettingsMistake("no key")), asyncio.Event()

    async def work() -> None:
        await rig.work()
        running.set()
        await asyncio.Event().wait()

    told: list[str] = []
    task = asyncio.create_task(
        supervise(rig.job, work, lambda _job: told.append("parked"), lambda _job: told.append("back"), sleep=rig.sleep)
    )
    await running.wait()
    for _ in range(5):
        await asyncio.sleep(0)
    assert (told, rig.job.state, rig.job.trouble) == (["parked", "back"], JobState.RUNNING, None)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelling_ends_the_job() -> None:
    started = asyncio.Event()

    async def forever() -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(supervise(Job("x"), forever, lambda job: None))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_one_parked_job_leaves_the_others_running() -> None:
    done = asyncio.Event()

    async def good() -> None:
        await done.wait()

    bad = Job("bad")
    works: list[tuple[Job, Callable[[], Awaitable[None]]]] = [
        (bad, Rig(SettingsMistake("bad")).work),
        (Job("good"), good),
    ]
    async with patient("both end"), asyncio.TaskGroup() as group:
        tasks = [group.create_task(supervise(job, work, lambda job: done.set())) for job, work in works]
        await asyncio.wait([tasks[1]])
        assert (bad.state, tasks[1].exception()) == (JobState.PARKED, None)
        tasks[0].cancel()


def test_notify_reaches_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        notify("READY=1")
        assert systemd.recv(100) == b"READY=1"
    notify("WATCHDOG=1")  # systemd gone: no error
    monkeypatch.setenv("WATCHDOG_USEC", "20000000")
    assert watchdog_interval_s() == 10.0
    monkeypatch.setenv("WATCHDOG_USEC", "")
    assert watchdog_interval_s() is None
