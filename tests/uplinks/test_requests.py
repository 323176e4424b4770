"""`hydronest uplink` and `duty`: the real command line and control server, core and the uplinks as two processes."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from agent.cli import exits
from tests.cli.conftest import Hydronest, environment, hydronest, socket_path  # noqa: F401 - fixtures
from tests.uplinks.both import Both, both
from tests.waiting import until


@pytest_asyncio.fixture
async def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    """An uplink `told` that is connected."""
    async with both(tmp_path, monkeypatch) as two:
        await until("connected", lambda: two.core.side.states.row("told")["state"] == "connected")
        yield two


async def delivered(two: Both, readings: int) -> None:
    """So many more are read, one a record, and confirmed."""
    for value in range(readings):
        two.core.read(200.0 + value)
        await two.core.journal.flush()
    await two.core.journal.outbox("told").drained()


async def test_status_in_words_and_as_json(hydronest: Hydronest, pair: Both) -> None:  # noqa: F811
    await delivered(pair, 5)
    await until("said", lambda: pair.core.side.states.row("told")["confirmed"] == 5)
    ran = await hydronest("uplink", "status")
    assert ran.code == exits.OK
    assert ran.out.splitlines()[0].split()[:4] == ["uplink", "state", "waiting", "oldest"]
    assert ran.out.splitlines()[1].split()[:4] == ["told", "connected", "0", "5"]
    assert "已连接" in (await hydronest("uplink", "status", lang="zh")).out
    (told,) = json.loads((await hydronest("uplink", "status", "--json")).out)
    assert (told["id"], told["kind"], told["confirmed"], told["backlog"]) == ("told", "mqtt", 5, 0)
    assert told["confirmed_records"]["live"] + told["confirmed_records"]["backlog"] == 5
    assert 0 <= told["last_confirmed_s"] < 60


async def test_pause_resume_replay(hydronest: Hydronest, pair: Both) -> None:  # noqa: F811
    await delivered(pair, 1)
    paused = await hydronest("uplink", "pause", "told")
    assert (paused.code, paused.out) == (exits.OK, "told: paused, 0 waiting\n")
    pair.core.read(7.0)
    await pair.core.journal.flush()
    assert (await hydronest("uplink", "status")).code == exits.DEGRADED
    assert (await hydronest("uplink", "replay", "told", "--since", "1")).code == exits.USAGE, "it asks first"
    ran = await hydronest("uplink", "replay", "told", "--since", "1", "--yes")
    assert ran.out == "1 records of told will be sent again\n"
    await pair.restart_uplinks()
    await until("connected anew", lambda: pair.uplinks.forwarder.status()["state"] == "paused")
    assert len(pair.far.delivered) == 1, "what a person has paused stays paused over a restart of the process"
    assert (await hydronest("uplink", "resume", "told")).code == exits.OK
    await until("all again", lambda: len(pair.far.delivered) == 3)


async def test_no_such_uplink_names_those_there_are(hydronest: Hydronest, pair: Both) -> None:  # noqa: F811
    ran = await hydronest("uplink", "pause", "province")
    assert ran.code == exits.BAD_DATA
    assert "there is no uplink province" in ran.err
    assert "told" in ran.err


async def test_of_a_process_that_is_gone_it_says_so_and_what_waits(hydronest: Hydronest, pair: Both) -> None:  # noqa: F811
    await delivered(pair, 1)
    await pair.uplinks.kill()
    pair.core.read(7.0)
    await pair.core.journal.flush()
    await until("noticed", lambda: pair.core.side.states.row("told")["state"] == "down")
    ran = await hydronest("uplink", "status")
    assert ran.code == exits.DEGRADED
    assert ran.out.splitlines()[1].split()[:3] == ["told", "down", "1"]
    assert "the uplinks process is starting again" in ran.out
    assert "正在重新启动" in (await hydronest("uplink", "status", lang="zh")).out
    for words in (("duty", "list"), ("duty", "answer")):
        ran = await hydronest(*words)
        assert ran.code not in (exits.OK, exits.DEGRADED)
        assert "the uplinks process is starting again" in ran.err
    assert "正在重新启动" in (await hydronest("duty", "list", lang="zh")).err
    pair.begin_uplinks()
    pair.join()
    await until("up again", lambda: pair.core.side.states.row("told")["state"] == "connected")


async def test_a_duty_check_is_shown_answered_and_its_notice_gone(hydronest: Hydronest, pair: Both) -> None:  # noqa: F811
    answered: list[int] = []
    pair.uplinks.part._duty.ask("centre", 5, answered.append)
    await until("core knows", lambda: [one["subject"] for one in pair.core.side.states.notices()] == ["centre"])
    assert (await hydronest("duty", "list")).code == exits.DEGRADED
    ran = await hydronest("duty", "answer", "--operator", "12")
    assert (ran.code, ran.out) == (exits.OK, "answered: centre\n")
    assert answered == [12]
    assert (await hydronest("duty", "list")).code == exits.OK
    assert (await hydronest("duty", "answer")).code == exits.BAD_DATA
    await until("the notice is gone", lambda: pair.core.side.states.notices() == [])


async def test_an_old_word_is_no_word(pair: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.core.uplink_states.OLD_NS", 100_000_000)
    monkeypatch.setattr("agent.uplinks.assemble.STATE_EVERY_S", 3600.0)
    await asyncio.sleep(0)
    await until("it is silent", lambda: pair.core.side.states.row("told")["state"] == "down")
