"""The process that reads OPC UA and core's side of it, joined in one loop: what passes, what becomes of trouble."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from agent.control.request import RequestError
from agent.control.server import ControlServer
from agent.core.opcua_side import OpcuaSide
from agent.core.source_times import SourceTimes
from agent.link import opcua_messages as said
from agent.link.channel import Channel
from agent.link.messages import CLOCK
from agent.opcua.process import Reader
from agent.opcua.questions import MOST_AT_ONCE, Questions
from agent.settings.load import load
from agent.settings.settings import Settings
from drivers.event import Event, EventKind
from hil.opcua.hydrant import WATER_NAMESPACE
from protocols.clock import boottime_ns
from protocols.opcua.certificate import ensure_own
from protocols.opcua.trust_store import fingerprint
from protocols.reason import Reason
from tests.opcua.a_site import a_server, site_file
from tests.opcua.conftest import Kept
from tests.opcua.test_technician import hydronest
from tests.waiting import until

PRESSURE = f"nsu={WATER_NAMESPACE};s=H1.Pressure"


class Core(Kept):
    """An intake that keeps everything, and core's side."""

    def __init__(self, settings: Settings, lines: tuple[str, ...] = ("water",), trust: Path | None = None) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.parked_jobs: list[tuple[str, Reason | None]] = []
        self.notes: dict[str, object] = {}
        devices = {device.id for device in settings.site.devices}
        self.times = SourceTimes(devices, {}, {}, self.notes.__setitem__)
        self.side = OpcuaSide(dict.fromkeys(lines, trust), devices, self, self.times, boottime_ns)

    def parked(self, job: str, reason: Reason | None) -> None:
        self.parked_jobs.append((job, reason))
        self._news.set()

    def unparked(self, job: str) -> None:
        self.parked_jobs.append((job, None))

    def told(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def live(self, sock: socket.socket) -> None:
        """One life of the other process, as `Peers` would see it."""
        channel = Channel("opcua", sock, self.side.heard)
        channel.post(CLOCK, [boottime_ns(), time.time_ns(), 5])
        self.side.begun(channel)
        await channel.run()
        self.side.ended()


class Joined:
    """Both, running."""

    def __init__(self, settings: Settings, core: Core) -> None:
        self.core = core
        self.stopping = asyncio.Event()
        ours, its = socket.socketpair()
        self.reader = Reader(settings, self.stopping)
        self.reading = asyncio.create_task(self.reader.live(its))
        self.core_lives = asyncio.create_task(core.live(ours))

    async def end(self, *, told: bool) -> None:
        """The reader's end; `told` by the supervisor, or out of the blue."""
        if told:
            self.stopping.set()
        self.reading.cancel()
        await asyncio.wait([self.reading, self.core_lives])


@contextlib.asynccontextmanager
async def joined(tmp_path: Path, port: int) -> AsyncIterator[Joined]:
    settings = load(site_file(tmp_path, port))
    both = Joined(settings, Core(settings))
    try:
        yield both
    finally:
        await both.end(told=True)


async def test_core_has_what_the_server_showed_and_layouts_are_one(tmp_path: Path) -> None:
    async with a_server() as server, joined(tmp_path, server.port) as both:
        core = both.core
        await core.until(lambda: len(core.good("H2", "pressure")) > 20)
        await core.until(lambda: core.side.lines[0].counters())
        for value, source_ns, _ in core.good("H1", "pressure"):
            assert source_ns is not None
            assert server.truth.at("H1.Pressure", source_ns) == value
        assert core.states == [("water", True, "connected")]
        layouts = {sample.layout.points: sample.layout for sample in core.samples}
        assert all(sample.layout is layouts[sample.layout.points] for sample in core.samples)
        assert any(sample.quality is sample.layout.good for sample in core.samples)
        counted = core.side.lines[0].counters()["water"]
        assert counted["up"] is True
        assert counted["not_taken"] == 0


async def test_an_end_we_were_told_is_no_line_down_another_is(tmp_path: Path) -> None:
    async with a_server() as server:
        for told in (True, False):
            settings = load(site_file(tmp_path, server.port))
            both = Joined(settings, Core(settings))
            await both.core.until(lambda both=both: both.core.states)  # type: ignore[misc]  # bound early on purpose
            await both.end(told=told)
            assert both.core.states[1:] == ([] if told else [("water", False, str(Reason("opcua.process_ended")))])


async def test_the_lines_rest_when_core_is_gone_and_go_on_from_what_it_has(tmp_path: Path) -> None:
    async with a_server() as server:
        settings = load(site_file(tmp_path, server.port))
        core = Core(settings)
        first = Joined(settings, core)
        await core.until(lambda: len(core.good("H1", "pressure")) > 5)
        first.core_lives.cancel()
        await asyncio.wait([first.reading])
        assert not [task for task in asyncio.all_tasks() if "line water" in task.get_name()]
        before = max(at for _, at, _ in core.good("H1", "pressure") if at)
        await server.shown("H1.Pressure", len(server.truth.values["H1.Pressure"]) + 60)
        second = Joined(settings, core)
        counters: Callable[[], Any] = lambda: core.side.lines[0].counters().get("water", {})  # noqa: E731
        await core.until(lambda: counters().get("backfilled") and not counters()["backfill_waiting"], seconds=30)
        await second.end(told=True)
        times = sorted(at for _, at, _ in core.good("H1", "pressure") if at)
        assert times == [at for at, _ in server.truth.between("H1.Pressure", times[0] - 1, times[-1] + 1)]
        assert any(back and at and at > before for _, at, back in core.good("H1", "pressure"))


async def test_what_core_does_not_take_is_told_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Core stands still until its channel is full; nothing of it is missing in the end."""
    monkeypatch.setattr("agent.link.channel.FULL", 20_000)
    async with a_server() as server:
        settings = load(site_file(tmp_path, server.port))
        core = Core(settings)
        ours, its = socket.socketpair()
        for end in (ours, its):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        reader = Reader(settings, asyncio.Event())
        reading = asyncio.create_task(reader.live(its))
        hears = asyncio.Event()
        hears.set()
        channel = Channel("opcua", ours, core.side.heard)
        channel.post(CLOCK, [boottime_ns(), time.time_ns(), 5])
        core.side.begun(channel)
        running = asyncio.create_task(channel.run())
        await core.until(lambda: len(core.good("H1", "pressure")) > 5)
        asyncio.get_running_loop().remove_reader(ours)  # it hears nothing more
        await until("core takes no more", lambda: reader._not_taken)
        await server.shown("H1.Pressure", len(server.truth.values["H1.Pressure"]) + 20)
        asyncio.get_running_loop().add_reader(ours, channel._readable)
        await core.until(lambda: core.events, seconds=30)
        seen = len(core.samples)
        await core.until(lambda: len(core.samples) > seen + 10, seconds=30)
        counters: Callable[[], Any] = lambda: core.side.lines[0].counters().get("water", {})  # noqa: E731
        await core.until(lambda: counters().get("backfilled") and not counters()["backfill_waiting"], seconds=30)
        for task in (reading, running):
            task.cancel()
        await asyncio.wait([reading, running])
        times = sorted(at for _, at, _ in core.good("H1", "pressure") if at)
        assert times == [at for at, _ in server.truth.between("H1.Pressure", times[0] - 1, times[-1] + 1)]
        assert {event.kind for event in core.events} == {EventKind.DATA_LOST}
        assert counters()["not_taken"] > 0


async def test_a_secret_that_cannot_be_read_parks_its_line_and_is_told(tmp_path: Path) -> None:
    file = site_file(tmp_path, 1)
    file.write_text(
        file.read_text().replace(
            'kind = "opcua"', 'kind = "opcua"\nuser = "u"\nallow_plain = true\npassword_file = "none"'
        ),
        encoding="utf-8",
    )
    secret = tmp_path / "none"
    secret.touch(0o600)
    settings = load(file)
    secret.unlink()
    both = Joined(settings, Core(settings))
    await both.core.until(lambda: both.core.parked_jobs)
    await both.end(told=True)
    ((job, reason),) = both.core.parked_jobs
    assert job == "line water"
    assert reason is not None
    assert (reason.code, reason.facts["file"]) == ("file.trouble", str(tmp_path / "none"))


async def test_it_speaks_for_its_own_devices_and_lines_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    core = Core(load(site_file(tmp_path, 1)))
    ours, its = socket.socketpair()
    living = asyncio.create_task(core.live(ours))
    rows = [[name, 0, 1, [1.0], None, 5_000, False] for name in ("H1", "N1")]
    gaps = {"H1": {"flow": [[1, 2, []]]}, "N1": {"flow": [[1, 2, []]]}}
    for kind, body in (
        ("layout", [0, "p", ["flow"], ["L/s"]]),
        ("samples", {"rows": rows, "part": 0, "gaps": gaps}),
        (said.LINE_STATE, ["nest", False, {"code": "x", "facts": {}}]),
        (said.COUNTERS, {"nest": {}}),
        (said.PARKED, ["nest", {"code": "x", "facts": {}}]),
        (said.PARKED, ["water", "why"]),
        (said.PARKED, ["water", {"code": "x", "facts": {}}]),
    ):
        its.sendall(json.dumps({"k": kind, "b": body}).encode() + b"\n")
    await core.until(lambda: core.parked_jobs)
    its.close()
    await living
    assert core.parked_jobs == [("line water", Reason("x"))]
    assert [sample.device for sample in core.samples] == ["H1"]
    assert list(core.notes) == ["gaps:H1"]
    assert {line for line, _, _ in core.states} == {"water"}
    assert "speaks for N1" in caplog.text


async def test_through_the_agent(tmp_path: Path) -> None:
    """The agent's own folder, its own rights: the technician needs neither key nor settings. Core writes what it
    believes, not the process that hears the server.
    """
    pair = ensure_own(tmp_path / "server", "urn:freeopcua:python:server", "localhost")
    async with a_server(certificate=pair) as server:
        settings, pinned = load(site_file(tmp_path, server.port)), tmp_path / "pinned.der"
        both = Joined(settings, Core(settings, trust=pinned))
        control = ControlServer(tmp_path / "control.sock")
        both.core.side.register(control)
        await control.start()
        try:
            options = ("--socket", str(tmp_path / "control.sock"), "--lang", "en", "--json")
            code, out, _ = await hydronest("opcua", "read", "water", PRESSURE, *options)
            assert (code, json.loads(out)[0]["good"]) == (0, True)
            code, out, _ = await hydronest("opcua", "browse", "water", f"nsu={WATER_NAMESPACE};s=H2", *options)
            assert {row["name"] for row in json.loads(out)} >= {"Pressure", "Flow"}
            code, _, err = await hydronest("opcua", "read", "fire", PRESSURE, *options)
            assert (code, "no OPC UA line fire" in err) == (65, True)
            with pytest.raises(RequestError) as refused:
                await both.core.side.accept("water", "AB:CD")
            assert (refused.value.code, pinned.exists()) == ("refused", False)
            shown = fingerprint(pair[0].read_bytes())
            assert await both.core.side.accept("water", shown) == {"kept_at": str(pinned), "fingerprint": shown}
            assert pinned.read_bytes() == pair[0].read_bytes()
        finally:
            await control.close()
            await both.end(told=True)


async def test_without_such_a_line_or_process_the_answer_says_so(tmp_path: Path) -> None:
    settings = load(site_file(tmp_path, 1))
    with pytest.raises(RequestError, match="no OPC UA line water") as no:
        await Core(settings, ()).side.ask(said.OFFERS, "water")
    assert no.value.remedy == Reason("opcua.no_lines_here")
    with pytest.raises(RequestError, match="ended"):
        await Core(settings).side.ask(said.OFFERS, "water")


async def test_a_few_questions_at_once_each_within_its_time() -> None:
    class Slow:
        async def offers(self, _line: str) -> None:
            await asyncio.Event().wait()

    questions = Questions(Slow(), within_s=0.05)  # type: ignore[arg-type]
    asked = [asyncio.ensure_future(questions.handlers[said.OFFERS]({"line": "x"})) for _ in range(MOST_AT_ONCE)]
    await asyncio.sleep(0)
    with pytest.raises(RequestError) as busy:
        await questions.handlers[said.OFFERS]({"line": "x"})
    assert busy.value.code == "busy"
    for outcome in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(outcome, RequestError)
        assert outcome.code == "no_answer"
    with pytest.raises(RequestError, match="did not say all"):
        await questions.handlers[said.OFFERS]({"line": "x"})


def test_gaps_are_kept_with_their_samples_and_forgotten_with_their_devices() -> None:
    kept: list[tuple[str, object]] = []
    notes: dict[str, object] = {"gaps:H1": {"flow": [[1, 2, []]]}, "gaps:gone": {"flow": [[1, 2, []]]}, "other": 1}
    times = SourceTimes({"H1", "H2"}, {("H1", "flow"): 7}, notes, lambda *note: kept.append(note))
    assert kept == [("gaps:gone", None)]
    assert times.told() == [["H1", "flow", 7, [[1, 2, []]]]]
    times.changed({"H1": {"flow": [], "pressure": [[3, 0, [4]]]}, "H2": {"flow": []}})
    assert kept[1:] == [("gaps:H1", {"pressure": [[3, 0, [4]]]}), ("gaps:H2", None)]
    assert times.told() == [["H1", "flow", 7, []], ["H1", "pressure", None, [[3, 0, [4]]]]]
