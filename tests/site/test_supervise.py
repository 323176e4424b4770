import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agent.runtime.jobs import BUGS_BEFORE_PARKING, LONGEST_PAUSE_S, Job, JobState, SettingsMistake, supervise
from agent.runtime.systemd import notify, watchdog_interval_s
from protocols.errors import NoAnswer


class Rig:
    """A job whose runs end as scripted; records the pauses between them."""

    def __init__(self, *ends: BaseException | None) -> None:
        self.ends = list(ends)
        self.pauses: list[float] = []
        self.parked: list[str] = []
        self.job = Job("line east")

    async def work(self) -> None:
        end = self.ends.pop(0)
        if end is not None:
            raise end

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def run(self) -> None:
        await supervise(
            self.job, self.work, lambda job: self.parked.append(job.trouble), sleep=self.sleep, jitter=lambda: 0.5
        )


async def test_weather_is_waited_out_with_growing_pauses() -> None:
    rig = Rig(*[NoAnswer("silence")] * 12, None)
    await rig.run()
    assert rig.job.state is JobState.ENDED
    assert rig.pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert rig.pauses[-1] == LONGEST_PAUSE_S
    assert rig.job.bugs == 0
    assert rig.parked == []


async def test_a_settings_mistake_parks_at_once() -> None:
    rig = Rig(SettingsMistake("lines[0].port: no such tty"))
    await rig.run()
    assert rig.job.state is JobState.PARKED
    assert rig.parked == ["lines[0].port: no such tty"]
    assert rig.pauses == []


async def test_a_bug_is_tried_a_few_times_then_parks_and_says_where() -> None:
    rig = Rig(*[KeyError("unit")] * BUGS_BEFORE_PARKING)
    await rig.run()
    assert rig.job.state is JobState.PARKED
    assert rig.job.starts == BUGS_BEFORE_PARKING
    assert len(rig.parked) == 1
    assert "KeyError" in rig.parked[0]
    assert "test_supervise.py:" in rig.parked[0]


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

    rig = Rig(SettingsMistake("bad"))
    works: list[tuple[Job, Callable[[], Awaitable[None]]]] = [(rig.job, rig.work), (Job("good"), good)]
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        tasks = [group.create_task(supervise(job, work, lambda job: done.set())) for job, work in works]
    assert all(task.done() and task.exception() is None for task in tasks)


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
