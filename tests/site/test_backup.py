"""Everything a gateway keeps in one file and back: whole or not at all, and never as if nothing had happened."""

import asyncio
import errno
import fcntl
import gzip
import io
import json
import os
import pwd
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.cli import exits
from agent.cli.backup.reading import NoBackup, unpack
from agent.cli.backup.sealed import WrongPassphrase, seal, unseal
from agent.cli.backup.writing import write
from agent.cli.main import main
from agent.control.server import ControlServer
from agent.core.whose_card import RESTORED
from agent.flight.control.checkpoint import Kept, read, told
from agent.flight.machine.table import Phase
from agent.flight.orders.epoch import epoch_of
from agent.journal.copying import Copies
from agent.journal.journal import Journal, JournalPlan
from tests.journal.things import SMALL, event, running, sample
from tests.waiting import patient

SITE = '[gateway]\nid = "g1"\nstate_dir = "state"\n'
WORDS = "a dozen letters and more"
TOLD = b'{"v": 1, "gateway": "g1", "made": "today", "files": '


class Box:
    """One gateway's folder: its settings, its state, and the command run on it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.state = folder, folder / "state"
        self.state.mkdir(parents=True)
        self.site = folder / "site.toml"
        self.site.write_text(SITE)
        self._capsys = capsys

    async def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        """The exit code and what it says."""
        options = ["--json", "--socket", str(self.state / "control.sock")]
        site = [] if words[0] == "show" else ["--site", str(self.site)]
        code = await asyncio.to_thread(main, ["backup", *words, *site, *options])
        out, err = self._capsys.readouterr()
        return code, json.loads(out or err.splitlines()[-1])


def fill(box: Box) -> str:
    """What is kept beside the journal; the epoch of orders."""
    flight = box.state / "flight"
    flight.mkdir()
    (flight / "nest-n1.json").write_bytes(told(Kept(Phase.REASSESSING)))
    (flight / "orders-seen").write_text("one\ntwo\n")
    (box.state / "ledger").mkdir()
    (box.state / "ledger/2026-11-30.json").write_text("{}")
    (box.state / "identity.key").write_bytes(b"secret")
    (box.state / "tree.json").write_text("{}")
    (box.folder / "pass.word").write_text("hush")
    (box.folder / "words").write_text(WORDS)
    return epoch_of(flight)


def records(state: Path) -> list[int]:
    """What a journal holds by seq."""
    with closing(sqlite3.connect(state / "journal.db")) as db:
        lanes = [db.execute(f"SELECT seq FROM {lane}").fetchall() for lane in ("event", "telemetry")]
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return sorted(seq for lane in lanes for (seq,) in lane)


async def test_made_of_a_running_gateway_and_put_back_on_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = Box(tmp_path / "here", capsys), Box(tmp_path / "there", capsys)
    epoch = fill(here)
    out = tmp_path / "backup"
    server = ControlServer(here.state / "control.sock")
    (here.state / "journal.copy.of-before").write_text("left by an agent that was killed")
    async with running(here.state) as journal:
        Copies(journal).register(server)
        assert not list(here.state.glob("journal.copy*"))
        await server.start()
        first_boot = journal.boot
        for i in range(300):
            journal.offer_sample(sample(i))
            if not i % 50:
                await journal.flush()
        await journal.flush()
        making = asyncio.create_task(here.run("make", str(out), "--secrets", str(here.folder / "words")))
        async with patient("it is made", 20):
            while not making.done():  # it goes on keeping
                journal.offer_sample(sample(1000))
                await journal.flush()
        code, told_of = await making
        assert code == exits.OK, told_of
        assert not list(here.state.glob("journal.copy*"))
        kept = journal.tally.next_seq - 1
        await server.close()
    assert (told_of["gateway"], told_of["secrets"]) == ("g1", True)
    assert (await there.run("show", str(out)))[1]["files"] == told_of["files"]

    (there.state / "old").write_text("of before")
    code, told_of = await there.run("restore", str(out), "--yes", "--secrets", str(here.folder / "words"))
    assert code == exits.OK, told_of
    assert (there.folder / "state.before-1/old").read_text() == "of before"
    seqs = records(there.state)
    assert seqs == list(range(1, len(seqs) + 1))
    assert 7 <= len(seqs) <= kept
    assert (there.state / "identity.key").read_bytes() == b"secret"
    assert not (there.state / "tree.json").exists()
    assert read(there.state / "flight/nest-n1.json") == Kept(modes=None, doubted=True), "somebody on site looks first"
    assert (there.state / "flight/orders-seen").read_text() == "one\ntwo\n"
    assert epoch_of(there.state / "flight") != epoch, "no order of before is obeyed"
    assert json.loads((there.state / RESTORED).read_text())["made"] == told_of["made"]
    journal = await Journal.open(JournalPlan(there.state / "journal.db", room=SMALL), {})
    assert int(journal.boot, 16) > int(first_boot, 16)
    assert journal.tally.next_seq == len(seqs) + 1, "nothing was found to be wrong with it"
    await journal.close()

    folder = tmp_path / "settings"
    code, _told = await there.run(
        "restore", str(out), "--settings", str(folder), "--secrets", str(here.folder / "words")
    )
    assert code == exits.OK
    assert (folder / "site.toml").read_text() == SITE
    assert (folder / "pass.word").read_text() == "hush"
    assert not list(tmp_path.glob("**/.*.restoring"))


async def test_made_while_no_agent_runs_without_secrets_and_what_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, other = Box(tmp_path / "here", capsys), Box(tmp_path / "other", capsys)
    other.site.write_text(SITE.replace("g1", "g2"))
    fill(here)
    out, words = tmp_path / "backup", here.folder / "words"
    async with running(here.state) as journal:
        journal.offer_event(event(1))
        await journal.flush()
        assert (await here.run("make", str(out)))[0] == exits.TRY_AGAIN, "somebody has the journal, and does not answer"
    assert (await here.run("make", str(out)))[1]["secrets"] is False
    before = {path: path.read_bytes() for path in sorted(here.state.rglob("*")) if path.is_file()}
    words.write_text("short")
    for box, arguments, code in (
        (other, [], exits.BAD_DATA),
        (here, ["--secrets", str(words)], exits.USAGE),
        (here, ["--secrets", str(out)], exits.BAD_DATA),
        (here, ["--settings", str(here.folder)], exits.CANNOT_WRITE),
    ):
        assert (await box.run("restore", str(out), "--yes", *arguments))[0] == code, arguments
    words.write_text(WORDS)
    assert (await here.run("restore", str(out), "--yes", "--secrets", str(words)))[0] == exits.BAD_DATA, (
        "none are in it"
    )
    assert {path: path.read_bytes() for path in sorted(here.state.rglob("*")) if path.is_file()} == before
    assert (await here.run("restore", str(out), "--yes"))[0] == exits.OK
    assert records(here.state) == [1]
    assert not (here.state / "identity.key").exists()
    assert (here.folder / "state.before-1/identity.key").exists()


@pytest.mark.parametrize("place", ["card/mine.db", "state/mine.db", "state/deep/mine.db"])
async def test_the_journal_comes_back_where_the_site_file_has_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """And no log of the one before is left beside it, nor is one put aside written over by the next."""
    box = Box(tmp_path, capsys)
    box.site.write_text(f'{SITE}[journal]\npath = "{place}"\n')
    journal, out = tmp_path / place, tmp_path / "backup"
    journal.parent.mkdir(exist_ok=True)
    plan = JournalPlan(journal, room=SMALL)
    await (await Journal.open(plan, {})).close()
    journal.with_name("mine.db-wal").unlink(missing_ok=True)
    kept = journal.read_bytes()
    assert (await box.run("make", str(out)))[0] == exits.OK
    for before in (b"first", b"second"):
        journal.write_bytes(before)
        journal.with_name("mine.db-wal").write_bytes(before)
        code, told_of = await box.run("restore", str(out), "--yes")
        assert code == exits.OK, told_of
        assert journal.read_bytes() == kept
        assert not journal.with_name("mine.db-wal").exists()
    if place.startswith("card"):
        for number, before in ((1, b"first"), (2, b"second")):
            for name in ("mine.db", "mine.db-wal"):
                assert (journal.parent / f"{name}.before-{number}").read_bytes() == before


async def test_where_the_state_directory_cannot_be_put_in_place_the_journal_elsewhere_is_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a mount point refuses it: by then the journal beside has been exchanged."""
    box = Box(tmp_path, capsys)
    box.site.write_text(f'{SITE}[journal]\npath = "card/mine.db"\n')
    journal, out = tmp_path / "card/mine.db", tmp_path / "backup"
    journal.parent.mkdir()
    await (await Journal.open(JournalPlan(journal, room=SMALL), {})).close()
    assert (await box.run("make", str(out)))[0] == exits.OK
    journal.write_bytes(b"newer")
    journal.with_name("mine.db-wal").write_bytes(b"its log")
    (box.state / "facts.jsonl").write_text("of now")

    def files() -> dict[str, bytes]:
        return {str(one): one.read_bytes() for one in sorted(tmp_path.rglob("*")) if one.is_file()}

    before, rename = files(), Path.rename
    for refused in ("state", ".state.restoring/state"):

        def busy(old: Path, new: Path, refused: str = refused) -> Path:
            if old == tmp_path / refused:
                raise OSError(errno.EBUSY, "Device or resource busy", str(old))
            return rename(old, new)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", busy)
            assert (await box.run("restore", str(out), "--yes"))[0] == exits.CANNOT_WRITE
        left = {name: content for name, content in files().items() if not name.endswith("mine.db.lock")}
        assert left == {name: content for name, content in before.items() if not name.endswith("mine.db.lock")}
    assert (await box.run("restore", str(out), "--yes"))[0] == exits.OK
    assert (journal.parent / "mine.db.before-1").read_bytes() == b"newer"


def packed(*members: tuple[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return raw.getvalue()


def linked(whole: bytes) -> bytes:
    raw = io.BytesIO(whole)
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        member = tarfile.TarInfo("state/x")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    return raw.getvalue()


def flipped(whole: bytes) -> bytes:
    plain = bytearray(gzip.decompress(whole))
    plain[plain.index(b"precious")] ^= 1
    return gzip.compress(bytes(plain))


@pytest.mark.parametrize(
    "harm",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[: len(whole) * 4 // 5],
        lambda _whole: b"",
        lambda _whole: b"no archive at all",
        flipped,
        linked,
        lambda _whole: packed(("manifest.json", b"[" * 500)),
        lambda _whole: packed(("manifest.json", b'{"v": 2, "files": {}}')),
        lambda _whole: packed(("manifest.json", TOLD + b'{"state/x": [1, "00"]}}')),
        lambda _whole: packed(("manifest.json", b'{"v": 1, "made": "today", "files": {}}')),
        lambda _whole: packed(("manifest.json", b'{"v": 1, "made": "today", "gateway": "\\u001b[31m", "files": {}}')),
        lambda _whole: packed(("manifest.json", b'{"v": 1, "made": 1, "gateway": "g1", "files": {}}')),
        lambda _whole: packed(("state/../../x", b"1"), ("manifest.json", TOLD + b"{}}")),
        lambda _whole: packed(("/etc/x", b"1"), ("manifest.json", TOLD + b"{}}")),
        lambda _whole: packed(("state/.x/../y", b"1"), ("manifest.json", TOLD + b"{}}")),
        lambda _whole: packed(("state/x", b"1"), ("manifest.json", TOLD + b"{}}")),
        lambda _whole: packed(("manifest.json", TOLD + b"{}}"), ("state/x", b"1")),
    ],
)
def test_what_is_no_whole_backup_is_refused(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious" * 100)
    out = tmp_path / "backup"
    write(out, [("state/a/precious", precious)], {"gateway": "g1", "made": "today"}, {}, "")
    into = tmp_path / "into"
    assert set(unpack(out, into).manifest) == {"v", "gateway", "made", "files"}
    assert (into / "state/a/precious").read_bytes() == precious.read_bytes()
    out.write_bytes(harm(out.read_bytes()))
    with pytest.raises(NoBackup):
        unpack(out, tmp_path / "again")
    assert not (tmp_path / "x").exists()


def test_why_it_is_none_is_told_in_chinese_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "backup"
    whole = packed(("manifest.json", TOLD + b"{}}"))
    for content, why in ((b"none", "不是归档文件"), (packed(), "没有清单"), (whole, "没有设置")):
        file.write_bytes(content)
        words = ["--lang", "zh", "backup", "restore", str(file), "--settings", str(tmp_path / "new")]
        assert main(words) == exits.BAD_DATA
        assert why in capsys.readouterr().err


def test_settings_come_back_so_that_the_agent_may_read_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, out, words = tmp_path / "any", tmp_path / "backup", tmp_path / "words"
    file.touch()
    words.write_text(WORDS)
    files = [(f"settings/{name}", file) for name in ("site.toml", "profiles/own.toml")]
    write(out, files, {"gateway": "g1", "made": "today"}, {"settings/secrets/mqtt.password": b"hush"}, WORDS)
    owners: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr(os, "chown", lambda path, uid, gid: owners.update({path.name: (uid, gid)}))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("pwd.getpwnam", lambda _: pwd.struct_passwd(("hydronest", "x", 71, 72, "", "/", "/")))
    command = ["backup", "restore", str(out), "--settings", str(tmp_path / "settings"), "--secrets", str(words)]
    assert main(command) == exits.OK
    reads, own = (0, 72), (71, 72)
    assert owners == {"settings": reads, "site.toml": reads, "secrets": reads, "mqtt.password": own,
                      "profiles": reads, "own.toml": reads}  # fmt: skip
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "settings").rglob("*")}
    assert modes == {"site.toml": 0o640, "secrets": 0o750, "mqtt.password": 0o600, "profiles": 0o750, "own.toml": 0o640}


async def test_of_two_at_once_one_is_told_to_wait(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = Box(tmp_path / "here", capsys)
    folder = os.open(box.state, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    assert (await box.run("make", str(tmp_path / "backup")))[0] == exits.TRY_AGAIN
    os.close(folder)
    assert (await box.run("make", str(tmp_path / "backup")))[0] == exits.OK
    for folder_named in ("", str(tmp_path)):
        assert (await box.run("make", folder_named))[0] == exits.USAGE


def test_secrets_are_opened_by_their_words_alone() -> None:
    sealed = seal({"state/identity.key": b"\0very own"}, WORDS)
    assert not any(one in sealed for one in (b"very own", b"very own".hex().encode(), b"identity"))
    assert unseal(sealed, WORDS) == {"state/identity.key": b"\0very own"}
    for wrong, words in ((sealed, WORDS + "!"), (sealed[:-1], WORDS), (b"", WORDS), (sealed[:40], WORDS)):
        with pytest.raises(WrongPassphrase):
            unseal(wrong, words)
