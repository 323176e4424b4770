"""What is said when there is nothing, nobody, no right, or no such thing: the true sentence and its exit code."""

import argparse
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agent.cli import exits, table, terminal, words
from agent.cli.call import Call
from agent.cli.commands.coverage import _area
from agent.cli.globals import Globals
from agent.cli.judged import ask_first, place_of
from agent.cli.trouble import Trouble
from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from protocols.reason import Reason, word
from tests.cli.conftest import Hydronest
from tests.cli.serving import serving


def saying(value: Any) -> Callable[[Request], Awaitable[Any]]:
    async def say(_request: Request) -> Any:
        return value

    return say


def failing(code: str, message: str = "") -> Callable[[Request], Awaitable[Any]]:
    async def say(_request: Request) -> Any:
        raise RequestError(code, message)

    return say


@pytest.mark.parametrize("words_of", [["near", "118.9,28.9"], ["coverage"]])
def test_a_stranger_to_the_socket_is_told_so_and_gets_no_old_picture(
    words_of: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may always connect, so the kernel's no is played."""

    def denied(_socket: object, _path: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", denied)
    words.use("en")
    with pytest.raises(Trouble) as no:
        ask_first(Call(Globals(), argparse.Namespace()), words_of[0])
    assert (no.value.code, "you may not talk to the agent" in no.value.message) == (exits.NO_PERMISSION, True)


async def test_an_agent_that_says_no_is_not_taken_for_an_absent_one(hydronest: Hydronest, socket_path: Path) -> None:
    async with serving(socket_path, near=failing("failed", "the agent could not answer near; its log says why")):
        ran = await hydronest("near", "118.9,28.9")
    assert (ran.code, "its log says why" in ran.err) == (exits.BUG, True)


def streaming(*values: Any) -> Callable[[Request], AsyncIterator[Any]]:
    async def stream(_request: Request) -> AsyncIterator[Any]:
        for value in values:
            yield value

    return stream


async def test_coverage_asks_the_running_agent(hydronest: Hydronest, socket_path: Path, tmp_path: Path) -> None:
    gap = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": []}, "properties": {"area_m2": 20_000}}
    told = {"radius_m": 150.0, "area_m2": 80_000.4, "covered_m2": 60_000.4, "share": 0.75, "cell_m": 5.0,
            "wins_m2": {"h03": 19_000.2}, "gaps": 2, "largest_m2": [12_000, 8_000]}  # fmt: skip
    pieces = ({"features": [gap]}, {"features": [gap]}, {"svg": "<svg>"}, {"svg": "</svg>"}, told)
    async with serving(socket_path, coverage=streaming(*pieces)):
        gaps, picture = tmp_path / "gaps.json", tmp_path / "map.svg"
        ran = await hydronest("coverage", "--geojson", str(gaps), "--svg", str(picture))
        as_json = json.loads((await hydronest("coverage", "--json")).out)
    assert (ran.code, ran.err) == (1, ""), "it was asked, and said so"
    assert "75.00 % of 8.00 ha" in ran.out and "h03 working again would win 1.90 ha" in ran.out
    assert "2 gaps, the largest 1.20, 0.80 ha" in ran.out
    assert json.loads(gaps.read_text())["features"] == [gap, gap]
    assert picture.read_text() == "<svg></svg>"
    assert (as_json["gaps"], as_json["area_m2"], as_json["wins_m2"]) == (2, 80_000, {"h03": 19_000})


async def test_an_agent_too_busy_for_a_map_is_not_said_to_be_silent(hydronest: Hydronest, socket_path: Path) -> None:
    async with serving(socket_path, coverage=failing("busy", "2 reports are being made already")):
        ran = await hydronest("coverage", "--svg", "/tmp/never.svg")
    assert (ran.code, "the agent is busy" in ran.err, "does not answer" in ran.err) == (exits.TRY_AGAIN, True, False)


@pytest.mark.parametrize(
    "shape", ['{"type":"Polygon","coordinates":[[]]}', '{"type":"Polygon","coordinates":[[[NaN,1]]]}']
)
def test_an_area_without_corners_is_no_area(tmp_path: Path, shape: str) -> None:
    (tmp_path / "area.json").write_text(shape)
    words.use("en")
    with pytest.raises(Trouble, match="holds no GeoJSON polygon"):
        _area(str(tmp_path / "area.json"))


async def test_a_radius_of_nothing_is_refused(hydronest: Hydronest) -> None:
    ran = await hydronest("coverage", "--radius", "0")
    assert (ran.code, "10 to 2000 m" in ran.err) == (exits.USAGE, True)


@pytest.mark.parametrize("verb", [["scan"], ["read"]])
async def test_an_unknown_line_is_named_with_those_there_are(
    hydronest: Hydronest, socket_path: Path, verb: list[str]
) -> None:
    rest = ["1", "holding 0"] if verb == ["read"] else []
    async with serving(socket_path, None, **{"bus.lines": saying(["street", "market"])}):
        ran = await hydronest("bus", *verb, "nosuch", *rest)
    assert (ran.code, ran.err) == (exits.BAD_DATA, "hydronest: there is no Modbus line nosuch; lines: street, market\n")


@pytest.mark.parametrize("line", [["bus", "scan", "nosuch"], ["opcua", "trust", "nosuch"]])
async def test_no_site_file_is_not_a_site_file_with_mistakes(
    hydronest: Hydronest, tmp_path: Path, line: list[str]
) -> None:
    absent = await hydronest(*line, "--site", str(tmp_path / "none.toml"))
    assert (absent.code, "there is no site file" in absent.err) == (exits.BAD_SETTINGS, True)
    (tmp_path / "bad.toml").write_text("[gateway]\nid = 5\n")
    bad = await hydronest(*line, "--site", str(tmp_path / "bad.toml"))
    assert (bad.code, "bad.toml has mistakes" in bad.err) == (exits.BAD_SETTINGS, True)


@pytest.mark.parametrize("group", ["nest", "drone", "flight"])
async def test_a_site_without_nests_has_empty_lists(hydronest: Hydronest, socket_path: Path, group: str) -> None:
    async with serving(socket_path):
        ran = await hydronest(group, "list")
        as_json = await hydronest(group, "list", "--json")
    assert (ran.code, ran.err, len(ran.out.splitlines())) == (exits.OK, "", 1)
    assert (as_json.code, as_json.out) == (exits.OK, "[]\n")


async def test_a_site_without_nests_sends_nothing_anywhere(hydronest: Hydronest, socket_path: Path) -> None:
    async with serving(socket_path):
        ran = await hydronest("dispatch", "--incident", "1", "--place", "118.9,28.9", "--dry-run")
    assert (ran.code, ran.err) == (exits.BAD_DATA, "hydronest: this site has no nests\n")


async def test_nothing_near_is_said_in_words(hydronest: Hydronest, socket_path: Path) -> None:
    async with serving(socket_path, near=saying([])):
        ran = await hydronest("near", "0,0", "--radius", "500")
    assert (ran.code, ran.out) == (exits.DEGRADED, "nothing that works within 500 m\n")


def test_a_place_without_its_comma_gets_the_hint() -> None:
    words.use("en")
    with pytest.raises(Trouble, match="with a comma"):
        place_of("118.8715 28.9650", "wgs84")
    assert place_of("118.87，28.96", "wgs84") == (118.87, 28.96)


@pytest.mark.parametrize("place", [("-118,-20",), ("-118.5,20",), ("118.9,", "28.9")])
async def test_a_place_in_the_west_or_with_a_blank_is_a_place(
    hydronest: Hydronest, socket_path: Path, place: tuple[str, ...]
) -> None:
    async with serving(socket_path, near=saying([])):
        assert (await hydronest("near", *place)).code == exits.DEGRADED


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["facts", "flow-test", "h1", "--static", "nan", "--residual", "1"], "--static: nan is not a number"),
        (["facts", "flow-test", "h1", "--static", "1e400", "--residual", "1"], "--static: 1e400 is not a number"),
        (["facts", "incident", "i", "1,1", "--level", "9" * 20], "--level: 99999999999999999999 is not a whole number"),
        (["facts", "incident", "i", "1,1", "--level", "900"], "--level takes 1 to 5"),
        (["facts", "incident", "i" * 100_000, "1,1"], "iii... is too long: at most 400 characters"),
        (["near", "1,1", "--radius", "nan"], "--radius: nan is not a number"),
        (["opcua", "read", "opc.tcp://127.0.0.1:1/", "garbage"], "garbage is no OPC UA node"),
        (["rate", "over", ""], "period : write a day"),
        (["rate", "over", "2026-13"], "period 2026-13: write a day"),
        (["rate", "below", "2026-02-30"], "period 2026-02-30: write a day"),
        (["bus", "write", "street", "1", "holding", "20"], "write the values behind the place"),
        (["bus", "write", "street", "1", "holding", "20", "x"], "write the values behind the place"),
        (["bus", "read", "street", "1", "holding"], "'holding' is no place in a Modbus table"),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_the_agent_is_asked(
    hydronest: Hydronest, line: list[str], told: str
) -> None:
    ran = await hydronest(*line)
    assert (ran.code, ran.out) == (exits.USAGE, "")
    assert told in ran.err
    assert len(ran.err) < 400


@pytest.mark.parametrize("at", [("holding 20",), ("holding", "20")])
async def test_a_register_is_named_in_one_word_or_two(
    hydronest: Hydronest, socket_path: Path, at: tuple[str, ...]
) -> None:
    asked: list[dict[str, Any]] = []

    async def done(request: Request) -> dict[str, Any]:
        asked.append(dict(request.args))
        return {"words": [7], "outcome": "done", "reason": "", "before": [6], "after": [7]}

    asks = {"bus.lines": saying(["street"]), "bus.read": done, "bus.write": done}
    async with serving(socket_path, None, **asks):
        assert (await hydronest("bus", "read", "street", "1", *at, "--count", "1")).code == exits.OK
        assert (await hydronest("bus", "write", "street", "1", *at, "7", "8", "--yes")).code == exits.OK
    assert [(one["table"], one["address"]) for one in asked] == [("holding", 20)] * 2
    assert asked[1]["values"] == [7, 8]


async def test_what_is_only_told_is_no_trouble(hydronest: Hydronest, socket_path: Path) -> None:
    def row(severity: str) -> dict[str, Any]:
        return {"subject": "h1", "kind": "water_drawn", "severity": severity, "age_s": 3, "evidence": {}}

    for rows, code in (
        ([], exits.OK),
        ([row("info")], exits.OK),
        ([row("info"), row("warning")], exits.DEGRADED),
        ([row("warning"), row("alarm")], exits.ALARM),
    ):
        async with serving(socket_path, events=saying({"standing": rows, "recent": []})):
            assert (await hydronest("events")).code == code


async def test_empty_lists_are_sentences(hydronest: Hydronest, socket_path: Path) -> None:
    asks = {
        "events": saying({"standing": [], "recent": []}),
        "facts.list": saying([]),
        "verdict.list": saying([]),
        "duty.list": saying({"open": [], "answered": 0, "missed": 0}),
        "journal.peek": saying([]),
    }
    async with serving(socket_path, None, **asks):
        for line, told in (
            (["events"], "nothing stands"),
            (["events", "recent"], "nothing was raised or cleared since the agent began"),
            (["facts", "list"], "no facts have been told"),
            (["rate", "why"], "all 0 are serviceable"),
            (["duty", "list"], "no duty check is open"),
            (["journal", "peek", "--from", "9999999"], "nothing to show"),
        ):
            assert (await hydronest(*line)).out == f"{told}\n", line


async def test_a_hydrant_is_meant_by_its_id_in_any_case_or_its_name(
    hydronest: Hydronest, server: ControlServer
) -> None:
    for named in ("h04", "H04", "衢江路4号"):
        assert json.loads((await hydronest("hydrant", "show", named, "--json")).out)["id"] == "h04"
    shown = await hydronest("hydrant", "show", "H04")
    assert shown.out.splitlines()[0].split() == ["id", "h04"]
    assert (await hydronest("hydrant", "show", "衢江路")).code == exits.BAD_DATA


def test_facts_stay_inside_the_terminal() -> None:
    text = "event 3 records, 1.2 kB; 3 taken, 0 released, 0 condensed, 0 lost; 停电时间较长因此多次写入"
    out = table.pairs([("state", "ok"), ("telemetry", text)], 60)
    assert max(map(terminal.cells, out)) <= 60
    assert "".join(line[11:] for line in out[1:]).replace(" ", "") == text.replace(" ", "")
    assert all(line.startswith(" " * 11) for line in out[2:])
    assert table.pairs([("state", "ok"), ("telemetry", text)])[1] == f"telemetry  {text}"


async def test_a_journal_without_the_agent(hydronest: Hydronest, tmp_path: Path) -> None:
    absent = await hydronest("journal", "status")
    assert (absent.code, "--file FILE" in absent.err) == (exits.NOT_RUNNING, True)
    none = await hydronest("journal", "verify", "--file", "/etc/passwd")
    assert (none.code, "is no journal" in none.err, "salvage" in none.err) == (exits.BAD_DATA, True, False)
    empty = await hydronest("journal", "export", "")
    assert (empty.code, "DIR is empty" in empty.err) == (exits.USAGE, True)
    taken = await hydronest("journal", "export", "/etc/passwd")
    assert (taken.code, "Errno" in taken.err, "/etc/passwd: File exists" in taken.err) == (73, False, True)


@pytest.mark.parametrize("line", [("--lang", "en", "run", "--nonsense"), ("run", "--nonsense", "--lang", "en")])
async def test_run_speaks_as_the_other_commands_do(hydronest: Hydronest, line: tuple[str, ...]) -> None:
    ran = await hydronest(*line, lang="zh")
    told = "hydronest: unrecognized arguments: --nonsense\n  See: hydronest run --help\n"
    assert (ran.code, ran.err) == (exits.USAGE, told)


async def test_the_demo_explains_itself_in_both_languages(hydronest: Hydronest, tmp_path: Path) -> None:
    english = await hydronest("demo", "--help")
    assert (english.code, "whole town in simulation" in english.out) == (exits.OK, True)
    chinese = await hydronest("demo", "--help", lang="zh")
    assert (chinese.code, "模拟一座小镇" in chinese.out, "leave" in chinese.out) == (exits.OK, True, False)
    wrong = await hydronest("demo", "--nonsense")
    assert (wrong.code, "unrecognized arguments: --nonsense" in wrong.err) == (exits.USAGE, True)
    (tmp_path / "file").write_text("")
    kept = await hydronest("demo", "--keep", str(tmp_path / "file"))
    assert (kept.code, kept.err) == (exits.CANNOT_WRITE, f"--keep: {tmp_path / 'file'}: File exists\n")


async def test_the_agents_no_is_said_in_the_language_in_use(hydronest: Hydronest, server: ControlServer) -> None:
    ran = await hydronest("hydrant", "show", "h99", lang="zh")
    assert (ran.code, ran.err) == (exits.BAD_DATA, "hydronest: 没有设备 h99\n  hydronest hydrant list 可列出全部。\n")
    assert "there is no device h99" in (await hydronest("hydrant", "show", "h99")).err


async def test_what_a_line_has_learned_is_shown_for_the_profile(hydronest: Hydronest, socket_path: Path) -> None:
    counts = {
        "answers": 7,
        "timeouts": 0,
        "bad_answers": 0,
        "late_answers": 0,
        "retries": 0,
        "refusals": 1,
        "utilisation": 0.1,
    }
    hole = Reason("modbus.hole_found", table="input", first=6, last=8).as_json()
    told = {"street": {"street": counts, "h1": {**counts, "learned": [hole]}}}
    async with serving(socket_path, None, **{"bus.stats": saying(told)}):
        english = await hydronest("bus", "stats", "--wide")
        chinese = await hydronest("bus", "stats", "--wide", lang="zh")
    assert "hole found: input 6-8" in english.out and "发现空洞: input 6-8" in chinese.out


async def test_what_is_wrong_with_a_line_is_a_condition_with_its_facts(hydronest: Hydronest, socket_path: Path) -> None:
    counts: dict[str, object] = dict.fromkeys(("answers", "timeouts", "bad_answers", "late_answers", "retries"), 7)
    counts |= {"refusals": 0, "utilisation": 0.99}
    overload = Reason("modbus.overloaded", point=word("pressure"), every_s=9.04, wanted_s=2.0).as_json()
    fewer = Reason("modbus.gateway_fewer_at_once", most=1, pipeline=4).as_json()
    told = {"street": {"street": {**counts, "trouble": overload, "learned": [fewer]}}}
    async with serving(socket_path, None, **{"bus.stats": saying(told)}):
        english = await hydronest("bus", "stats", "--wide")
        chinese = await hydronest("bus", "stats", "--wide", lang="zh")
        as_json = await hydronest("--json", "bus", "stats")
    assert "overloaded: pressure every 9 s instead of 2" in english.out
    assert "write pipeline = 1" in english.out and "请写 pipeline = 1" in chinese.out
    shown = json.loads(as_json.out)["street"]["street"]["trouble"]
    assert (shown["code"], shown["facts"]["every_s"], shown["facts"]["wanted_s"]) == ("modbus.overloaded", 9.04, 2.0)


async def test_an_opcua_line_is_counted_beside_the_others(hydronest: Hydronest, socket_path: Path) -> None:
    counts: dict[str, object] = {"epochs": 2, "values": 5120, "polled_points": 3, "mended": 1, "backfilled": 77}
    counts |= {"backfill_waiting": 0, "overflows": 0, "clock_off_s": 0.2, "clock_believed": True, "up": False}
    counts |= {"reason": Reason("opcua.nothing_listens", place="10.8.0.5:4840").as_json()}
    told = {"company": {"company": counts, "h1": {"last_bad_status": "pressure BadSensorFailure"}}}
    async with serving(socket_path, None, **{"bus.stats": saying(told)}):
        english = await hydronest("bus", "stats", "--wide")
        chinese = await hydronest("bus", "stats", "--wide", lang="zh")
    assert "OPC UA line" in english.out and "5120" in english.out and "10.8.0.5:4840" in english.out
    assert "已补读" in chinese.out
