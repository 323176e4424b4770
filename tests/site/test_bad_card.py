"""The running agent on a card that is read-only, hung or looked into: it reads, judges, shows, sends, and recovers."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from agent.settings.load import load
from hil.patience import scaled
from hil.simulated_site.agent_process import AgentProcess
from hil.simulated_site.simulated_site import SimulatedSite
from tests.journal.bad_card import BadCard, hung, of, read_only, unreadable
from tests.waiting import until, work_of

GATEWAY = "quzhou-demo"
STOP_S = 30.0
"""The supervisor's own bound for all but an aircraft out."""


class Gateway:
    """An agent on a bad card in a simulated town; its sockets lie elsewhere, as under systemd."""

    def __init__(self, town: SimulatedSite, card: BadCard, agent: AgentProcess) -> None:
        self.town = town
        self.card = card
        self.agent = agent

    def journal_said(self) -> Any:
        """What the platform was told of the journal."""
        return (self.town.store.retained(f"hydronest/{GATEWAY}/status") or {}).get("journal")

    def shown(self, subject: str) -> list[dict[str, Any]]:
        """Events of this subject that came unkept."""
        return [e for one in list(self.town.store.shown) for e in one.get("events", ()) if e["subject"] == subject]

    def kept(self, subject: str) -> list[dict[str, Any]]:
        """The same of what was kept."""
        return [e for one in self.town.store.messages("event") for e in one["events"] if e["subject"] == subject]

    async def until(self, what: str, ready: Callable[[], object]) -> None:
        """Wait for it as long as the agent works or the platform hears anything."""
        store = self.town.store
        await until(what, ready, 60, lambda: (work_of(self.agent.pid), len(store.shown), len(store.kept())))

    async def journal_state(self) -> str:
        return str((await self.agent.ask("status"))["journal"]["state"])


@contextlib.asynccontextmanager
async def gateway(folder: Path) -> AsyncIterator[Gateway]:
    card = BadCard(folder / "card")
    async with SimulatedSite(
        folder / "town", opcua=False, poll_s="poll_s = { alarm = 0.5, fast = 0.5, slow = 5 }\n"
    ) as town:
        run = folder / "run"
        run.mkdir()
        text = town.site_file.read_text(encoding="utf-8")
        town.site_file.write_text(text.replace("[gateway]\n", f'[gateway]\nsocket = "{run}/control.sock"\n', 1))
        settings = load(town.site_file)
        async with AgentProcess(town.site_file, settings.socket_path, folder / "log", card.environment) as agent:
            yield Gateway(town, card, agent)


@pytest.mark.timeout(240)
async def test_a_card_that_is_read_only_from_the_start_on(tmp_path: Path) -> None:
    async with gateway(tmp_path) as site:
        site.town.state_dir.mkdir()
        site.card.says(*read_only(site.town.state_dir))
        await site.agent.start()
        await site.agent.ready()
        await site.until("the platform is told", lambda: site.journal_said() == "failing")
        await site.until("that alarm comes", lambda: site.shown("journal"))
        await site.until("readings are shown", lambda: any("frames" in one for one in list(site.town.store.shown)))
        assert await site.journal_state() == "trouble"
        assert not list(site.town.store.messages()), "nothing of it is passed off as kept"
        site.card.well()
        await site.until("the platform is told", lambda: site.journal_said() == "ok")
        await site.until("it comes again, kept", lambda: site.kept("journal"))
        await site.until("readings are kept", lambda: list(site.town.store.messages("telemetry")))
        await site.until("it begins anew, and is well", lambda: "begins anew" in site.agent.last_words())
        await site.agent.ready()
        assert await site.journal_state() == "ok"
        assert site.town.store.gaps(GATEWAY) == []


@pytest.mark.timeout(240)
async def test_a_card_that_hangs_while_it_runs_and_at_its_end(tmp_path: Path) -> None:
    async with gateway(tmp_path) as site:
        await site.agent.start()
        await site.agent.ready()
        await site.until("something is kept", lambda: list(site.town.store.messages("telemetry")))
        site.card.says(*hung(site.town.state_dir))
        site.town.cut()
        await site.until("the line's alarm comes", lambda: site.shown("street"))
        assert site.journal_said() == "failing"
        assert not site.kept("street")
        site.card.well()
        await site.until("it comes again, kept", lambda: site.kept("street"))
        await site.until("the platform is told", lambda: site.journal_said() == "ok")
        site.card.says(*hung(site.town.state_dir))
        await asyncio.sleep(1.0)
        began_s = time.monotonic()
        assert await site.agent.stop() == 0
        assert time.monotonic() - began_s < scaled(STOP_S)


@pytest.mark.timeout(120)
async def test_somebody_who_looks_into_the_journal_is_named_and_waited_for(tmp_path: Path) -> None:
    async with gateway(tmp_path) as site:
        await site.agent.start()
        await site.agent.ready()
        assert await site.agent.stop() == 0
        reading = await asyncio.create_subprocess_exec(
            "python3", "-c", LOOKS, str(site.town.state_dir / "journal.db"), stdin=-1, stdout=-1
        )
        assert reading.stdin is not None
        assert reading.stdout is not None
        assert await reading.stdout.readline() == b"reading\n"
        await site.agent.start()
        await site.agent.ready()
        await site.until("it is an alarm", lambda: site.shown("journal"))
        (alarm,) = site.shown("journal")
        why = alarm["evidence"]["reason"]["facts"]["why"]
        assert (why["code"], why["facts"]["pid"]) == ("journal.held_by", reading.pid)
        assert why["facts"]["command"].startswith("python")
        reading.stdin.close()
        await reading.wait()
        await site.until("all is well", lambda: site.journal_said() == "ok" and site.kept("journal"))


LOOKS = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN")
db.execute("SELECT count(*) FROM mark").fetchone()
print("reading", flush=True)
sys.stdin.read()
"""


def test_the_looker_holds_what_a_technicians_tool_would(tmp_path: Path) -> None:
    """Or the test above shows nothing."""
    path = tmp_path / "db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE mark (name)")
        db.execute("SELECT count(*) FROM mark").fetchone()
        with contextlib.closing(sqlite3.connect(path, timeout=0)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN EXCLUSIVE")
                other.execute("INSERT INTO mark VALUES (1)")


@pytest.mark.timeout(240)
async def test_it_starts_with_nothing_readable_of_all_it_had_kept_and_tells(tmp_path: Path) -> None:
    async with gateway(tmp_path) as site:
        state = site.town.state_dir
        await site.agent.start()
        await site.agent.ready()
        assets = state / "ledger" / "assets.jsonl"  # begun once the time is known
        await site.until("all is kept", lambda: assets.exists() and list(site.town.store.messages("telemetry")))
        assert await site.agent.stop() == 0
        with (state / "facts.jsonl").open("ab") as facts:
            facts.write(b'{"fact":"inspection","told_s":1.0,"asset":"H01","at_s":1.0,"passed":true,"by":"li"}\n')
        files = [file for file in state.rglob("*") if file.is_file() and file.stat().st_size]
        assert {"journal.db", "journal.db-wal", "facts.jsonl", "judge.json", "verdicts.json", "assets.jsonl"} <= {
            file.name for file in files
        }
        site.card.says(*(unreadable(of(file)) for file in files))
        await site.agent.start()
        await site.agent.ready()
        await site.until("what the journal lost is told", lambda: site.kept("journal"))
        await site.until("what the judge lost is told", lambda: len(site.kept("judge")) >= 4)
        told = {e["evidence"]["reason"]["code"] for e in [*site.kept("judge"), *site.kept("journal")]}
        assert told >= {"journal.no_header", "file.bad_spots", "judge.memory_left_aside"}
        assert await site.journal_state() == "ok"
        assert (await site.agent.ask("status"))["devices"]
