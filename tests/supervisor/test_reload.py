"""Other settings while everything runs: who is concerned begins anew, nobody else, and never against an aircraft."""

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.cli import exits, reloading
from agent.cli.main import main
from agent.settings.load import load
from agent.settings.settings import Settings
from agent.supervisor import tree_file
from agent.supervisor.concerns import changes, concerned, needs_restart
from hil.simulated_site.agent_process import AgentProcess
from tests.nest.test_settings import SITE as WITH_A_NEST
from tests.supervisor.running import Running
from tests.waiting import soon

EXAMPLE = Path(__file__).parents[2] / "config/hydronest.example.toml"


def reloaded(tree: Running, *, trial: bool = False, **told: Any) -> Mapping[str, Any]:
    """SIGHUP, or with `trial` SIGUSR1, with this in the file; what tree.json says came of it."""

    def last() -> dict[str, Any]:
        return dict(json.loads((tree.folder / "tree.json").read_bytes())["trial" if trial else "reload"])

    (tree.folder / "next").write_text(json.dumps(told))
    before = last()["number"]
    os.kill(tree.process.pid, signal.SIGUSR1 if trial else signal.SIGHUP)
    soon("it is told", lambda: last()["number"] > before, progress=tree.tree)
    return last()


def test_who_is_concerned_begins_anew_and_nobody_else(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=works,core", "flight=flies,core", RENEW="1") as tree:
        tree.until_running("core", "uplinks", "flight")
        before = {name: tree.pid(name) for name in ("core", "uplinks", "flight")}
        children = ["core=works", "uplinks=deaf,core", "flight=flies,core"]
        new = [*children, "opcua=works,core"]
        told = reloaded(tree, trial=True, children=new, concerned=["core", "opcua"])
        assert (told["outcome"], told["begun"]) == ("done", ["core", "opcua"])
        assert {name: tree.pid(name) for name in tree.tree()} == before, "a trial changes nothing"
        told = reloaded(tree, children=children, concerned=["core", "uplinks"])
        assert (told["outcome"], told["begun"]) == ("done", ["core", "uplinks"])
        assert told["changes"] == [{"code": "reload.profile_changed", "facts": {"profile": "p"}}]
        for name in ("core", "uplinks"):
            tree.until_another(name, before[name])
        assert tree.pid("flight") == before["flight"]
        assert [len(tree.words(name, "stop")) for name in before] == [1, 1, 0]
        # a deaf one is killed, within its bound; that too is no trouble, and nobody counts it
        deaf = tree.pid("uplinks")
        reloaded(tree, children=["core=works", "uplinks=works,core", "flight=flies,core"], concerned=["uplinks"])
        tree.until_another("uplinks", deaf)
        assert [entry["restarts"] for entry in tree.tree().values()] == [0, 0, 0]
        assert "begins anew" not in tree.log
        soon("the new ones hear each other", lambda: ["core", "core"] in tree.words("uplinks", "heard"))


def test_children_come_and_go_with_the_settings(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=works,core", RENEW="1") as tree:
        tree.until_running("core", "uplinks")
        uplinks = tree.pid("uplinks")
        reloaded(tree, children=["core=works", "opcua=works,core"], concerned=["uplinks", "opcua"])
        tree.until_running("core", "opcua")
        soon("it has gone", lambda: "uplinks" not in tree.tree())
        assert uplinks not in [entry["pid"] for entry in tree.tree().values()]
        os.kill(tree.process.pid, signal.SIGTERM)
        assert tree.ended() == 0


def test_nothing_changes_under_an_aircraft_and_nothing_by_what_cannot_be_read(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "flight=flies,core", RENEW="1") as tree:
        tree.until_running("core", "flight")
        soon("an aircraft is out", lambda: tree.tree()["flight"].get("aircraft_out") == 1)
        before = {name: entry["pid"] for name, entry in tree.tree().items()}
        same = ["core=works", "flight=flies,core"]
        for trial in (True, False):
            told = reloaded(tree, trial=trial, children=same, concerned=["core", "flight"])
            assert (told["outcome"], told["begun"]) == ("refused", [])
            assert [one["code"] for one in told["refused"]] == ["reload.aircraft_out"]
        assert [one["code"] for one in reloaded(tree, refused=True)["refused"]] == ["reload.needs_restart"]
        assert [one["code"] for one in reloaded(tree, dies=True)["refused"]] == ["process.exited"]
        assert {name: entry["pid"] for name, entry in tree.tree().items()} == before
        (tmp_path / "home").touch()
        soon("it is home", lambda: tree.tree()["flight"]["aircraft_out"] == 0)
        assert reloaded(tree, children=same, concerned=["flight"])["outcome"] == "done"
        tree.until_another("flight", before["flight"])
        assert tree.pid("core") == before["core"]


def test_a_stop_does_not_wait_for_whoever_reads(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", RENEW="1") as tree:
        tree.until_running("core")
        (tmp_path / "next").write_text('{"hangs": true}')
        os.kill(tree.process.pid, signal.SIGHUP)
        children = Path(f"/proc/{tree.process.pid}/task/{tree.process.pid}/children")
        soon("somebody reads", lambda: len(children.read_text().split()) == 2)
        os.kill(tree.process.pid, signal.SIGTERM)
        assert tree.ended() == 0


def changed(old: Settings, **other: Any) -> Settings:
    """The site with other tables."""
    return replace(old, site=old.site.model_copy(update=other))


def test_a_make_of_nest_that_reads_otherwise_is_flights(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(WITH_A_NEST)
    old = load(tmp_path / "site.toml")
    other = {name: make.model_copy(update={"poll_s": 9.0}) for name, make in old.nest_profiles.items()}
    new = replace(old, nest_profiles=other)
    assert concerned(old, new) == {"flight"}
    assert [str(one) for one in changes(old, new)] == ["profile command-word reads otherwise"]


def test_each_child_lives_by_its_own_part() -> None:
    old = load(EXAMPLE)
    site = old.site
    assert concerned(old, load(EXAMPLE)) == frozenset()
    assert changes(old, load(EXAMPLE)) == []
    uplink = site.uplinks[0].model_copy(update={"keepalive_s": 33})
    slow = {"deadline_ms": 999.0}
    opcua = tuple(line.model_copy(update=slow) if line.kind == "opcua" else line for line in site.lines)
    street = site.lines[0].model_copy(update={"baud": 4800})
    everybody = {"core", "uplinks", "opcua", "flight"}
    for new, whom, told in (
        (changed(old, uplinks=(uplink,)), {"core", "uplinks"}, "uplink province changed: keepalive_s"),
        (changed(old, lines=opcua), {"core", "opcua"}, "line water-company changed: deadline_ms"),
        (changed(old, lines=(street, *site.lines[1:])), {"core"}, "line street-rs485 changed: baud"),
        (changed(old, uplinks=()), {"core", "uplinks"}, "uplink province is gone"),
        (changed(old, gateway=site.gateway.model_copy(update={"name": "x"})), everybody, "[gateway] changed: name"),
        (replace(old, rules_text="#"), {"core"}, f"the rules in {old.rules_path} read otherwise"),
    ):
        assert concerned(old, new) == whom
        assert [str(one) for one in changes(old, new)] == [told]
        assert needs_restart(old, new) is None
    assert [str(one) for one in changes(changed(old, uplinks=()), old)] == ["uplink province is new"]
    for key, value in (("id", "other"), ("state_dir", Path("/elsewhere")), ("socket", Path("/run/x/control.sock"))):
        why = needs_restart(old, changed(old, gateway=site.gateway.model_copy(update={key: value})))
        assert why is not None
        assert why.facts == {"key": f"gateway.{key}"}


SITE = """
[gateway]
id = "g1"
state_dir = "state"
clock = "system"

[[lines]]
id = "street"
kind = "tcp"
host = "127.0.0.1"

[[lines]]
id = "water"
kind = "opcua"
url = "opc.tcp://127.0.0.1:1"

[[devices]]
id = "W1"
kind = "hydrant"
profile = "hydrant/opcua"
line = "water"
unit = "W1"
place = { lon = 118.88, lat = 28.97 }
"""
DEVICE = """
[[devices]]
id = "{name}"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "street"
unit = {unit}
place = {{ lon = 118.8{unit}, lat = 28.97 }}
"""


async def test_the_command_takes_a_new_device_into_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A real agent: the new hydrant is there, OPC UA has not even noticed, and mistakes change nothing."""
    site, socket = tmp_path / "site.toml", tmp_path / "state/control.sock"
    first = SITE + DEVICE.format(name="H1", unit=1)
    site.write_text(first)
    socket.parent.mkdir()

    async def reload(*options: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, ["--socket", str(socket), "--lang", "en", "reload", *options])
        return code, capsys.readouterr().out

    async with AgentProcess(site, socket, tmp_path / "agent.log") as agent:
        await agent.start()
        await agent.ready()
        assert await reload() == (exits.OK, "the settings say what they said before: nothing was changed\n")
        opcua = agent.child("opcua")
        site.write_text(first + DEVICE.format(name="H2", unit=2))
        told = ["device H2 is new", "would begin anew: core; everything else would go on"]
        told += ["not read for a second or two: street"]
        core = agent.child("core")
        assert await reload("--dry-run") == (exits.OK, "\n".join(told) + "\n")
        assert agent.child("core") == core
        told = ["device H2 is new", "begun anew: core; everything else went on"]
        assert await reload() == (exits.OK, "\n".join(told) + "\n")
        await agent.ready()
        assert [row["id"] for row in await agent.ask("hydrant.list")] == ["W1", "H1", "H2"]
        swap = ["device", "replace", "H2", "--unit", "3", "--unseen", "--yes", "--by", "Zhang", "--site", str(site)]
        assert await asyncio.to_thread(main, ["--socket", str(socket), "--lang", "en", *swap]) == exits.OK
        told = ["device H2 changed: unit", "begun anew: core; everything else went on", "kept: H2 is in service"]
        assert capsys.readouterr().out == "\n".join(told) + "\n"
        (entry,) = [one for one in await agent.ask("asset.history", asset="H2") if one["by"] == "Zhang"]
        assert entry["note"] == "another terminal; before: unit 2"
        site.write_text(first + DEVICE.format(name="H2", unit=1))
        code, out = await reload("--json")
        assert code == exits.BAD_SETTINGS
        assert [one["reason"]["code"] for one in json.loads(out)] == ["settings.unit_taken"]
        site.write_text(first.replace('"g1"', '"g2"'))
        assert await reload() == (
            exits.DEGRADED,
            "gateway.id is what everything hangs on: it changes at a restart only\nnothing was changed\n",
        )
        assert agent.child("opcua") == opcua


def test_the_command_says_what_does_not_come_back_and_whom_it_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site.toml"
    site.write_text('[gateway]\nid = "g1"\nstate_dir = "state"\n')
    core = {"child": "core", "state": "waiting", "ends": False}
    tree: dict[str, Any] = {"pid": 1, "site": str(site), "reload": {"number": 0}, "children": [core]}

    def taken(*_: object) -> None:
        tree["reload"] = {"number": 1, "outcome": "done", "refused": [], "changes": [], "begun": ["core"]}

    monkeypatch.setattr(tree_file, "read_tree", lambda _: dict(tree))
    command = ["--socket", str(tmp_path / "control.sock"), "--lang", "en", "reload"]
    monkeypatch.setattr(reloading, "BEGUN_S", 0.0)
    monkeypatch.setattr(os, "kill", taken)
    assert main(command) == exits.DEGRADED
    assert "core does not work yet" in capsys.readouterr().out
    monkeypatch.setattr(os, "kill", lambda *_: None)
    monkeypatch.setattr(reloading, "QUIET_S", 0.0)
    monkeypatch.setattr(reloading, "READ_S", 0.15)
    assert main(command) == exits.TRY_AGAIN
    assert "reads the settings: 0 s at most" in capsys.readouterr().err
