"""The record of acts: one chain over restarts and files, everything that may be changed in it, and what goes in."""

import asyncio
import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.control.acts import Act
from agent.control.request import Request, RequestError
from agent.control.rights import Rights
from agent.control.server import ControlServer
from agent.core.audit import log as audit_log
from agent.core.audit.files import AuditFiles, files, newest, verify
from agent.core.audit.log import MOST_OF_ONE, AuditLog
from agent.core.audit.part import Audit
from agent.runtime import chained
from agent.settings.load import load
from drivers.event import Event, EventKind, Evidence, Severity, Transition
from protocols.reason import Reason
from tests.cli.serving import raw
from tests.waiting import output_of, until

SITE = '[gateway]\nid = "g1"\nstate_dir = "state"\n'
KEY = "A" * 43 + "="


class Card:
    """A writer that makes its calls at once, or, held back, later. It may refuse."""

    def __init__(self) -> None:
        self.held: list[Callable[[], None]] | None = None
        self.full = False

    def later(self, call: Callable[[], None]) -> bool:
        if self.held is not None:
            self.held.append(call)
            return True
        try:
            call()
        except OSError:
            assert self.full
        return True

    def done(self, call: Callable[[], None]) -> "asyncio.Future[None]":
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            call()
        except OSError as error:
            ended.set_exception(error)
        else:
            ended.set_result(None)
        return ended


def a_log(folder: Path, card: Card | None = None, **more: int) -> AuditLog:
    return AuditLog(AuditFiles(folder, **more), card or Card(), lambda: {"utc_s": 1.0, "mono_ms": 2})


def chain(folder: Path, count: int = 9, **more: int) -> list[dict[str, Any]]:
    written = AuditFiles(folder, **more)
    for number in range(count):
        written.append([{"what": "w", "by": f"uid {number}", "args": {"number": number}}])
    return [line.content for line in newest(folder, 1000)]


async def test_acts_stand_in_one_chain_over_restarts_and_files(tmp_path: Path) -> None:
    for life in range(3):
        log = a_log(tmp_path, file_bytes=600)
        for number in range(5):
            log.act(Act("bus.write", f"uid {life}", {"number": number}, changed={"was": [1], "becomes": [2]}, pid=7))
    lines = [line.content for line in newest(tmp_path, 1000)]
    assert [line["n"] for line in lines] == list(range(1, 16))
    assert lines[7] == {
        "n": 8, "utc_s": 1.0, "mono_ms": 2, "what": "bus.write", "by": "uid 1", "args": {"number": 2},
        "outcome": "done", "pid": 7, "was": [1], "becomes": [2], "before": lines[7]["before"],
    }  # fmt: skip
    assert len(files(tmp_path)) > 3
    found = verify(tmp_path)
    assert (found.first, found.head.number, found.trouble) == (1, 15, [])
    assert [line.content["n"] for line in newest(tmp_path, 4)] == [12, 13, 14, 15]


async def test_the_oldest_files_go_and_the_rest_still_verifies_with_heads_that_were_sent(tmp_path: Path) -> None:
    log = AuditFiles(tmp_path, file_bytes=400, most_files=3)
    heads = []
    for number in range(40):
        log.append([{"what": "w", "args": {"number": number}}])
        heads.append(log.head.hash)
    assert len(files(tmp_path)) == 3
    found = verify(tmp_path, {heads[-5]})
    assert found.first > 1
    assert (found.head.number, found.missing, found.trouble) == (40, [], [])
    assert verify(tmp_path, {heads[0]}).missing == [heads[0]]


def rewritten(folder: Path) -> None:
    """The whole chain anew, every hash worked out again."""
    contents = [dict(line.content) for line in newest(folder, 1000)]
    for file in files(folder):
        file.unlink()
    contents[3]["by"] = "uid 0"
    AuditFiles(folder).append([{name: content[name] for name in content if name != "before"} for content in contents])


def cut_out(folder: Path) -> None:
    file = files(folder)[0]
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:3] + lines[4:]))


def edited(folder: Path) -> None:
    file = files(folder)[0]
    file.write_bytes(file.read_bytes().replace(b"uid 3", b"uid 0"))


def put_in(folder: Path) -> None:
    file = files(folder)[0]
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:3], lines[2], *lines[3:]]))


def beheaded(folder: Path) -> None:
    file = files(folder)[0]
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[1:]))


def a_file_gone(folder: Path) -> None:
    files(folder)[1].unlink()


def no_first_of_all(folder: Path) -> None:
    text, _last = chained.chained("f" * 64, [{"n": 1, "what": "w"}])
    for file in files(folder):
        file.unlink()
    chained.append(folder / "0000000001.log", text)


@pytest.mark.parametrize("change", [cut_out, edited, put_in, a_file_gone, no_first_of_all])
def test_whatever_is_changed_in_the_chain_shows(tmp_path: Path, change: Callable[[Path], None]) -> None:
    chain(tmp_path, file_bytes=500 if change is a_file_gone else 4000)
    assert not verify(tmp_path).trouble
    change(tmp_path)
    assert verify(tmp_path).trouble


@pytest.mark.parametrize("change", [rewritten, beheaded])
def test_what_the_chain_itself_cannot_show_the_head_that_was_sent_does(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    chain(tmp_path)
    sent = [line.hash for line in newest(tmp_path, 1000)]
    change(tmp_path)
    found = verify(tmp_path, {sent[0 if change is beheaded else -1]})
    assert len(found.missing) == 1


def test_a_line_that_a_power_cut_tore_goes_and_the_chain_goes_on(tmp_path: Path) -> None:
    chain(tmp_path, 3)
    file = files(tmp_path)[0]
    file.write_bytes(file.read_bytes()[:-9])
    AuditFiles(tmp_path).append([{"what": "w"}])
    found = verify(tmp_path)
    assert (found.head.number, found.trouble) == (3, [])


async def test_a_card_that_takes_nothing_holds_nobody_up_and_costs_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Card()
    log = a_log(tmp_path, card)
    append = chained.append

    def full(path: Path, lines: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    card.full = True
    monkeypatch.setattr(chained, "append", full)
    for number in range(3):
        log.act(Act("w", "uid 1", {"number": number}))
    monkeypatch.setattr(chained, "append", append)
    log.act(Act("w", "uid 1", {"number": 3}))
    assert [line.content["args"]["number"] for line in newest(tmp_path, 9)] == [0, 1, 2, 3]
    assert not verify(tmp_path).trouble


async def test_what_is_lost_beyond_the_bound_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "MOST_WAITING", 4)
    card = Card()
    card.held = []
    log = a_log(tmp_path, card)
    for number in range(10):
        log.act(Act("w", "uid 1", {"number": number}))
    (call,) = card.held
    card.held = None
    call()
    log.act(Act("w", "uid 1", {"number": 10}))
    lines = [line.content for line in newest(tmp_path, 99)]
    assert [(line["what"], line["args"]) for line in lines][4:] == [("lost", {"count": 6}), ("w", {"number": 10})]


async def test_a_flood_of_one_is_a_number_and_costs_no_other_a_line(tmp_path: Path) -> None:
    log = a_log(tmp_path)
    for _ in range(MOST_OF_ONE + 50):
        log.act(Act("bus.write", "uid 7", {}, "refused"))
    log.act(Act("clock.revoke", "uid 8", {}))
    log._floods["uid 7"]._tell()
    *_, other, flood = (line.content for line in newest(tmp_path, 1000))
    assert other["by"] == "uid 8"
    assert (flood["what"], flood["by"]) == ("flood", "uid 7")
    assert flood["args"] == {"count": 50, "of": {"bus.write refused": 50}, "within_s": 60.0}


async def test_orders_and_doubts_of_the_clock_are_acts_and_readings_are_not(tmp_path: Path) -> None:
    log = a_log(tmp_path)
    why = Reason("order.outranked")
    evidence: Evidence = {"by": "p-brigade", "verb": "recall", "status": "refused", "code": "outranked", "reason": why}
    doubt: Evidence = {"reason": why}
    for kind, told in ((EventKind.ORDER, evidence), (EventKind.PRESSURE_LOW, doubt), (EventKind.CLOCK, doubt)):
        log.event(Event(kind, "order-0001", Severity.WARNING, Transition.RAISED, 0, told))
    head: Evidence = {"head": "ab", "outcome": "home"}
    for subject in ("n1-000001", "audit", "days"):  # a flight's, and those that core tells of itself
        log.event(Event(EventKind.AUDIT, subject, Severity.INFO, Transition.NOTED, 0, head))
    order, clock, flight = (line.content for line in newest(tmp_path, 9))
    assert (order["what"], order["by"], order["outcome"]) == ("order", "p-brigade", "refused")
    assert order["args"] == {"order": "order-0001", "verb": "recall", "code": "outranked"}
    assert order["reason"] == why.as_json()
    assert (clock["what"], clock["by"], clock["outcome"]) == ("clock", "", "raised")
    assert flight["args"] == {"audit": "n1-000001", "head": "ab", "outcome": "home"}


def part(folder: Path, site: str, told: list[Event] | None = None) -> Audit:
    (folder / "site.toml").write_text(site, encoding="utf-8")
    report = (told if told is not None else []).append
    return Audit(load(folder / "site.toml"), dict, report, lambda: 0, Card())


async def started(audit: Audit) -> None:
    running = asyncio.create_task(audit.run())
    await until("it is kept", lambda: audit._files.loaded)
    running.cancel()
    await asyncio.wait([running])


async def test_what_a_start_goes_by_is_kept_where_it_changed(tmp_path: Path) -> None:
    key = f'\n[[flight.keys]]\nid = "k1"\nperson = "wang"\nrole = "brigade"\npublic_key = "{KEY}"\n'
    for site in (SITE, SITE, SITE + key, SITE + key.replace("brigade", "on_site")):
        await started(part(tmp_path, site))
    lines = [line.content for line in newest(tmp_path / "state/audit", 9)]
    assert [(line["what"], [key["role"] for key in line["becomes"]["keys"]]) for line in lines] == [
        ("settings", []), ("settings", ["brigade"]), ("settings", ["on_site"]),
    ]  # fmt: skip
    assert lines[2]["was"] == lines[1]["becomes"]


async def test_what_an_older_file_says_of_the_settings_is_found_and_the_newest_is_all_that_is_read_for_the_head(
    tmp_path: Path,
) -> None:
    log = AuditFiles(tmp_path, file_bytes=400)
    log.append([{"what": "settings", "becomes": {"version": "1"}}])
    log.append([{"what": "settings", "becomes": {"version": "2"}}])
    for number in range(20):
        log.append([{"what": "w", "args": {"number": number}}])
    again = AuditFiles(tmp_path)
    again.load()
    assert (again.head, again.settings) == (log.head, {"version": "2"})
    spoilt = files(tmp_path)[-1]
    spoilt.write_bytes(spoilt.read_bytes().replace(b'"number":19', b'"number":20'))
    other = AuditFiles(tmp_path)
    other.load()
    assert other.head.number == 21, "the last that is whole"
    other.append([{"what": "w"}])
    assert [why.code for why in verify(tmp_path).trouble] == ["chained.changed"]


@pytest.mark.parametrize("args", [{"a": object()}, {"a": "x" * 5000}, {"a": 2**70}, {"a": "\ud800"}, {1: {2: b"x"}}])
async def test_arguments_that_cannot_be_written_cost_no_line(tmp_path: Path, args: Any) -> None:
    a_log(tmp_path).act(Act("w", "uid 1", args, changed=args))
    (line,) = (line.content for line in newest(tmp_path, 9))
    assert (line["what"], line["args"]["left_out"], line["args"]["names"]) == ("w", True, [str(next(iter(args)))])


async def test_the_head_goes_upwards_where_there_is_a_new_one(tmp_path: Path) -> None:
    told: list[Event] = []
    audit = part(tmp_path, SITE, told)
    audit.tell_head()
    audit.log.act(Act("w", "", {}))
    audit.tell_head()
    audit.tell_head()
    assert [(event.kind, event.evidence) for event in told] == [
        (EventKind.AUDIT, {"lines": 1, "head": verify(tmp_path / "state/audit").head.hash})
    ]


async def test_every_operate_ask_is_kept_with_what_came_of_it_and_who_only_looks_is_not(tmp_path: Path) -> None:
    async def write(request: Request) -> dict[str, Any]:
        request.changed.update(was=[1], becomes=[2])
        if request.flag("refuse"):
            raise RequestError("refused", Reason("order.outranked"))
        return {"bug": 1 / request.number("bug", 1)}

    audit = part(tmp_path, SITE)
    for own, path in ((True, tmp_path / "s"), (False, tmp_path / "t")):
        rights = Rights(operators=(), own_user=own) if os.geteuid() else NoOperators(own)
        server = ControlServer(path, rights, acts=audit.log.act)
        audit.register(server)
        server.register("bus.write", write, "operate")
        server.register("look", write, "read")
        await server.start()
        for ask in ({"ask": "bus.write", "unit": 7}, {"ask": "bus.write", "refuse": True}, {"ask": "look"},
                    {"ask": "bus.write", "bug": 0}):  # fmt: skip
            await raw(path, json.dumps(ask).encode() + b"\n")
        (answer,) = await raw(path, b'{"ask": "audit.show", "last": 3}\n')
        await server.close()
    assert [line["n"] for line in answer["value"]["lines"]] == [4, 5, 6]
    lines = [line.content for line in newest(tmp_path / "state/audit", 9)]
    assert {(line["what"], line["by"], line["pid"]) for line in lines} == {
        ("bus.write", f"uid {os.geteuid()}", os.getpid())
    }
    assert [line["outcome"] for line in lines] == ["done", "refused", "failed"] + ["no_permission"] * 3
    assert (lines[0]["args"], lines[0]["was"], lines[0]["becomes"]) == ({"unit": 7}, [1], [2])
    assert lines[1]["reason"]["code"] == "order.outranked"


class NoOperators(Rights):
    """As for a user who may only look, also where the tests are run by root."""

    def __init__(self, may: bool) -> None:
        super().__init__()
        object.__setattr__(self, "may", may)

    def allows(self, peer: object, right: str) -> bool:
        return right == "read" or bool(getattr(self, "may", False))


async def test_the_commands_show_and_verify_it(tmp_path: Path) -> None:
    async def hydronest(*args: str) -> tuple[int, str]:
        env = {**os.environ, "HYDRONEST_SOCKET": str(tmp_path / "s"), "HYDRONEST_LANG": "en", "COLUMNS": "300"}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent.cli", "--wide", "audit", *args), env=env,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await output_of(process, b"", 30)
        return process.returncode or 0, out.decode()

    async def zone(_request: Request) -> str:
        return "Asia/Shanghai"

    audit = part(tmp_path, SITE)
    audit.log._stamp = lambda: {"utc_s": 1.8e9, "mono_ms": 2}
    server = ControlServer(tmp_path / "s", acts=audit.log.act)
    audit.register(server)
    server.register("timezone", zone, "read")
    await server.start()
    audit.log.act(Act("bus.write", "uid 7", {"unit": 3, "values": [1, 2]}, changed={"was": [0], "becomes": [1]}))
    audit.log.act(Act("order", "wang", {"verb": "recall"}, "refused", Reason("order.outranked")))
    head = audit._files.head.hash
    code, shown = await hydronest("show")
    assert (code, "unit=3 values=[1,2] [0] -> [1]" in shown, "higher rank" in shown) == (0, True, True)
    for args, ends in (((), 0), (("--head", head), 0), (("--head", "0" * 64), 65), ((str(tmp_path / "no"),), 65)):
        code, said = await hydronest("verify", *args)
        assert code == ends, said
    file = files(tmp_path / "state/audit")[0]
    file.write_bytes(file.read_bytes().replace(b"uid 7", b"uid 8"))
    code, said = await hydronest("verify", str(tmp_path / "state/audit"))
    assert (code, "line 1 is not as it was written" in said) == (65, True)
    await server.close()
