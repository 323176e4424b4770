"""Alarms that nobody has seen are heard: once each, again while one is left, and when the agent itself is silent."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.cli.horn import SILENT, Horn
from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.core.requests.events import unseen
from agent.judge.alarm_groups import Where
from drivers.event import Event, EventKind, Severity, Transition
from protocols.reason import Reason
from tests.alarms import alarms
from tests.cli.conftest import Hydronest
from tests.cli.test_watch import on

A, B = ("H1", "leak"), ("H2", "leak")


@pytest.mark.parametrize(
    ("again_s", "looks", "sounds"),
    [
        (60, [(0, [A]), (1, [A]), (59, [A]), (60, [A]), (61, [A])], [[A], [], [], [A], []]),
        (60, [(0, [A]), (5, [A, B]), (60, [A, B]), (65, [A, B])], [[A], [B], [], [A, B]]),
        (60, [(0, [A]), (5, []), (6, [A])], [[A], [], [A]]),  # it was seen, and came again
        (60, [(0, [A]), (5, []), (99, [])], [[A], [], []]),
        (0, [(0, [A]), (9999, [A]), (10_000, [A, B])], [[A], [], [B]]),
        (60, [(0, []), (1, [SILENT]), (2, [SILENT]), (3, [])], [[], [SILENT], [], []]),
    ],
)
def test_when_it_sounds(again_s: float, looks: list[tuple[float, list[tuple[str, str]]]], sounds: object) -> None:
    horn = Horn(again_s)
    assert [horn.sounds_for(at_s, there) for at_s, there in looks] == sounds


def test_what_nobody_has_seen() -> None:
    places = {f"H{n}": Where("l", 118.9, 28.9 + n * 0.001) for n in range(4)}
    room = alarms(lambda: 1000, places.get)
    for subject, kind, severity in (
        ("H0", EventKind.PRESSURE_COLLAPSING, Severity.ALARM),
        ("H1", EventKind.PRESSURE_LOW, Severity.ALARM),
        ("H1", EventKind.LEAK, Severity.WARNING),
        ("H2", EventKind.KNOCKED_OVER, Severity.ALARM),
        ("uplink x", EventKind.SELF_FAULT, Severity.ALARM),
    ):
        room.turned(Event(kind, subject, severity, Transition.RAISED, 1000))
    assert unseen(room) == [("H0", "pressure_low"), ("H2", "knocked_over"), ("uplink x", "self_fault")]
    assert len(unseen(room, most=2)) == 2
    room.acknowledge(("H0", EventKind.PRESSURE_COLLAPSING), "Wang", "")
    room.shelve(("H2", EventKind.KNOCKED_OVER), 60, "Wang", "")
    assert unseen(room) == [("H0", "pressure_low"), ("uplink x", "self_fault")], "one of the cause is not seen yet"


async def test_the_bell_and_a_program_of_ones_own(
    hydronest: Hydronest, server: ControlServer, tmp_path: Path, environment: dict[str, str]
) -> None:
    looks = ("alarm", "sound", "--interval", "0.05", "--count", "3")
    told: dict[str, Any] = {"again_s": 60.0, "command": "", "relay": None}
    written: list[dict[str, Any]] = []

    async def sound(_request: Request) -> dict[str, Any]:
        return told

    async def write(request: Request) -> dict[str, Any]:
        if request.args["line"] == "nests":
            raise RequestError("refused", Reason("bus.line_of_flight", line="nests"))
        written.append(dict(request.args))
        return {"before": [0], "after": request.args["values"], "outcome": "done"}

    server.register("alarm.sound", sound, "read")
    server.register("bus.write", write, "operate")
    ran = await hydronest(*looks)
    assert (ran.code, ran.out.count("\a")) == (0, 1), ran
    assert "cap removed" in ran.out
    (line,) = (await hydronest(*looks, "--json")).out.splitlines()
    assert json.loads(line)["sounds_for"]
    heard = tmp_path / "heard"
    ran = await hydronest(*looks, "--run", f"sh -c 'echo \"$HYDRONEST_ALARM\" >> {heard}'")
    assert "\a" not in ran.out
    assert "cap removed" in heard.read_text()
    heard.unlink()
    told["command"] = f"sh -c 'echo \"$HYDRONEST_ALARM\" >> {heard}'"
    told["relay"] = {"line": "street", "unit": 40, "coil": 7}
    ran = await hydronest(*looks)
    assert ("\a" in ran.out, "cap removed" in heard.read_text()) == (False, True), "the settings' own"
    place = {"line": "street", "unit": 40, "table": "coil", "address": 7, "single": True}
    assert written == [{**place, "values": [1]}, {**place, "values": [0]}], "closed once, and open when nobody listens"
    told["relay"] = {**told["relay"], "line": "nests"}
    ran = await hydronest(*looks, lang="zh")
    assert ran.err.count("继电器未动作") == 1, "what the agent refuses is said once, and it sounds all the same"
    told["relay"] = None
    ran = await hydronest(*looks, "--run", "/nowhere/siren", lang="zh")
    assert (ran.out.count("\a"), "/nowhere/siren 未能运行" in ran.err) == (1, True), "then the bell at least"
    ran = await hydronest(*looks, "--run", "false", lang="zh")
    assert "未能运行: 退出码 1" in ran.err
    for wrong in (("--again", "soon"), ("--run", "'"), ("--interval", "-1"), ("--interval", "inf")):
        assert (await hydronest("alarm", "sound", *wrong)).code == 2, wrong
    async with on(80, 24, environment, "--bell") as screen:
        await screen.until(lambda text: "h03" in text)
        assert any("\a" in one for one in screen.writes)
    await server.close()
    assert (await hydronest(*looks)).code == 69, "nobody was there from the beginning"
