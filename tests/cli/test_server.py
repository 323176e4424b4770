"""The control server against clients that are late, slow, loud or wrong."""

import asyncio
import contextlib
import json
import logging
import os
import random
import socket
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.control.client import Connection, RequestFailed
from agent.control.request import Request, RequestError
from agent.control.rights import Peer, Rights
from agent.control.server import ControlServer
from agent.control.session import Limits
from protocols.errors import Busy, NoAnswer, NotConnected, Refused
from protocols.reason import Reason
from tests.cli.serving import asked, echo, off_loop, raw, serving
from tests.waiting import patient, scaled, until


async def test_asks_follow_each_other_on_one_connection(socket_path: Path) -> None:
    async with serving(socket_path, echo=echo):

        def work() -> list[Any]:
            with Connection(str(socket_path), scaled(5)) as agent:
                return [agent.ask("echo", text="水压", n=n) for n in range(3)]

        assert await off_loop(work) == [{"text": "水压", "n": n} for n in range(3)]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"GET / HTTP/1.1\r\n", "bad_request"),
        (b"\xff\xfe\n", "bad_request"),
        (b"[1,2]\n", "bad_request"),
        (b'{"n":1}\n', "bad_request"),
        (b'{"ask":7}\n', "bad_request"),
        (b'{"ask":"nothing_like_it"}\n', "unknown_ask"),
        (b"[" * 5000 + b"\n", "bad_request"),
    ],
)
async def test_nonsense_is_answered_and_the_connection_stays(socket_path: Path, line: bytes, code: str) -> None:
    async with serving(socket_path, echo=echo):
        first, second = await raw(socket_path, line, b'{"ask":"echo","n":1}\n')
    assert (first["ok"], first["code"]) == (False, code)
    assert first["reason"]["code"].startswith("request.")
    assert second == {"ok": True, "value": {"n": 1}}


async def test_an_endless_question_is_refused_and_hung_up_on(socket_path: Path) -> None:
    async with serving(socket_path, Limits(question_bytes=1000), echo=echo):
        reader, writer = await asyncio.open_unix_connection(str(socket_path))
        writer.write(b"x" * 5000)
        async with patient("a no and a goodbye"):
            answer = json.loads(await reader.readline())
            assert await reader.read() == b""
        writer.close()
    assert answer["code"] == "bad_request"


async def test_an_answer_too_large_is_a_no_not_a_flood(socket_path: Path) -> None:
    async def large(_request: Request) -> str:
        return "x" * 5000

    async with serving(socket_path, Limits(answer_bytes=1000), large=large, echo=echo):
        first, second = await raw(socket_path, b'{"ask":"large"}\n', b'{"ask":"echo"}\n')
    assert first["reason"]["facts"]["most_bytes"] == 1000
    assert second["ok"]


async def test_a_handlers_no_and_a_handlers_bug(socket_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def no(_request: Request) -> None:
        raise RequestError("not_found", Reason("pump.none", pump="p9"), Reason("pump.list"))

    async def bug(_request: Request) -> None:
        raise ZeroDivisionError("division by zero")

    async def unsendable(_request: Request) -> object:
        return object()

    async with serving(socket_path, no=no, bug=bug, unsendable=unsendable, echo=echo):
        with caplog.at_level(logging.CRITICAL):  # the log gets the whole story; the test only wants the answers
            answers = await raw(
                socket_path, b'{"ask":"no"}\n', b'{"ask":"bug"}\n', b'{"ask":"unsendable"}\n', b'{"ask":"echo"}\n'
            )
    assert answers[0] == {
        "ok": False,
        "code": "not_found",
        "reason": {"code": "pump.none", "facts": {"pump": "p9"}},
        "remedy": {"code": "pump.list", "facts": {}},
    }
    assert [a.get("code") for a in answers[1:]] == ["failed", "failed", None]
    assert "ZeroDivisionError" not in json.dumps(answers)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (NoAnswer("h04: silence for 1 s"), "no_answer"),
        (NotConnected("line rs485-1 is down"), "no_answer"),
        (Refused("h04: exception 2", 2), "refused"),
        (Busy("h04 is busy"), "busy"),
        (TimeoutError("its own"), "failed"),
        (FileNotFoundError(2, "no such file"), "failed"),
    ],
)
async def test_trouble_in_a_handler_is_an_answer(
    socket_path: Path, caplog: pytest.LogCaptureFixture, trouble: Exception, code: str
) -> None:
    async def once(_request: Request) -> None:
        raise trouble

    async def after_one(_request: Request) -> AsyncIterator[int]:
        yield 1
        raise trouble

    async with serving(socket_path, once=once, after_one=after_one, echo=echo):
        with caplog.at_level(logging.CRITICAL):
            answers = await raw(socket_path, b'{"ask":"once"}\n', b'{"ask":"after_one"}\n', b'{"ask":"echo"}\n')
    assert answers[0]["code"] == code
    assert answers[1]["value"] == 1
    assert answers[2]["code"] == code  # the second line of after_one; the echo follows it
    if code != "failed":
        assert answers[0]["reason"]["code"] == str(trouble)


async def test_a_handler_that_takes_too_long_is_given_up(socket_path: Path) -> None:
    given_up = asyncio.Event()

    async def never(_request: Request) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    async with serving(socket_path, Limits(answer_s=0.05), never=never, echo=echo):
        first, second = await raw(socket_path, b'{"ask":"never"}\n', b'{"ask":"echo"}\n')
        assert given_up.is_set()
    assert (first["code"], second["ok"]) == ("timeout", True)


async def count_to(request: Request) -> AsyncIterator[int]:
    for n in range(int(request.number("n"))):
        yield n


async def test_a_stream_ends_and_the_next_question_follows(socket_path: Path) -> None:
    async with serving(socket_path, count=count_to, echo=echo):

        def work() -> list[Any]:
            with Connection(str(socket_path), scaled(5)) as agent:
                return [list(agent.stream("count", n=3)), agent.ask("echo", n=1), list(agent.stream("count", n=0))]

        assert await off_loop(work) == [[0, 1, 2], {"n": 1}, []]


async def test_questions_sent_all_at_once_are_answered_in_order(socket_path: Path) -> None:
    async with serving(socket_path, count=count_to, echo=echo):
        reader, writer = await asyncio.open_unix_connection(str(socket_path))
        writer.write(b'{"ask":"count","n":2}\n{"ask":"echo","n":7}\n{"ask":"count","n":1}\n')
        async with patient("six answers"):
            answers = [json.loads(await reader.readline()) for _ in range(6)]
        writer.close()
    assert [a.get("value") for a in answers] == [0, 1, None, {"n": 7}, 0, None]


async def test_a_stream_is_closed_when_its_client_hangs_up(socket_path: Path) -> None:
    started, closed = asyncio.Event(), asyncio.Event()

    async def endless(_request: Request) -> AsyncIterator[int]:
        try:
            yield 1
            started.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    async with serving(socket_path, endless=endless):
        _reader, writer = await asyncio.open_unix_connection(str(socket_path))
        writer.write(b'{"ask":"endless"}\n')
        async with patient("the stream ends"):
            await started.wait()
            writer.close()
            await closed.wait()


async def test_many_streams_and_asks_on_one_connection_keep_their_order(socket_path: Path) -> None:
    """The byte that tells a living client from a gone one is the first of its next question: it must not be lost."""
    async with serving(socket_path, count=count_to, echo=echo):

        def work() -> None:
            with Connection(str(socket_path), scaled(5)) as agent:
                for n in range(200):
                    assert list(agent.stream("count", n=n % 3)) == list(range(n % 3))
                    assert agent.ask("echo", n=n) == {"n": n}

        await off_loop(work)


async def test_a_client_that_does_not_read_is_dropped_and_holds_nobody_up(socket_path: Path) -> None:
    closed = asyncio.Event()

    async def flood(_request: Request) -> AsyncIterator[str]:
        try:
            while True:
                yield "x" * 10_000
        finally:
            closed.set()

    async with serving(socket_path, Limits(waiting_bytes=50_000, write_s=0.3), flood=flood, echo=echo):
        deaf = socket.socket(socket.AF_UNIX)
        deaf.connect(str(socket_path))
        deaf.sendall(b'{"ask":"flood"}\n')  # and never reads
        for n in range(20):
            assert await off_loop(lambda n=n: asked(socket_path, "echo", n=n)) == {"n": n}  # type: ignore[misc]
        async with patient("the flood ends"):
            await closed.wait()
        deaf.close()


async def test_a_silent_client_is_hung_up_on(socket_path: Path) -> None:
    async with serving(socket_path, Limits(idle_s=0.05)):
        reader, writer = await asyncio.open_unix_connection(str(socket_path))
        async with patient("a goodbye"):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()


async def test_one_client_too_many_is_told_so(socket_path: Path) -> None:
    async with serving(socket_path, Limits(clients=2, kept_for_operators=0), echo=echo):
        open_ones = [Connection(str(socket_path), scaled(5)) for _ in range(2)]
        for one in open_ones:
            assert await off_loop(lambda one=one: one.ask("echo", n=1)) == {"n": 1}  # type: ignore[misc]
        with pytest.raises(RequestFailed) as no:
            await off_loop(lambda: asked(socket_path, "echo"))
        assert no.value.code == "busy"
        with Connection(str(socket_path), scaled(5)) as slow:  # asks only after it was hung up on
            hung_up = socket.socket(fileno=os.dup(slow.fileno()))
            with hung_up, pytest.raises(BrokenPipeError):
                while True:
                    hung_up.send(b" ")
                    await asyncio.sleep(0.01)
            with pytest.raises(RequestFailed) as no:
                await off_loop(lambda: slow.ask("echo"))
        assert no.value.code == "busy"
        for one in open_ones:
            one.close()


class _Users:
    """Clients of whatever user: whoever connects first is let in first, so the kernel's word is said in that order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held: list[Connection] = []
        self._uids: deque[int] = deque()
        monkeypatch.setattr("agent.control.server.peer_of", lambda _client: Peer(1, uid := self._uids.popleft(), uid))

    def connect(self, path: Path, uid: int) -> Connection:
        """One more client, who stays."""
        self._uids.append(uid)
        self.held.append(one := Connection(str(path), scaled(5)))
        return one

    async def ask(self, path: Path, uid: int) -> str:
        """The code of the answer to one more client; empty where it is answered."""
        one = self.connect(path, uid)
        try:
            await off_loop(lambda: one.ask("echo"))
        except RequestFailed as no:
            return no.code
        return ""


OPERATOR, READER, AGENT = 7, 1001, 996


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Users]:
    monkeypatch.setattr(Rights, "allows", lambda _self, peer, right: right == "read" or peer.uid == OPERATOR)
    found = _Users(monkeypatch)
    yield found
    for one in found.held:
        one.close()


async def test_readers_never_have_the_places_kept_for_operators(socket_path: Path, users: _Users) -> None:
    async with serving(socket_path, echo=echo):
        told = [await users.ask(socket_path, READER + n) for n in range(25)]
        assert told == [""] * 24 + ["busy"]
        assert [await users.ask(socket_path, OPERATOR) for _ in range(9)] == [""] * 8 + ["busy"]


async def test_one_user_leaves_room_for_the_others(
    socket_path: Path, users: _Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(socket_path, echo=echo):
        assert [await users.ask(socket_path, AGENT) for _ in range(2)] == ["", ""]
        told = [await users.ask(socket_path, READER) for _ in range(17)]
        assert told == [""] * 16 + ["busy"]
        assert await users.ask(socket_path, AGENT) == ""
        monkeypatch.setattr("agent.control.server.IDLE_S", 0.0)
        assert await users.ask(socket_path, READER) == ""
        with pytest.raises(RequestFailed) as no:
            await off_loop(lambda: users.held[2].ask("echo"))
        assert no.value.code == "hung_up", "the reader's own that was idle the longest"
        assert await off_loop(lambda: users.held[0].ask("echo")) == {}, "idle longer still, and another user's"


@pytest.mark.parametrize("uid", [READER, OPERATOR])
async def test_a_crowd_that_asks_nothing_locks_nobody_out(
    socket_path: Path, users: _Users, monkeypatch: pytest.MonkeyPatch, uid: int
) -> None:
    monkeypatch.setattr("agent.control.server.IDLE_S", 0.05)
    async with serving(socket_path, echo=echo):
        for n in range(40):
            users.connect(socket_path, READER + n % 3)
        await asyncio.sleep(0.3)
        assert await users.ask(socket_path, uid) == ""


async def test_whoever_asks_nothing_makes_room_for_whoever_does(
    socket_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.control.server.IDLE_S", 0.05)
    async with serving(socket_path, Limits(clients=2, kept_for_operators=0), echo=echo):
        idle = [Connection(str(socket_path), 5) for _ in range(2)]
        await asyncio.sleep(0.1)
        assert await off_loop(lambda: asked(socket_path, "echo", n=1)) == {"n": 1}
        with pytest.raises(RequestFailed) as no:
            await off_loop(lambda: idle[0].ask("echo"))
        assert no.value.code == "hung_up", "the one that was idle the longest"
        assert await off_loop(lambda: idle[1].ask("echo", n=2)) == {"n": 2}
        for one in idle:
            one.close()


async def test_random_bytes_harm_nobody(socket_path: Path) -> None:
    dice = random.Random(20261121)
    pieces = [
        b'{"ask":',
        b'"echo"',
        b"}",
        b"[",
        b"\x00",
        b"\xff",
        b"\n",
        b'"',
        b"1e999",
        b"null",
        b",",
        b"\\u0000",
        b"{",
    ]
    async with serving(socket_path, echo=echo):
        for _ in range(60):
            reader, writer = await asyncio.open_unix_connection(str(socket_path))
            writer.write(b"".join(dice.choices(pieces, k=40)) + b"\n")
            writer.write_eof()
            async with patient("an answer to rubbish"):
                for line in (await reader.read()).splitlines():
                    assert json.loads(line)["ok"] in (True, False)
            writer.close()
            await writer.wait_closed()
        assert await off_loop(lambda: asked(socket_path, "echo", n=1)) == {"n": 1}


@pytest.mark.parametrize(
    ("check", "arguments"),
    [
        (lambda r: r.text("t"), {}),
        (lambda r: r.text("t"), {"t": 5}),
        (lambda r: r.number("n"), {"n": "5"}),
        (lambda r: r.number("n"), {"n": True}),
        (lambda r: r.number("n", low=1, high=2), {"n": 3}),
        (lambda r: r.number("n"), {"n": float("nan")}),
        (lambda r: r.flag("f"), {"f": 1}),
    ],
)
def test_wrong_arguments_are_named(check: Callable[[Request], object], arguments: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as no:
        check(Request(arguments, Peer(1, 0, 0)))
    assert no.value.code == "bad_request"
    assert str(no.value)[:2] in ("t:", "n:", "f:")


async def test_who_asks_a_thousand_things_at_once_gets_one_answer_a_turn(socket_path: Path) -> None:
    """What is sent ahead is read already, and answering it never waits: all else on the loop has its turns between."""
    turns, in_one_turn, answered = 0, Counter[int](), 0

    async def counted(_request: Request) -> int:
        nonlocal answered
        answered += 1
        in_one_turn[turns] += 1
        return answered

    async def turning() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with serving(socket_path, counted=counted):
        clients = [await asyncio.open_unix_connection(str(socket_path)) for _ in range(4)]
        beside = asyncio.create_task(turning())
        try:
            for _reader, writer in clients:
                writer.write(b'{"ask":"counted"}\n{"ask":"nothing"}\n' * 500)
            for reader, _writer in clients:
                async with patient("every answer", progress=lambda: answered):
                    for _ in range(1000):
                        await reader.readline()
        finally:
            beside.cancel()
            for _reader, writer in clients:
                writer.close()
    assert answered == 2000
    assert max(in_one_turn.values()) <= len(clients), "a fresh question of each at most, and one sent ahead"


async def test_a_crowd_that_never_pauses_is_not_in_the_way_of_an_order(socket_path: Path) -> None:
    """Somebody's script has all the places of the operator himself; what is urgent is heard at the door."""
    at_work, over = Counter[str](), asyncio.Event()

    async def busy(_request: Request) -> None:
        at_work["busy"] += 1
        await over.wait()

    limits = Limits(clients=2, kept_for_operators=0, at_the_door=2, door_s=scaled(0.5))
    server = ControlServer(socket_path, limits=limits)
    server.register("busy", busy, "read")
    server.register("echo", echo, "read")
    server.register("recall", echo, "read", urgent=True)
    await server.start()
    crowd = [Connection(str(socket_path), scaled(20)) for _ in range(2)]
    asking = [asyncio.create_task(off_loop(lambda one=one: one.ask("busy"))) for one in crowd]  # type: ignore[misc]
    try:
        await until("both are at work", lambda: at_work["busy"] == 2)
        assert await off_loop(lambda: asked(socket_path, "recall", n=1)) == {"n": 1}
        with pytest.raises(RequestFailed) as no:
            await off_loop(lambda: asked(socket_path, "echo"))
        assert (no.value.code, no.value.reason) == ("busy", Reason("request.too_many", others=2))
        silent = [Connection(str(socket_path), scaled(5)) for _ in range(2)]  # they have the door, for a moment
        await until("they are there", lambda: len(server._door) == 2)
        await until("the door is free again", lambda: not server._door)
        assert await off_loop(lambda: asked(socket_path, "recall", n=2)) == {"n": 2}
        for one in silent:
            one.close()
    finally:
        over.set()
        await asyncio.wait(asking)
        for one in crowd:
            one.close()
        await server.close()
