"""Who a broker lets in, and what it lets us do: passwords, rules, sizes, certificates."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hil.broker import Mosquitto
from hil.broker.certificates import make_certificates
from protocols.errors import Refused, WireError
from protocols.mqtt import Link, Session

pytestmark = pytest.mark.usefixtures("mosquitto_installed")


def link(port: int, **more: object) -> Link:
    return Link("127.0.0.1", "gw", port, **more)  # type: ignore[arg-type] # each test names its own few


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_user_and_password_from_a_file(tmp_path: Path, protocol: str) -> None:
    broker = Mosquitto(tmp_path / "b", passwords={"station": "right"})
    await broker.start()
    secret = tmp_path / "secret"
    session = Session(link(broker.port, protocol=protocol, user="station", password_file=secret))
    for text, words in (
        (None, "secret: No such file"),
        ("", "first line is empty"),
        ("wrong\n", "look at user and password_file"),
    ):
        if text is not None:
            secret.write_text(text)
        with pytest.raises(Refused, match=words):
            await session.connect()
    secret.write_text("right\n")  # a changed file counts at the next connect
    await session.connect()
    await session.close()
    assert "right" not in repr(session.link)
    await broker.stop()


async def test_access_rules_refuse_with_their_reason_code(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, rules="topic write mine/#\n")
    await broker.start()
    session = Session(link(broker.port))
    await session.connect()
    assert await session.publish("mine/x", b"1") == 0x10
    with pytest.raises(Refused, match=r"theirs/x.*\(0x87\)") as refused:
        await session.publish("theirs/x", b"1")
    assert refused.value.number == 0x87
    await session.connect()  # mosquitto 2.0.11 hangs up after such a refusal, later ones do not
    assert await session.publish("mine/x", b"1") == 0x10
    await session.close()
    await broker.stop()


async def test_a_message_too_large_never_leaves(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, extra="max_packet_size 2000")
    await broker.start()
    session = Session(link(broker.port))
    await session.connect()
    with pytest.raises(Refused, match="3000 bytes to a; the broker takes 2000"):
        await session.publish("a", b"x" * 3000)
    for size in range(1960, 2000):
        try:
            assert await session.publish("a", b"x" * size) == 0x10
        except Refused:
            assert size > 1980
    assert session.connected, "the bound is ours to keep: the broker would hang up, again and again"
    await session.close()
    await broker.stop()


async def test_tls_with_client_certificates(tmp_path: Path) -> None:
    make_certificates(tmp_path / "pki", "gateway")
    make_certificates(tmp_path / "others", "gateway")
    broker = Mosquitto(tmp_path / "b", tls=tmp_path / "pki", client_certificates=True)
    await broker.start()

    def tls(ca: str = "pki", own: str | None = "pki", host: str = "127.0.0.1", **more: object) -> Session:
        files = (
            {}
            if own is None
            else {"cert_file": tmp_path / own / "gateway.pem", "key_file": tmp_path / own / "gateway.key"}
        )
        told = {**files, "ca_file": tmp_path / ca / "ca.pem", "answer_s": 3.0, **more}
        return Session(Link(host, "gw", broker.port, tls=True, **told))  # type: ignore[arg-type] # as above

    session = tls()
    await session.connect()
    payload = bytes(range(256)) * 400
    assert await asyncio.gather(*(session.publish("a", payload) for _ in range(50))) == [0x10] * 50
    await session.close()
    named = tls(server_name="localhost")
    await named.connect()
    await named.close()

    refused: list[tuple[Callable[[], Session], type[WireError], str]] = [
        (lambda: tls(ca="others"), Refused, "certificate does not hold"),
        (lambda: tls(server_name="elsewhere"), Refused, "does not hold.*elsewhere"),
        (lambda: tls(own=None), WireError, "mqtts://"),
        (lambda: tls(own="others"), WireError, "mqtts://"),
        (lambda: tls(ca="nowhere"), Refused, "ca_file .*: No such file"),
        (lambda: tls(key_file=tmp_path / "others" / "gateway.key"), Refused, "cert_file .*does not belong to"),
        (lambda: tls(ca_file=tmp_path / "b" / "mosquitto.conf"), Refused, "ca_file .*not what was expected"),
    ]
    for make, error, words in refused:
        session = make()
        with pytest.raises(error, match=words):
            await session.connect()
        await session.close()
    await broker.stop()


async def test_an_expired_certificate_asks_about_the_clock(tmp_path: Path) -> None:
    make_certificates(tmp_path / "pki", expired=True)
    broker = Mosquitto(tmp_path / "b", tls=tmp_path / "pki")
    await broker.start()
    session = Session(link(broker.port, tls=True, ca_file=tmp_path / "pki" / "ca.pem"))
    with pytest.raises(Refused, match="expired; is this gateway's clock right"):
        await session.connect()
    await session.close()
    await broker.stop()
