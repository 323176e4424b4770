"""What a client hears of a report: how far it is, what it found, or why it found nothing; each end there is."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.control.client import Connection, RequestFailed
from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.core import report_broker
from agent.core.report_broker import ReportBroker
from agent.core.requests.reports import handed_over
from agent.judge.near import AssetStatus
from agent.reports import answer, process
from agent.reports.coverage import cover as covering
from agent.reports.coverage.report import coverage
from agent.reports.job import WORK, Job, work_of
from agent.runtime.control_wire import REPORT_LATE, Message, Say
from drivers.event import Event
from protocols.clock import boottime_ns
from tests.reports_here import reports_here
from tests.waiting import patient, until

Work = Callable[[Job], Iterator[Any]]


async def no_inputs(_request: Request) -> dict[str, Any]:
    return {}


@asynccontextmanager
async def reporting(path: Path, broker: ReportBroker) -> AsyncIterator[None]:
    """A server of one ask, `work`, which a report answers."""
    server = ControlServer(path)
    server.register("work", handed_over(broker, "work", no_inputs), "read")
    await server.start()
    try:
        yield
    finally:
        await server.close()


@asynccontextmanager
async def working(path: Path, monkeypatch: pytest.MonkeyPatch, work: Work) -> AsyncIterator[ReportBroker]:
    """The same, with `work` done in this process."""
    monkeypatch.setattr(process, "work_of", work)
    async with reports_here({}) as broker, reporting(path, broker):
        yield broker


def asked(path: Path, on_progress: Callable[[int, int], None] | None = None) -> list[Any]:
    with Connection(str(path), 10, on_progress) as connection:
        return list(connection.stream("work"))


async def test_progress_is_told_while_it_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "TELL_EVERY_S", 0.05)
    heard: list[tuple[int, int]] = []
    enough = threading.Event()

    def work(job: Job) -> Iterator[Any]:
        job.progress.reach(3, 7)
        enough.wait(10)
        yield "done"

    def progress(done: int, of: int) -> None:
        heard.append((done, of))
        if len(heard) == 3:
            enough.set()

    async with working(tmp_path / "s", monkeypatch, work):
        assert await asyncio.to_thread(asked, tmp_path / "s", progress) == ["done"]
    assert set(heard) == {(3, 7)}


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (RequestError("not_found", "report.same"), "not_found", "report.same"),
        (MemoryError(), "too_large", "report.memory"),
        (ZeroDivisionError("a bug"), "failed", "report.failed"),
    ],
)
async def test_what_ends_it_in_the_middle_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str, reason: str
) -> None:
    def work(_job: Job) -> Iterator[Any]:
        yield 1
        raise error

    async with working(tmp_path / "s", monkeypatch, work):
        with pytest.raises(RequestFailed) as no:
            await asyncio.to_thread(asked, tmp_path / "s")
    assert (no.value.code, no.value.reason.code) == (code, reason)


async def test_a_client_that_hangs_up_ends_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began, ended = threading.Event(), threading.Event()

    def work(job: Job) -> Iterator[Any]:
        began.set()
        try:
            while True:
                job.progress.reach(1, 2)
                threading.Event().wait(0.001)
                yield from ()
        finally:
            ended.set()

    async with working(tmp_path / "s", monkeypatch, work):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(tmp_path / "s"))
        client.sendall(b'{"ask":"work"}\n')
        await until("it works", began.is_set)
        client.close()
        await until("it has stopped", ended.is_set)


async def test_a_client_that_takes_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "TAKEN_WITHIN_S", 0.1)

    def work(_job: Job) -> Iterator[Any]:
        while True:
            yield "x" * 1_000_000

    async with working(tmp_path / "s", monkeypatch, work) as broker:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "s"))
            client.sendall(b'{"ask":"work"}\n')
            await until("a report begins", lambda: broker.made)
            await until("it was given up", lambda: not broker._running)
            client.setblocking(False)
            heard = b""
            async with patient("what was written and why no more", progress=lambda: len(heard)):
                while b'"ok":false' not in heard or not heard.endswith(b"\n"):
                    heard += await asyncio.get_running_loop().sock_recv(client, 1 << 16)
    *values, half, no = heard.splitlines()
    assert values == [], "it took the beginning of one"
    assert half.startswith(b'{"ok":true,"value":"xxx')
    assert not half.endswith(b"}")
    assert json.loads(no)["reason"]["code"] == "report.not_taken"


class Dying:
    """Stands for a supervisor whose reports do no more than write half a line."""

    def __init__(self, ended: Message | None) -> None:
        self.ended = ended
        self.events: list[Event] = []
        self.broker = ReportBroker(self.hand_over, {}, self.events.append, boottime_ns)

    def hand_over(self, number: int, descriptors: Sequence[int]) -> bool:
        os.write(descriptors[0], b'{"ok":true,"more":true,"va')
        if self.ended is not None:
            asyncio.get_running_loop().call_later(0.01, self.broker.heard, self.ended._replace(number=number))
        return True


@pytest.mark.parametrize(
    ("ended", "code", "reason"),
    [
        (Message(Say.REPORT_ENDED, value=-9.0), "too_large", "report.killed"),
        (Message(Say.REPORT_ENDED, REPORT_LATE, value=-9.0), "too_large", "report.late"),
        (Message(Say.REPORT_ENDED, value=70.0), "failed", "report.failed"),
        (None, "failed", "report.failed"),
    ],
)
async def test_half_a_line_and_no_report_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: Message | None, code: str, reason: str
) -> None:
    monkeypatch.setattr(report_broker, "ENDS_WITHIN_S", 0.5)
    dying = Dying(ended)
    async with reporting(tmp_path / "s", dying.broker):
        with pytest.raises(RequestFailed) as no:
            await asyncio.to_thread(asked, tmp_path / "s")
    assert (no.value.code, no.value.reason.code) == (code, reason)
    (event,) = dying.events
    assert (event.subject, event.evidence["report"], event.evidence["failed"]) == ("report", "work", 1)


async def test_a_supervisor_that_has_no_hand_free_is_busy(tmp_path: Path) -> None:
    broker = ReportBroker(lambda _number, _descriptors: False, {}, lambda _event: None, boottime_ns)
    async with reporting(tmp_path / "s", broker):
        for _ in range(3):  # and nothing is left over of one that was refused
            with pytest.raises(RequestFailed) as no:
                await asyncio.to_thread(asked, tmp_path / "s")
            assert no.value.code == "busy"


def test_more_than_it_may_hold_is_a_no_of_its_own() -> None:
    """In a process of its own: a limit cannot be taken back."""
    code = (
        "from agent.reports.limits import MEMORY_MB, take_little\n"
        "take_little()\n"
        "few = bytearray(MEMORY_MB // 2 << 20)\n"
        "try:\n    bytearray(MEMORY_MB << 20)\nexcept MemoryError:\n    print('no more')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "no more\n"


def test_every_name_has_its_work() -> None:
    for name, module in WORK.items():
        assert name in __import__(module, fromlist=("ANSWERS",)).ANSWERS
    with pytest.raises(KeyError):
        work_of(Job("made up", {}, {}, None, answer.Progress()))  # type: ignore[arg-type]


def test_too_many_hydrants_are_refused_with_what_to_ask_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covering, "MOST_SPANS", 1_000)
    things = [AssetStatus(f"H{n}", "hydrant", 118 + n * 0.001, 28.0, "serviceable") for n in range(20)]

    def answered(radius_m: float) -> list[Any]:
        inputs = {"radius_m": radius_m, "things": [{"id": s.id, "kind": s.kind, "lon": s.lon, "lat": s.lat,
                                                    "state": s.state} for s in things]}  # fmt: skip
        return list(coverage(Job("coverage", {}, inputs, None, answer.Progress())))  # type: ignore[arg-type]

    with pytest.raises(RequestError) as no:
        answered(2000.0)
    assert (no.value.code, no.value.reason.code) == ("too_large", "coverage.too_much")
    remedy = no.value.remedy
    assert remedy is not None and remedy.code == "coverage.smaller_radius"
    most = remedy.facts["most_m"]
    assert isinstance(most, float) and 10 < most < 2000
    assert answered(most * 0.5)[-1]["radius_m"] == most * 0.5
