"""Crowds at the agent's own sockets: questions that cost, clients that say nothing, clients that never stop."""

import asyncio
import contextlib
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import orjson

from tests.bench.flight.again import again, beside
from tests.bench.flight.crowd import asked
from tests.bench.flight.scenario import Rig

LINES, UNITS = 50, 200
ANSWER_S = 120.0


def ten_thousand_hydrants() -> str:
    """For the site file: hydrants on lines where nobody answers, each line a host of its own."""
    out = []
    for line in range(LINES):
        out.append(f'[[lines]]\nid = "dead{line}"\nkind = "tcp"\nhost = "127.1.0.{line + 1}"\nport = 502\n')
        for unit in range(1, UNITS + 1):
            lon, lat = 118.80 + (line % 10) * 0.01 + unit * 0.00005, 28.90 + line * 0.002
            out.append(
                f'[[devices]]\nid = "X{line}-{unit}"\nkind = "hydrant"\nprofile = "hydrant/terminal-float"\n'
                f'line = "dead{line}"\nunit = {unit}\nplace = {{ lon = {lon:.5f}, lat = {lat:.5f} }}\n'
            )
    return "".join(out)


@contextlib.asynccontextmanager
async def coverage(rig: Rig) -> AsyncIterator[Counter[str]]:
    """The most expensive question there is, of ten thousand hydrants, again and again."""
    async with _asked_for_coverage(rig, 1, Counter({"at work": 0, "answered": 0})) as took:
        yield took


@contextlib.asynccontextmanager
async def thirty_coverages(rig: Rig) -> AsyncIterator[Counter[str]]:
    """The same by thirty at once: two are at work, the others are told so."""
    async with _asked_for_coverage(rig, 30, Counter({"at work": 0, "answered": 0, "busy": 0})) as took:
        yield took


@contextlib.asynccontextmanager
async def _asked_for_coverage(rig: Rig, at_once: int, took: Counter[str]) -> AsyncIterator[Counter[str]]:
    async def ask() -> None:
        took[await asked(rig.agent.socket, b'{"ask": "coverage", "radius_m": 2000}', ANSWER_S)] += 1

    async def look() -> None:
        took["at work"] += _reports(rig)

    async with beside(again(look, 0.2), *(again(ask, 0.1) for _ in range(at_once))):
        yield took
        with contextlib.suppress(TimeoutError):  # at the lowest priority one may take longer than a flight
            async with asyncio.timeout(ANSWER_S):
                while not took["answered"]:  # noqa: ASYNC110 - another task counts
                    await asyncio.sleep(0.1)


def _reports(rig: Rig) -> int:
    """Children of the supervisor that have no life of their own in its tree."""
    there = Path(f"/proc/{rig.agent.pid}/task/{rig.agent.pid}/children").read_text("ascii").split()
    return len(set(map(int, there)) - {life["pid"] for life in rig.lives().values()})


@contextlib.asynccontextmanager
async def clients(rig: Rig) -> AsyncIterator[Counter[str]]:
    """Five hundred that say nothing, and five hundred that ask without a pause, of core and of flight.

    They are a process of their own: what is simulated here has its time too.
    """
    took = Counter({"idle": 0, "core answered": 0, "flight answered": 0, "core busy": 0, "flight busy": 0})
    crowd = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.flight.crowd", rig.agent.socket, rig.flight_socket,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    try:
        yield took
        told, _ = await crowd.communicate(b"")
        took.update(orjson.loads(told))
    finally:
        if crowd.returncode is None:
            crowd.kill()
            await crowd.wait()
