"""Nothing of the station is shown without a link that counts: made, kept as a digest, ended by time or by a person."""

import asyncio
import contextlib
import hashlib
import logging
import re
import ssl
from pathlib import Path

import pytest

from agent.control.client import RequestFailed
from agent.control.web_passes import MOST, Moment, Pass, digest_of, moment, passes_file, read, written
from agent.web.passing import LOOK_EVERY_S, Passing
from hil.broker.certificates import make_certificates
from protocols.foreign_json import BadJson
from tests.asking import ask, cli
from tests.waiting import patient
from tests.web.rig import TOKEN, live_of, reply_of, station

PAGES = ("/", "/hydrants", "/hydrants?state=alarm", "/live/hydrants", "/live/nothing", "/nothing", "/static/x/live.js")


async def test_without_a_token_there_is_only_the_way_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with station(tmp_path) as found:
        for token in (None, "", "wrong", TOKEN[:-1], TOKEN + "x", "x" * 5000, digest_of(TOKEN)):
            for path in PAGES:
                reply = await found.get(path, token)
                assert reply.status in (403, 431), (path, token)
                assert not re.search(r"h0\d|衢江|kPa", reply.body)
        way_in = await found.get("/in", None)
        assert way_in.status == 200
        assert way_in.headers["cache-control"] == "no-store"
        (script,) = re.findall(r'src="(/static/\w+/in\.js)"', way_in.body)
        assert (await found.get(script, None)).headers["content-type"].startswith("text/javascript")

        wrong = await found.get("/in", None, "POST", "token=wrong")
        assert (wrong.status, "set-cookie" in wrong.headers) == (403, False)
        right = await found.get("/in", None, "POST", f"token={TOKEN}")
        assert (right.status, right.headers["location"]) == (303, "/")
        assert re.fullmatch(
            rf"hydronest={TOKEN}; Path=/; Max-Age=3\d\d\d; HttpOnly; SameSite=Strict", right.headers["set-cookie"]
        )
        assert "h03" in (await found.get("/hydrants")).body
        out = await found.get("/out", TOKEN, "POST")
        assert "Max-Age=0" in out.headers["set-cookie"]
    kept = passes_file(tmp_path / "state").read_text()
    assert TOKEN not in kept
    assert hashlib.sha256(b"hydronest web pass v1\n" + TOKEN.encode()).hexdigest() in kept
    assert TOKEN not in caplog.text


async def test_nobody_signs_in_from_another_site(tmp_path: Path) -> None:
    """Another site's form is refused, and its name for our address leads nobody here."""
    async with station(tmp_path) as found:
        right, body = f"http://127.0.0.1:{found.port}", f"token={TOKEN}"
        for headers, status in (
            ({"origin": "http://evil.example"}, 403),
            ({"origin": "null"}, 403),
            ({"sec_fetch_site": "cross-site"}, 403),
            ({"origin": right, "sec_fetch_site": "same-origin"}, 303),
        ):
            assert (await found.get("/in", None, "POST", body, **headers)).status == status, headers
        for host, status in (
            ("evil.example", 421),
            ("", 421),
            ("localhost", 200),
            ("[::1]:8460", 200),
            ("10.0.0.9", 200),
        ):
            assert (await found.get("/hydrants", host=host)).status == status, host


async def test_a_link_ends_by_itself_or_is_taken_back_and_its_open_pages_with_it(tmp_path: Path) -> None:
    async with station(tmp_path) as found:
        socket = found.settings.socket_path
        other = await found.link("another", person="值班室")
        page = await found.get("/hydrants", "another")
        code, out, _ = await cli(socket, "web", "list", "--json")
        assert code == 0
        assert "值班室" in out
        assert digest_of(TOKEN) not in out
        async with found.live(live_of(page), "another") as live:
            await live.next("beat")
            code, out, err = await cli(socket, "web", "revoke", other)
            assert (code, out) == (0, f"revoked: {other}\n"), err
            assert await live.next("out") is None
        assert (await found.get("/hydrants", "another")).status == 403
        assert (await found.get("/hydrants")).status == 200, "the others count on"
        with pytest.raises(RequestFailed, match="no link"):
            await ask(socket, "web.revoke", id=other)
        passes_file(tmp_path / "state").write_bytes(written([a_pass(boot_until_s=9e9, boot=moment().boot)] * MOST))
        with pytest.raises(RequestFailed, match="100 links count already"):
            await found.link("one too many")
        await ask(socket, "web.revoke", all=True)
        async with patient("nobody is let in"):
            while (await found.get("/hydrants")).status != 403:  # noqa: ASYNC110 - a browser asks
                await asyncio.sleep(0.05)


async def test_the_command_makes_a_link_that_lets_in(tmp_path: Path) -> None:
    async with station(tmp_path) as found:
        socket = found.settings.socket_path
        code, out, err = await cli(socket, "web", "link", "--for", "12h", "--name", "duty desk")
        assert code == 0, err
        assert "counts for 12h" in err
        address, token = out.strip().split("#")
        assert address == f"http://127.0.0.1:{found.port}/in"
        assert len(token) == 43
        assert (await found.get("/hydrants", token)).status == 200
        told = (await cli(socket, "web", "link", "--json", "--address", "https://gw.example/"))[1]
        assert '"address":"https://gw.example/in#' in told
        assert (await cli(socket, "web", "link", "--for", "400d"))[0] == 2
        rows = (await ask(socket, "web.list"))["links"]
        assert [row["person"] for row in rows] == ["", "duty desk", ""]
        assert {row["right"] for row in rows} == {"read"}


def a_pass(**other: object) -> Pass:
    return Pass("id", digest_of("t"), "", "read", 1000.0, 2000.0, "boot", 500.0)._replace(**other)  # type: ignore[arg-type]


def test_a_link_counts_by_the_clock_nobody_sets_and_after_a_boot_by_the_date() -> None:
    one = a_pass()
    for now, left_s in (
        (Moment("boot", 400.0, 0.0), 100.0),
        (Moment("boot", 500.0, 1500.0), 0.0),
        (Moment("other", 10.0, 1500.0), 500.0),
        (Moment("other", 10.0, 2000.0), 0.0),
        (Moment("other", 10.0, 999.0), 0.0),  # a date before it was made is none
    ):
        assert one.left_s(now) == left_s, now


async def test_a_file_that_is_spoilt_lets_nobody_in(tmp_path: Path) -> None:
    """Every bit of it, by its sum; and what a stranger's card holds under the name."""
    path, clock = passes_file(tmp_path), [0.0]
    path.parent.mkdir()
    passing = Passing(path, lambda: Moment("boot", 0.0, 1500.0), lambda: clock[0])

    async def let_in() -> bool:
        clock[0] += LOOK_EVERY_S
        return await passing.of("t") is not None

    assert not await let_in()
    right = written([a_pass(), a_pass(id="b", digest=digest_of("u"))])
    path.write_bytes(right)
    assert await let_in()
    for at in range(0, len(right) - 1, 7):
        path.write_bytes(right[:at] + bytes([right[at] ^ 4]) + right[at + 1 :])
        assert not await let_in(), at
    for strange in (b"", b"{}", b"[]", b'{"passes":7}', b'{"passes":[{"id":1}]}', b"\xff" * 9, b"x" * 300_000):
        path.write_bytes(strange)
        assert not await let_in(), strange[:20]
    path.write_bytes(right)
    assert await let_in()
    path.unlink()
    assert not await let_in()
    with pytest.raises(BadJson):
        path.write_bytes(b'{"passes":[{"id":"a","digest":1,"name":"","right":"","made_s":0,"until_s":9,"boot":"",'
                         b'"boot_until_s":0}]}')  # fmt: skip
        read(path)


async def test_beyond_this_machine_it_is_by_tls_and_the_cookie_goes_nowhere_else(tmp_path: Path) -> None:
    make_certificates(tmp_path / "tls")
    more = 'names = ["gw.example"]\ncertificate_file = "tls/broker.pem"\nkey_file = "tls/broker.key"\n'
    async with station(tmp_path, more=more) as found:
        assert found.web.address == f"https://gw.example:{found.port}/"
        context = ssl.create_default_context(cafile=str(tmp_path / "tls/ca.pem"))
        reader, writer = await asyncio.open_connection("127.0.0.1", found.port, ssl=context)
        body = f"token={TOKEN}"
        writer.write(
            f"POST /in HTTP/1.1\r\nHost: gw.example\r\nOrigin: https://gw.example\r\nConnection: close\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        async with patient("an answer"):
            told = reply_of(await reader.read())
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        assert re.fullmatch(rf"__Host-hydronest={TOKEN}; .*; SameSite=Strict; Secure", told.headers["set-cookie"])
        assert await found.raw(b"GET / HTTP/1.1\r\nHost: gw.example\r\n\r\n") == b"", "in clear there is nothing"
