"""Whatever comes in at the port: a request, a refusal or an end, within bounds, and nobody else has less for it."""

import asyncio
import contextlib
import random
import re
import time
from pathlib import Path

import h11
import pytest

from agent.web.connection import GUARDS, Times
from agent.web.listener import Limits, Listener
from agent.web.markup import Markup, tag
from agent.web.requests import LONGEST_BODY, LONGEST_HEAD, LONGEST_TARGET, Answer, BadRequest, Request, request_of
from tests.waiting import patient, scaled, until
from tests.web.rig import TOKEN, reply_of, station

GOOD = f"GET /hydrants HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: hydronest={TOKEN}\r\nAccept: text/html\r\n\r\n".encode()
POSTED = b"POST /in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"

REFUSED: list[tuple[bytes, int]] = [
    (b"GET / HTTP/1.1\r\n\r\n", 400),  # no host
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET //evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /\xe4 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /hydrants?start=-1 HTTP/1.1\r\nHost: localhost\r\nCookie: hydronest=" + TOKEN.encode() + b"\r\n\r\n", 400),
    (b"GET /hydrants?a=1&a=2 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /?" + b"&".join(b"%d=1" % n for n in range(99)) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /" + b"a" * LONGEST_TARGET + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 3 * LONGEST_HEAD, 431),
    (b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),  # TLS, where there is none
    (b"\x00" * 64 + b"\r\n\r\n", 400),
    (POSTED + b"Content-Length: 999999\r\n\r\n" + b"a" * 2 * LONGEST_BODY, 413),
    (POSTED + b"Transfer-Encoding: chunked\r\n\r\n" + (b"400\r\n" + b"a" * 1024 + b"\r\n") * 2, 413),
    (POSTED + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}", 415),
    (b"POST /hydrants HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 404),
]  # fmt: skip


async def test_what_no_browser_sends_is_refused_by_its_number(tmp_path: Path) -> None:
    async with station(tmp_path) as found:
        for sent, status in REFUSED:
            told = reply_of(await found.raw(sent))
            assert told.status == status or (status == 400 and told.status == 0), sent[:80]
            assert told.body == "" or status == 415, sent[:80]
            assert told.status == 0 or dict(GUARDS).items() <= told.headers.items()
        for path in (
            "/../etc/passwd",
            "/static/../site.py",
            "/static/%2e%2e/site.py",
            "/static/x/..%2fsite.py",
            "/live/../",
        ):
            assert (await found.get(path)).status == 404, path
        head = await found.get("/hydrants", method="HEAD")
        assert (head.status, head.body) == (200, "")
        assert int(head.headers["content-length"]) > 1000
        twice = await found.raw(GOOD + GOOD.replace(b"Accept", b"Connection: close\r\nAccept"))
        assert twice.count(b"HTTP/1.1 200") == 2, "one after the other on one connection"


async def test_what_stands_in_a_name_is_text_on_the_page(tmp_path: Path) -> None:
    async with station(tmp_path) as found:
        reading = found.latest.reading("h03")
        assert reading is not None
        object.__setattr__(reading.info, "name", "<script>alert(1)</script>\"'&")
        page = await found.get("/hydrants?find=%3Cscript%3E")
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;" in page.body
        assert 'value="&lt;script&gt;"' in page.body
        assert re.findall(r"<script[^>]*>", page.body) == re.findall(
            r'<script src="/static/\w+/live.js" defer>', page.body
        )
        assert not re.search(r"\son\w+=|\sstyle=|javascript:|https?://", page.body)
    assert tag("p", "<b>", Markup("<i></i>"), title='"') == '<p title="&quot;">&lt;b&gt;<i></i></p>'


async def test_mutated_requests_are_answered_or_refused_and_the_pages_go_on(tmp_path: Path) -> None:
    """1,000 by one listener's very code; every hundredth by the port as well."""
    dice = random.Random(19)
    async with station(tmp_path) as found:
        for number in range(1000):
            sent = bytearray(GOOD if number % 3 else POSTED + b"Content-Length: 9\r\n\r\ntoken=abc")
            for _ in range(dice.randint(1, 6)):
                at = dice.randrange(len(sent))
                sent[at : at + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 4))
            parse(bytes(sent))
            if number % 100 == 0:
                reply_of(await found.raw(bytes(sent) + b"\r\n\r\n"))
        assert (await found.get("/hydrants")).status == 200


def parse(sent: bytes) -> Request | None:
    """What the connection makes of it."""
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
    with contextlib.suppress(BadRequest, h11.RemoteProtocolError):
        http.receive_data(sent)
        event = http.next_event()
        if isinstance(event, h11.Request):
            found = request_of(event.method, event.target, list(event.headers), b"a=1&b")
            _ = found.cookies, found.path
            with contextlib.suppress(BadRequest):
                _ = found.form
            return found
    return None


async def answer(_request: Request) -> Answer:
    return Answer(b"x")


@contextlib.asynccontextmanager
async def listening(limits: Limits, times: Times):  # type: ignore[no-untyped-def]  # a test's own
    listener = Listener(answer, limits, times)
    port = await listener.start("127.0.0.1", 0)
    writers: list[asyncio.StreamWriter] = []

    async def dial(*sent: bytes) -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        for part in sent:
            writer.write(part)
        return reader

    try:
        yield listener, dial
    finally:
        for writer in writers:
            writer.close()
        await listener.close()


async def ended(reader: asyncio.StreamReader) -> bytes:
    async with patient("the connection ends"):
        with contextlib.suppress(ConnectionError):
            return await reader.read()
    return b""


async def test_who_is_slow_is_hung_up_on_and_who_waits_makes_room() -> None:
    times = Times(request_s=scaled(0.2), idle_s=scaled(0.2), write_s=1.0)
    async with listening(Limits(connections=3, idle_s=0.0), times) as (listener, dial):
        assert await ended(await dial()) == b"", "says nothing"
        slow = await dial(GOOD[:20])
        assert await ended(slow) == b"", "never ends its request"
        kept = await dial(GOOD)
        assert (await ended(kept)).startswith(b"HTTP/1.1 200"), "asks no more"
        idle = [await dial() for _ in range(3)]
        await until("they are let in", lambda: len(listener._served) == 3)
        assert (await ended(await dial(GOOD.replace(b"Accept", b"Connection: close\r\nAccept")))).startswith(
            b"HTTP/1.1 200"
        )
        assert [await ended(one) for one in idle] == [b""] * 3


async def test_a_crowd_is_refused_and_those_who_look_stay(tmp_path: Path) -> None:
    """500 connections that ask for nothing, and 500 that are refused: the open page is told on, within its second."""
    async with station(tmp_path) as found:
        page = await found.get("/hydrants")
        live = re.search(r'data-live="([^"]+)"', page.body)
        assert live is not None
        async with found.live(live[1].replace("&amp;", "&")) as told:
            await told.next("beat")
            crowd = []
            try:
                for _ in range(500):
                    _reader, writer = await asyncio.open_connection("127.0.0.1", found.port)
                    writer.write(b"GET /")
                    crowd.append(writer)
                began = time.monotonic()
                await told.next("beat")
                await told.next("beat")
                assert time.monotonic() - began < scaled(3.0)
            finally:
                for writer in crowd:
                    writer.close()
                await asyncio.gather(*(writer.wait_closed() for writer in crowd), return_exceptions=True)


@pytest.mark.parametrize("body", [b"token=\xff", b"token=" + b"%41" * 60, b"a&b;c=d", b"=", b"token"])
async def test_a_form_of_any_bytes_lets_nobody_in(body: bytes) -> None:
    request = Request("POST", "/in", {}, {"content-type": "application/x-www-form-urlencoded"}, body)
    with contextlib.suppress(BadRequest):
        assert request.form.get("token", "") != TOKEN
