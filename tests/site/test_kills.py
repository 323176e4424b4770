"""kill -9 of the agent, again and again, with the platform gone for a while: nothing committed is lost or doubled."""

import asyncio
import random
import sqlite3
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.journal.closed import closed_journal
from agent.runtime.kernel_boot import kernel_boot_id
from drivers.sample import Value
from hil.simulated_site import SimulatedSite
from hil.simulated_site.agent_process import AgentProcess
from protocols.clock import boottime_ns
from tests.waiting import patient, scaled, slowness

COMMIT_S = 0.25
LATE_S = 2.5
SLACK_S = 0.6  # an answer on its way, a transaction being written, this machine's scheduling


def saw_tooth(town: SimulatedSite, hydrant: str) -> None:
    """A pressure that moves more than any dead-band between two reads, so that every read is kept."""
    says = town.terminals[hydrant].says

    def at(now_ns: int) -> Mapping[str, Value]:
        return {**says(now_ns), "pressure": 200.0 + 10.0 * (now_ns / 1e9 % 17.0)}

    town.terminals[hydrant].says = at


class Received:
    """What the platform has, value by value with the read time on the boot clock."""

    def __init__(self, town: SimulatedSite) -> None:
        self.pressures: dict[str, list[tuple[int, float]]] = {}
        self.sourced: list[tuple[str, str, int, float]] = []
        for message in town.store.messages("telemetry"):
            assert message["kernel_boot"] == kernel_boot_id()
            for frame in message["frames"]:
                self._frame(frame, message["mono_ms"])

    def _frame(self, frame: dict[str, Any], mono_ms: int) -> None:
        for column, point in enumerate(frame["points"]):
            for row, device in enumerate(frame["device"]):
                value = frame["values"][column][row]
                if "quality" in frame and frame["quality"][column][row]:
                    continue
                if point == "pressure" and "source_ms" not in frame:
                    self.pressures.setdefault(device, []).append((mono_ms + frame["at_ms"][row], value))
                elif point == "pressure":
                    self.sourced.append((device, point, frame["source_ms"][row], value))


def float32(value: Value) -> float:
    assert isinstance(value, int | float)
    return float(struct.unpack(">f", struct.pack(">f", value))[0])


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kills", [6, pytest.param(20, marks=pytest.mark.slow)])
async def test_kills_lose_nothing_that_was_committed(tmp_path: Path, kills: int) -> None:
    chance = random.Random(20)
    slow = 1.0  # this machine at its worst, while it ran
    down: list[tuple[int, int]] = []  # (killed, next reading possible) on the boot clock
    poll = "poll_s = { alarm = 1, fast = 1, slow = 30 }\n"
    async with SimulatedSite(tmp_path, confirm="platform", poll_s=poll, commit_every_s=COMMIT_S) as town:
        for hydrant in town.terminals:
            saw_tooth(town, hydrant)
        text = town.site_file.read_text(encoding="utf-8")
        town.site_file.write_text(text.replace('confirm = "platform"', 'confirm = "platform"\norder = "strict"'))
        async with AgentProcess(town.site_file, town.state_dir / "control.sock", tmp_path / "agent.log") as agent:
            for kill in range(kills):
                await agent.start()
                await agent.ready()
                if down:
                    down[-1] = (down[-1][0], boottime_ns())
                await asyncio.sleep(scaled(0.8 + chance.random() * 1.8))
                slow = max(slow, slowness())
                if kill == kills // 4:
                    await town.stop_platform()
                if kill == kills // 2:
                    await town.start_platform()
                down.append((boottime_ns(), 0))
                await agent.kill()
            await agent.start()
            await agent.ready()
            down[-1] = (down[-1][0], boottime_ns())
            await asyncio.sleep(scaled(2.0))
            await drained(agent)
            assert await agent.stop() == 0, agent.last_words()
        ended_ns = boottime_ns()

        committed = nothing_is_lost(town)
        assert len(committed) > kills
        assert sorted(seq for _, seq in committed) == list(range(1, len(committed) + 1))
        for priority in ("event", "telemetry"):
            seqs = [seq for _, _, seq in town.store.order(priority)]
            assert seqs == sorted(seqs)

        received = Received(town)
        nothing_was_made_up(town, received, kills, slow)
        kept = only_what_a_kill_may_cost_is_missing(town, received, down, ended_ns, slow)
        assert kept > kills


async def drained(agent: AgentProcess) -> None:
    backlog = -1
    async with patient("all is sent", 30, lambda: backlog):
        while backlog := (await agent.ask("status"))["uplinks"][0]["backlog"]:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


def journal_keys(path: Path) -> set[tuple[str, int]]:
    """(boot, seq) of every row the journal holds, read by another SQLite than the agent's."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        rows = [row for priority in ("event", "telemetry") for row in db.execute(f"SELECT boot, seq FROM {priority}")]
    db.close()
    return {(f"{boot:012x}", seq) for boot, seq in rows}


def nothing_is_lost(town: SimulatedSite) -> set[tuple[str, int]]:
    """What the stopped agent's journal has; the platform has all of it but what was committed while it stopped, which
    the journal still owes.
    """
    file = town.state_dir / "journal.db"
    committed, arrived = journal_keys(file), {(boot, seq) for _, boot, seq in town.store.order()}
    with closed_journal(file) as reader:
        spans = [span for lanes in reader.unsent.values() for spans in lanes.values() for span in spans]
    assert arrived <= committed, "nothing was made up"
    assert {key for key in committed - arrived if not any(lo <= key[1] <= hi for lo, hi in spans)} == set()
    return committed


def nothing_was_made_up(town: SimulatedSite, received: Received, kills: int, slow: float) -> None:
    """Each value is one its own sensor showed at that time."""
    assert sum(map(len, received.pressures.values())) > 5 * kills
    latest_ms = round(400 * slow)  # from the sensor to the end of its answer
    for device, readings in received.pressures.items():
        for at_ms, value in readings:
            shown = town.terminals[device].showed("pressure", (at_ms - latest_ms) * 10**6, (at_ms + 1) * 10**6)
            assert float32(value) in {float32(one) for one in shown}, (device, at_ms, value, shown)
    assert town.company is not None
    units = {place.id: place.unit for place in town.places}
    assert received.sourced
    for device, _, source_ms, value in received.sourced:
        node = f"{units[device]}.Pressure"
        near = [
            shown for _, shown in town.company.truth.between(node, source_ms * 10**6 - 10**6, source_ms * 10**6 + 10**6)
        ]
        assert value in near, (device, source_ms, value, near)


def only_what_a_kill_may_cost_is_missing(
    town: SimulatedSite, received: Received, down: list[tuple[int, int]], ended_ns: int, slow: float
) -> int:
    """Every answer a terminal gave is kept, but within a commit interval before a kill and while no agent ran.

    Returns how many are.
    """
    slack_s, late_s = SLACK_S * slow, LATE_S * slow
    excused = [(killed - round((COMMIT_S + slack_s) * 1e9), up) for killed, up in down]
    kept = late = 0
    for hydrant, terminal in town.terminals.items():
        times = [at_ms for at_ms, _ in received.pressures.get(hydrant, ())]
        for at_ns, said in zip(terminal._times, terminal._values, strict=True):
            if "pressure" not in said or at_ns > ended_ns - round((slack_s + late_s) * 1e9):
                continue
            if any(since <= at_ns <= until for since, until in excused):
                continue
            after = [at_ms - at_ns / 1e6 for at_ms in times if at_ms >= at_ns / 1e6 - 1]
            if after and after[0] <= 500 * slow:
                kept += 1
                continue
            # On a starved machine an answer can come after its deadline: then it is no answer, and asked for again.
            in_time = bool(after) and after[0] <= late_s * 1000
            assert in_time or any(0 < since - at_ns < late_s * 1e9 for since, _ in excused), (
                hydrant, at_ns / 1e6, after[:1], down,
            )  # fmt: skip
            late += 1
    assert late <= 0.05 * kept
    return kept
