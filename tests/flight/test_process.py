"""Flight goes on alone: kill -9 of everything beside it and of itself, in the real tree of processes.

The short form kills them one after the other in one flight, the long one (`slow`) each of them in each phase.
"""

import os
import signal
from pathlib import Path

import pytest

from hil.processes import lives
from tests.bench.flight.machine import SlowCard
from tests.flight.alone import PHASES, Alone, alone
from tests.waiting import until


def restarts(found: Alone, flight: str) -> int:
    """How often the flight was taken up again, by its own record."""
    return [entry["kind"] for entry in found.record(flight)].count("restarted")


@pytest.mark.timeout(240)
async def test_one_flight_outlives_all_its_neighbours_and_itself(tmp_path: Path) -> None:
    async with alone(tmp_path) as found:
        flight = await found.fly()
        for phase, child in zip(PHASES, ("core", "uplinks", "flight", "core", "flight"), strict=True):
            await found.until_in(phase)
            await found.kill(child)
            if phase == "on_scene":
                await found.recalled()
        await found.home()
        found.no_accident()
        await found.nothing_lost(flight)
        assert restarts(found, flight) == 2


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("child", ["core", "uplinks", "flight"])
async def test_each_is_killed_in_each_phase(tmp_path: Path, child: str, phase: str) -> None:
    async with alone(tmp_path) as found:
        flight = await found.fly()
        await found.until_in(phase)
        await found.kill(child)
        await found.home()
        found.no_accident()
        await found.nothing_lost(flight)
        assert restarts(found, flight) == (child == "flight")


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_whoever_reads_opc_ua_and_whoever_reports_are_killed_in_each_phase(tmp_path: Path) -> None:
    async with alone(tmp_path, opcua=True) as found:
        flight, beside = await found.fly(), {child: found.pid(child) for child in ("core", "uplinks", "flight")}
        for phase in PHASES:
            await found.until_in(phase)
            await found.kill("opcua")
            await found.kill_a_report()
            if phase == "on_scene":
                await found.recalled()
        await found.home()
        found.no_accident()
        assert {child: found.pid(child) for child in beside} == beside
        await found.nothing_lost(flight)
        assert restarts(found, flight) == 0


@pytest.mark.realtime
@pytest.mark.timeout(240)
async def test_a_recall_needs_no_core_no_uplink_no_clock_and_no_card(tmp_path: Path) -> None:
    """A flight that began anew beside a core that does not speak knows no clock; and no sync of the card ends."""
    try:
        card = SlowCard(tmp_path / "card")
    except FileNotFoundError as why:
        pytest.skip(str(why))
    async with alone(tmp_path / "site", card.environment) as found:
        await found.fly()
        await found.until_in("outbound")
        await until("that is kept", lambda: found.kept() == "outbound")  # or its next life has not set out
        os.kill(found.agent.pid, signal.SIGSTOP)  # nobody is started anew
        old, before = found.pid("core"), found.pid("flight")
        for pid in (old, found.pid("uplinks"), before):
            os.kill(pid, signal.SIGKILL)
        os.kill(found.agent.pid, signal.SIGCONT)
        core = await until("a new core", lambda: pid if (pid := found.pid("core")) != old else 0, 20)
        os.kill(core, signal.SIGSTOP)
        await found.until_another("flight", before)
        await found.until_nest("flight attends", lambda nest: nest.get("phase") in {"outbound", "on_scene"})
        ready = await found.flight.ask("nest.ready", nest="N1")
        blocks = {lock["name"] for lock in ready["interlocks"] if not lock["ok"]}
        assert {"clock_trusted", "journal_writable"} <= blocks
        card.late(600_000)
        await found.recalled()
        await until("it turns", lambda: found.world.auto.mode in {"rtl", "land"}, 5)
        await found.home()
        found.no_accident()
        card.late(0)


@pytest.mark.timeout(240)
async def test_flight_goes_on_without_its_supervisor_until_the_next_one_takes_it_over(tmp_path: Path) -> None:
    async with alone(tmp_path) as found:
        flight = await found.fly()
        await found.until_in("on_scene")
        before = {child: found.pid(child) for child in ("core", "uplinks", "flight")}
        os.kill(found.agent.pid, signal.SIGKILL)
        await until("core and uplinks end", lambda: not (lives(before["core"]) or lives(before["uplinks"])), 20)
        assert lives(before["flight"])
        await found.recalled()
        await found.agent.start()
        after = await until(
            "another flight", lambda: pid if (pid := found.pid("flight")) != before["flight"] else 0, 30
        )
        await until("the first has let go", lambda: not lives(before["flight"]), 20)
        assert lives(after)
        await found.agent.ready()
        await found.home()
        assert found.pid("flight") == after
        found.no_accident()
        await found.nothing_lost(flight)
        assert restarts(found, flight) == 1


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_without_any_supervisor_it_is_brought_home_and_ends(tmp_path: Path) -> None:
    async with alone(tmp_path) as found:
        flight = await found.fly()
        await found.until_in("outbound")
        left = found.pid("flight")
        os.kill(found.agent.pid, signal.SIGKILL)
        await until("it ends by itself", lambda: not lives(left), 60, lambda: found.world.auto.place)
        found.no_accident()
        await found.agent.start()
        await found.agent.ready()
        await found.home()
        await found.nothing_lost(flight)
        assert restarts(found, flight) == 0
