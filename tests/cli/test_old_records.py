"""What an earlier version kept, with sentences where reasons are today, is read and shown as it was written."""

import json
from pathlib import Path

from agent.cli import exits
from agent.link.messages import said_in
from agent.logbook.reading import link
from agent.logbook.requests import register_ledger
from tests.cli.conftest import Hydronest
from tests.cli.serving import serving

WHY = "aircraft_down is in_air, armed, needed is on ground, disarmed"
SUMMARY = {"id": "on-000001", "nest": "on", "aircraft": "free", "operator": "no", "class": "fire", "incident": "open",
           "outcome": "failed", "reason": WHY, "air_s": 12.0, "begun_utc": "2026-06-01T00:00:05.000+00:00"}  # fmt: skip
LOG = (
    {"n": 1, "t_s": 100.0, "utc": "", "kind": "flight", "flight": {"id": "on-000001"}},
    {"n": 2, "t_s": 101.0, "utc": "", "kind": "order", "order": "launch", "outcome": "refused", "reason": WHY},
    {"n": 3, "t_s": 102.0, "utc": "", "kind": "phase", "at": "launching", "to": "failed", "why": ["timed_out"],
     "reason": "still armed"},
)  # fmt: skip


def old_record(folder: Path) -> None:
    flight = folder / "on-000001"
    flight.mkdir()
    (flight / "flight.json").write_text(json.dumps(SUMMARY))
    (flight / "track.csv").write_text("t_s,height_m,battery_percent\n100,5,80\n")
    chain, lines = "", ""
    for entry in LOG:
        body = json.dumps(entry)
        chain = link(chain, body)
        lines += f'{body[:-1]}, "hash": "{chain}"}}\n'
    (flight / "log.jsonl").write_text(lines)


async def test_a_flight_of_before_is_listed_shown_and_verified(
    hydronest: Hydronest, socket_path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "flights"
    folder.mkdir()
    old_record(folder)
    async with serving(socket_path) as server:
        register_ledger(server, folder)
        listed = await hydronest("flight", "list", lang="zh")
        shown = await hydronest("flight", "show", "on-000001", lang="zh")
        as_json = json.loads((await hydronest("flight", "show", "on-000001", "--json", lang="zh")).out)
        verified = await hydronest("flight", "verify", "on-000001", lang="zh")
    assert {"on-000001", "free", "no", "open"} <= set(listed.out.split())
    assert shown.out.count(WHY) == 2 and "(still armed)" in shown.out
    assert as_json["summary"] == SUMMARY and as_json["log"][1]["reason"] == WHY
    assert (verified.code, verified.out) == (
        exits.DEGRADED, "缺少 manifest.json: 飞行尚未结束, 或文件已被取走\n"
    )  # fmt: skip


def test_an_event_of_before_goes_out_as_it_is() -> None:
    assert said_in(WHY) == WHY
