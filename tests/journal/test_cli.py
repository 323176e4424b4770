"""`hydronest journal` against a running journal's socket and against the closed file."""

import asyncio
import csv
import hashlib
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from agent.control.server import ControlServer
from agent.core.requests.reports import register_journal_reports
from agent.journal.journal import Journal
from agent.journal.report_handlers import record_handlers
from agent.journal.requests import register_journal
from tests.journal.things import event, running, sample
from tests.reports_here import reports_here


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    async with running(tmp_path) as journal:
        for i in range(40):
            journal.offer_sample(sample(i))
            if i % 10 == 9:
                await journal.flush()
        journal.offer_event(event(1))
        await journal.flush()
        yield journal


async def hydronest(*words: str, expect: int = 0) -> str:
    """Run the command line as a process and give back what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", *words, "--lang", "en", stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    assert process.returncode == expect, err.decode()
    return out.decode()


@pytest.fixture
async def socket(journal: Journal, tmp_path: Path) -> AsyncIterator[str]:
    server = ControlServer(tmp_path / "s")
    register_journal(server, journal)
    async with reports_here(record_handlers(journal)) as broker:
        register_journal_reports(server, broker)
        await server.start()
        yield str(server.path)
        await server.close()


async def test_status_verify_and_peek_through_the_agent(socket: str) -> None:
    status: dict[str, Any] = json.loads(await hydronest("journal", "status", "--json", "--socket", socket))
    assert status["lanes"]["telemetry"]["held"] == 160
    assert status["uplinks"][0]["unsent"]["event"] == 1
    assert status["card"]["commits"] >= 5
    assert "160 taken" in await hydronest("journal", "status", "--socket", socket)
    verdict = json.loads(await hydronest("journal", "verify", "--json", "--socket", socket))
    assert verdict["ok"] and verdict["records"] == 5
    rows = json.loads(await hydronest("journal", "peek", "-n", "2", "--body", "--json", "--socket", socket))
    assert [row["seq"] for row in rows] == [3, 4]
    assert rows[0]["body"]["frames"][0]["profile"] == "hydrant"


async def test_export_to_csv_with_a_manifest_that_holds(socket: str, tmp_path: Path) -> None:
    home = tmp_path / "out"
    await hydronest("journal", "export", str(home), "--socket", socket, "-q")
    manifest = json.loads((home / "manifest.json").read_text())
    assert manifest["rows"] == {"event": 1, "telemetry": 160, "summary": 0}
    for file in manifest["files"]:
        assert hashlib.sha256((home / file["name"]).read_bytes()).hexdigest() == file["sha256"]
    with (home / "telemetry.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["value"] for row in rows if row["point"] == "tilt"] == [str(i) for i in range(40)]
    await hydronest("journal", "export", str(home), "--socket", socket, expect=73)


async def test_the_closed_file_gives_the_same_answers(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        for i in range(40):
            journal.offer_sample(sample(i))
    file = ["--file", str(tmp_path / "journal.db")]
    status = json.loads(await hydronest("journal", "status", "--json", *file))
    assert status["state"] == "not_running"
    assert status["lanes"]["telemetry"]["taken"] == 160
    assert json.loads(await hydronest("journal", "verify", "--json", *file))["ok"]
    home = tmp_path / "sqlite"
    await hydronest("journal", "export", str(home), "--format", "sqlite", *file)
    database = sqlite3.connect(home / "journal.sqlite")
    try:
        found = database.execute("SELECT count(*), sum(value) FROM telemetry WHERE point = 'tilt'").fetchone()
        assert found == (40, 780)
    finally:
        database.close()


async def test_history_draws_in_the_terminal_and_to_svg(socket: str, tmp_path: Path) -> None:
    picture = tmp_path / "curve.svg"
    words = ["journal", "history", "hydrant-003", "tilt", "--svg", str(picture), "--socket", socket]
    assert "1 values" in await hydronest(*words)
    assert ElementTree.fromstring(picture.read_text()).tag.endswith("svg")
    assert json.loads(await hydronest(*words, "--json"))[0]["value"] == 3
    await hydronest("journal", "history", "nobody", "tilt", "--socket", socket, expect=65)


async def test_a_file_that_is_no_journal_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database" * 100)
    await hydronest("journal", "status", "--file", str(tmp_path / "x.db"), expect=65)
    await hydronest("journal", "status", "--file", str(tmp_path / "none.db"), expect=65)
