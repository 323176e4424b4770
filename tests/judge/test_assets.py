"""The life of assets: compared with the settings at start, told by an operator, committed, and never edited."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.control.client import RequestFailed
from agent.control.server import ControlServer
from agent.judge.asset import Asset
from agent.judge.life import LifeEntry, LifeState
from agent.judge.service import asset_watch
from agent.judge.service.asset_register import FILE_NAME, AssetRegister, rules_of
from agent.judge.service.asset_requests import register_assets
from agent.judge.service.counting import counted_now
from agent.judge.service.files import LEDGER, ledger_file, write_days
from agent.judge.service.requests import register_judge
from agent.judge.service.service import AssessmentService
from agent.judge.verdict import State
from drivers.event import Event, EventKind
from drivers.sample import Layout, Sample
from tests.asking import ask, cli
from tests.judge.stand import S, hydrant, rules

SHAPE = Layout("t", ("pressure",), ("kPa",))
UTC0 = 1_763_600_400 * S  # 2025-11-20 09:00 in Shanghai
RULES = ("r.toml", "the rules")


class Site:
    """An agent started again and again over one state directory, each time with the settings it is given."""

    def __init__(self, state_dir: Path) -> None:
        self.now = 1000 * S
        self.trusted = True
        self.state_dir = state_dir
        self.events: list[Event] = []
        self.running: AssessmentService | None = None

    def utc_ns(self) -> int | None:
        return self.now + UTC0 if self.trusted else None

    async def start(self, *assets: Asset) -> AssessmentService:
        """As at any start, up to the moment everything is known."""
        await self.stop()
        self.now += 3600 * S
        self.events.clear()
        self.running = AssessmentService(
            list(assets), rules(), self.events.append, self.state_dir, gateway="gw1", utc_ns=self.utc_ns,
            now_ns=lambda: self.now, rules_file=RULES,
        )  # fmt: skip
        assert await self.running.know_assets(self.now + UTC0)
        return self.running

    async def stop(self) -> None:
        if self.running is not None:
            await self.running.close()
            self.running = None

    def told(self) -> list[tuple[str, str, str]]:
        """(subject, turn, code) of what was said of assets since the start."""
        return [
            (event.subject, event.transition.value, event.evidence["reason"].code)  # type: ignore[union-attr]  # a reason
            for event in self.events
            if event.kind is EventKind.ASSET
        ]


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    one = Site(tmp_path / "state")
    yield one
    await one.stop()


def street(number: int) -> list[Asset]:
    return [replace(hydrant(f"H{n}", n), station="A") for n in range(number)]


async def say(service: AssessmentService, site: Site, asset: str, state: LifeState, **more: Any) -> None:
    now_s = (site.now + UTC0) / S
    await service.assets.tell(LifeEntry(asset, more.pop("from_s", now_s), now_s, state, by="王", **more), now_s)


async def test_the_first_list_is_one_event_and_the_same_again_is_none(site: Site) -> None:
    service = await site.start(*street(3))
    assert site.told() == [("settings", "noted", "asset.first_list")]
    assert {service.assets.register.lives.state(f"H{n}", 1e12) for n in range(3)} == {LifeState.IN_SERVICE}
    lines = (site.state_dir / LEDGER / FILE_NAME).read_bytes()
    await site.start(*street(3))
    assert site.told() == []
    assert (site.state_dir / LEDGER / FILE_NAME).read_bytes() == lines


async def test_what_differs_from_the_settings_is_told_and_kept(site: Site) -> None:
    await site.start(*street(4))
    changed = street(5)
    changed[1] = replace(changed[1], lon=119.0)
    changed[3] = replace(changed[3], station="B", name="东门")
    del changed[2]
    service = await site.start(*changed)
    assert site.told() == [
        ("H1", "noted", "asset.stands_elsewhere"),
        ("H3", "noted", "asset.changed"),
        ("H4", "noted", "asset.new"),
        ("H2", "raised", "asset.gone"),
    ]
    (fields,) = [event.evidence["reason"].facts["fields"] for event in site.events if event.subject == "H3"]  # type: ignore[union-attr]  # a reason
    assert fields == ("name", "station")
    lives = service.assets.register.lives
    since = [(entry.from_s, entry.thing and entry.thing.station) for entry in lives.told("H3")]
    assert [station for _, station in since] == ["A", "B"] and since[0][0] < since[1][0]
    assert lives.told("H4")[0].from_s == (site.now + UTC0) / S
    await site.start(*changed)
    assert site.told() == [], "it was said once"


async def test_a_gone_one_stands_until_it_is_back_or_explained(site: Site) -> None:
    await site.start(*street(3))
    await site.start(*street(1))
    assert [turn for _, turn, _ in site.told()] == ["raised", "raised"]
    service = await site.start(*street(2))
    assert site.told() == [("H1", "cleared", "asset.back")]
    await say(service, site, "H2", LifeState.RETIRED)
    assert site.told()[1:] == [("H2", "noted", "asset.said"), ("H2", "cleared", "asset.said")]
    assert service.assets.unexplained == set()


async def test_a_gone_one_stands_after_a_restart_without_a_new_event(site: Site) -> None:
    await site.start(*street(2))
    await site.start(*street(1))
    service = await site.start(*street(1))
    running = asyncio.ensure_future(service.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert site.told() == []
    assert service.answers_for(EventKind.ASSET, "H1"), "so that it stands on"
    assert not service.answers_for(EventKind.ASSET, "H0")


def counted(service: AssessmentService) -> dict[str, str]:
    return {asset.id: state.value for asset, state in counted_now(service)}


async def test_the_rate_now_counts_as_the_rules_say(site: Site) -> None:
    service = await site.start(*street(4))
    for _ in range(3):
        site.now += 60 * S
        for n in range(4):
            service.judge.sample(Sample(f"H{n}", SHAPE, site.now, (300.0,), SHAPE.good))
        service.judge.tick(site.now, site.utc_ns())
    assert counted(service) == dict.fromkeys(("H0", "H1", "H2", "H3"), "serviceable")
    await say(service, site, "H1", LifeState.UNDER_REPAIR)
    await say(service, site, "H2", LifeState.RETIRED)
    await say(service, site, "H3", LifeState.REPLACED, successor="H0")
    assert counted(service) == {"H0": "serviceable", "H1": "not_serviceable"}
    verdict = service.verdict("H1")
    assert (verdict.state, verdict.reasons) == (State.NOT_SERVICEABLE, ("under_repair",))
    assert {s.id: s.state for s in service.standings()}["H1"] == "not_serviceable", "nobody is sent there"
    await say(service, site, "H1", LifeState.IN_SERVICE)
    assert counted(service)["H1"] == "serviceable"
    service = await site.start(*street(1))
    assert counted(service) == {"H0": "serviceable", "H1": "unknown"}, "H2 and H3 have ended, H1 has only vanished"


@pytest.mark.parametrize(
    ("asset", "more", "code"),
    [
        ("H7", {}, "fact.no_asset_but"),
        ("pump", {}, "fact.no_asset"),
        ("H1", {"from_s": 4e9}, "asset.not_yet"),
        ("H1", {"successor": "H0"}, "asset.no_successor"),
        ("H1", {"note": "x" * 401}, "asset.too_long"),
    ],
)
async def test_what_cannot_be_said(site: Site, asset: str, more: dict[str, Any], code: str) -> None:
    service = await site.start(*street(2))
    with pytest.raises(ValueError) as refused:  # its reason is looked at
        await say(service, site, asset, LifeState.RETIRED, **more)
    assert refused.value.reason.code == code  # type: ignore[attr-defined]  # a BadState
    assert len(service.assets.register.lines) == 3


async def test_what_the_card_refuses_does_not_count(site: Site) -> None:
    service = await site.start(*street(2))
    path = site.state_dir / LEDGER / FILE_NAME
    kept = path.read_bytes()
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        await say(service, site, "H1", LifeState.RETIRED)
    assert service.assets.register.lives.state("H1", 1e12) is LifeState.IN_SERVICE
    path.rmdir()
    path.write_bytes(kept)
    await say(service, site, "H1", LifeState.RETIRED)
    assert AssetRegister(site.state_dir).trouble == []


async def test_every_changed_byte_and_every_dropped_line_is_told(site: Site) -> None:
    service = await site.start(*street(2))
    await say(service, site, "H1", LifeState.RETIRED)
    path = site.state_dir / LEDGER / FILE_NAME
    whole = path.read_bytes()
    for at in range(0, len(whole) - 1, 29):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert AssetRegister(site.state_dir).trouble, at
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))
    (told,) = AssetRegister(site.state_dir).trouble
    assert told.code == "chained.gap"
    path.write_bytes(whole + b'deadbeef {"asset":"H1","st')
    assert AssetRegister(site.state_dir).trouble == [], "a power cut in the middle of a line: it was never confirmed"
    assert path.read_bytes() == whole


async def test_things_of_before_there_was_a_register_count_from_their_first_day(site: Site) -> None:
    day = b'{"H0":[1440,0,0,{}],"OLD":[0,1440,0,{}]}'
    write_days(site.state_dir, {"2025-09-01": day, "2025-09-02": b'{"H0":[9,0,0,{}],"H1":[9,0,0,{}]}', "undated": day})
    service = await site.start(*street(3))
    lives = service.assets.register.lives
    begin = service.days.begin_min
    since = {asset: lives.told(asset)[0].from_s for asset in ("H0", "OLD", "H1")}
    assert since == {
        "H0": begin("2025-09-01") * 60, "OLD": begin("2025-09-01") * 60, "H1": begin("2025-09-02") * 60,
    }  # fmt: skip
    assert lives.told("H2")[0].from_s == (site.now + UTC0) / S
    assert service.assets.unexplained == {"OLD"}
    assert ("OLD", "raised", "asset.gone") in site.told()


async def test_before_anything_is_committed_the_settings_count_from_the_first_day(site: Site) -> None:
    write_days(site.state_dir, {"2025-09-02": b'{"H0":[9,0,0,{}]}'})
    service = AssessmentService(
        street(2),
        rules(),
        site.events.append,
        site.state_dir,
        gateway="gw1",
        utc_ns=site.utc_ns,
        now_ns=lambda: site.now,
    )
    since_s = service.days.begin_min("2025-09-02") * 60.0
    assert [(entry.asset, entry.from_s, entry.state) for entry in service.lives()] == [
        ("H0", since_s, LifeState.IN_SERVICE), ("H1", since_s, LifeState.IN_SERVICE),
    ]  # fmt: skip
    await service.close()
    assert (await site.start(*street(2))).lives()[1].from_s == (site.now + UTC0) / S, "H1 has no minutes of then"


async def test_what_is_told_at_the_first_start_waits_for_no_years_of_minutes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [f"2025-{month:02}-{day:02}" for month in range(1, 10) for day in range(1, 29)]
    write_days(site.state_dir, dict.fromkeys(days, b'{"H0":[9,0,0,{}]}'))
    service = AssessmentService(
        street(2), rules(), site.events.append, site.state_dir, gateway="gw1", utc_ns=site.utc_ns,
        now_ns=lambda: site.now,
    )  # fmt: skip
    read: list[str] = []

    def noted(state_dir: Path, day: str) -> Path:
        read.append(day)
        return ledger_file(state_dir, day)

    monkeypatch.setattr(asset_watch, "ledger_file", noted)
    looking = asyncio.ensure_future(service.know_assets(site.now + UTC0))
    await asyncio.sleep(0)
    fire = {"id": "F1", "lon": 118.9, "lat": 28.9, "at_s": (site.now + UTC0) / S}
    assert await service.tell("incident", fire)
    assert len(read) < len(days), "the fire came first"
    assert await looking
    assert read == days
    await service.close()


def test_rules_are_committed_with_their_hash(tmp_path: Path) -> None:
    register = AssetRegister(tmp_path)
    for name, at in (("one", 100.0), ("two", 200.0), ("two", 300.0)):
        register.accept(register.write(register.compared({}, rules_of("r.toml", name, at), at, {})))
    again = AssetRegister(tmp_path)
    assert [line.rules.text for line in again.lines if line.rules] == ["one", "two"]
    found = [again.rules_at(at) for at in (50.0, 150.0, 250.0)]
    assert [rules.text for rules in found if rules] == ["one", "one", "two"]
    assert AssetRegister(tmp_path / "none").rules_at(1.0) is None


@pytest_asyncio.fixture
async def served(site: Site, tmp_path: Path) -> AsyncIterator[Path]:
    """The site on a socket, with one that is gone."""
    await site.start(*street(3))
    service = await site.start(*street(2))
    server = ControlServer(tmp_path / "c.sock")
    register_judge(server, service)
    register_assets(server, service)
    await server.start()
    yield tmp_path / "c.sock"
    await server.close()


async def test_an_operator_looks_and_says_what_became_of_it(served: Path) -> None:
    code, out, _ = await cli(served, "asset", "list", lang="zh")
    assert code == 1
    assert "已从设置中消失: 是否停用?" in out
    told = ("asset", "set", "H2", "retired", "--at", "2025-11-20T11:00", "--note", "taken away", "--by", "王")
    code, out, err = await cli(served, *told)
    assert (code, out) == (0, "kept: H2 is retired since 2025-11-20 11:00 +0800\n"), err
    code, out, _ = await cli(served, "asset", "list", "--json")
    rows = {row["id"]: row for row in json.loads(out)}
    assert code == 0
    assert (rows["H2"]["state"], rows["H2"]["counts"], rows["H2"]["in_settings"]) == ("retired", "not_counted", False)
    assert (rows["H0"]["state"], rows["H0"]["counts"], rows["H0"]["station"]) == ("in_service", "judged", "A")
    code, out, _ = await cli(served, "asset", "history", "H2")
    assert [line for line in out.splitlines() if "retired; taken away" in line and "王" in line]
    code, out, _ = await cli(served, "asset", "show", "H2", lang="zh")
    assert (code, "已停用" in out, "taken away" in out) == (0, True, True)
    assert (await cli(served, "asset", "show", "H9"))[0] == 65


async def test_what_the_socket_refuses(served: Path, site: Site) -> None:
    for arguments in (
        {"asset": "H1", "state": "lost"},
        {"asset": "H1"},
        {"asset": "H9", "state": "retired"},
        {"asset": "H1", "state": "retired", "at_s": 4e9},
        {"asset": "H1", "state": "retired", "at_s": "yesterday"},
    ):
        with pytest.raises(RequestFailed):
            await ask(served, "asset.set", **arguments)
    site.trusted = False
    with pytest.raises(RequestFailed, match="clock"):
        await ask(served, "asset.set", asset="H1", state="retired")
    site.trusted = True
    moved = await ask(served, "asset.set", asset="H1", state="moved")
    assert (moved["thing"]["station"], moved["by"][:4]) == ("A", "uid ")
    assert len(await ask(served, "asset.history")) == 3 + 1 + 1


async def test_a_tag_hangs_on_one_asset_at_a_time_and_finds_it(served: Path, site: Site) -> None:
    url = "https://h.example/t?04:a2:2b"
    assert (await cli(served, "asset", "tag", "H0", url))[:2] == (0, f"kept: {url} hangs on H0\n")
    assert (await ask(served, "asset.show", asset=url))["id"] == "H0"
    code, out, _ = await cli(served, "asset", "tag", "H1", url, "--by", "王", lang="zh")
    assert (code, out) == (0, f"已保存: {url} 挂在 H1 上\n")
    await cli(served, "asset", "tag", "H1", "NFC 7")
    code, out, _ = await cli(served, "asset", "show", "NFC 7")
    assert "H1" in out and f"NFC 7, {url}" in out
    assert [row["tags"] for row in await ask(served, "asset.list")] == [[], ["NFC 7", url], []]
    for wrong, code_of in (
        ({"asset": "H0", "tag": url, "off": True}, "asset.tag_not_there"),
        ({"asset": "H0", "tag": "H1"}, "asset.tag_is_id"),
        ({"asset": "H0", "tag": "x\n"}, "asset.no_tag"),
        ({"asset": "H77", "tag": "x"}, "fact.no_asset_but"),
    ):
        with pytest.raises(RequestFailed) as no:
            await ask(served, "asset.tag", **wrong)
        assert no.value.reason.code == code_of
    assert (await ask(served, "asset.tag", asset="H1", tag=url, off=True))["was"] == "H1"
    code, out, _ = await cli(served, "asset", "history", "H1")
    assert f"tag {url} off" in out
    assert [code for _, _, code in site.told()][-4:] == [
        "asset.tag_on",
        "asset.tag_on",
        "asset.tag_on",
        "asset.tag_off",
    ]
    lives = AssetRegister(site.state_dir).lives
    assert (lives.tags("H0"), lives.tags("H1"), lives.tagged(url)) == ([], ["NFC 7"], None), "kept on the disk"
    assert {lives.state(asset, 1e12) for asset in ("H0", "H1")} == {LifeState.IN_SERVICE}, "it says nothing else"


async def test_a_tag_waits_until_the_settings_were_compared(tmp_path: Path) -> None:
    """A line of its own before the first list would hide that there is none yet."""
    service = AssessmentService(
        [hydrant("H1")], rules(), lambda _e: None, tmp_path, gateway="g", utc_ns=lambda: UTC0, now_ns=lambda: 0
    )
    with pytest.raises(asset_watch.BadState) as no:
        await service.assets.tell(LifeEntry("H1", 1.0, 1.0, tag="x"), 2.0)
    assert no.value.reason.code == "asset.not_listed"
    await service.close()
