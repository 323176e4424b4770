"""Gaps close themselves: a broker that confirms and forgets, and a platform that asks for what it lacks."""

import asyncio
import base64
import contextlib
import struct
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agent.link.outbox import Gap
from agent.runtime.signed import ACKNOWLEDGEMENT, MISSING, signature
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.missing import EVERY_S, MOST_GAPS, Missing, parse_missing
from agent.uplinks.mqtt import HANG_UPS, MqttUplink
from hil.broker import Mosquitto
from hil.broker.lying import packet
from hil.platform import Receiver, Store
from protocols.errors import BadAnswer, NotConnected
from protocols.mqtt import Link
from protocols.reason import Reason
from tests.uplinks.conformance import FAST, GATEWAY
from tests.uplinks.test_with_journal import drained, fill, keeping
from tests.waiting import patient, until


@pytest.mark.usefixtures("mosquitto_installed")
async def test_what_a_broker_confirmed_and_dropped_comes_again_and_what_is_gone_is_told(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker", extra="max_queued_messages 8")
    await broker.start()
    store = Store(tmp_path / "received.db")
    platform = Receiver(store, broker.port)
    platform.start()
    assert await asyncio.to_thread(platform.subscribed)
    await asyncio.to_thread(platform.stop)
    async with keeping(tmp_path, u="newest_first") as journal:
        link = Link("127.0.0.1", "u", broker.port, answer_s=3.0)
        box = journal.outbox("u")
        uplink = MqttUplink("u", GATEWAY, journal.boot, link, on_missing=box.lacks)
        forwarding = asyncio.create_task(Forwarder(GATEWAY, uplink, box, journal.offer_event, FAST).run())
        await fill(journal, 1, 60, event_at=30)
        await drained(journal)
        platform.start()
        assert await asyncio.to_thread(platform.subscribed)
        await fill(journal, 61, 61)  # to a platform that is there: it is not dropped too
        await until("what it has shows gaps", lambda: store.gaps(GATEWAY))
        assert len(store.kept()) < 30

        def closed() -> bool:
            uplink._missing._next_s = 0.0  # type: ignore[union-attr]  # ten seconds have passed
            return platform.ask(GATEWAY) == 0

        await until("nothing is missing", closed, progress=lambda: len(store.kept()), every_s=0.2)
        assert {seq for _, _, seq in store.kept()} == set(range(1, 63))
        uplink._arrived(
            f"hydronest/{GATEWAY}/missing",
            orjson.dumps({"v": 1, "missing": [{"boot": "f" * 16, "first": 5000, "last": 5009}]}),
        )
        await until("it is told", lambda: len(store.kept()) == 63)
        (told,) = [
            event for message in store.messages("event") for event in message["events"] if "why" in event["evidence"]
        ]
        assert (told["kind"], told["evidence"]["why"]) == ("data_lost", "not_held")
        assert (told["evidence"]["first_seq"], told["evidence"]["last_seq"]) == (5000, 5009)
        forwarding.cancel()
        await asyncio.wait([forwarding])
    await asyncio.to_thread(platform.stop)
    store.close()
    await broker.stop()


def test_a_gap_that_is_told_to_be_lost_is_not_asked_for_again(store: Store) -> None:
    def message(boot: str, seq: int, /, **event: object) -> tuple[dict[str, object], bytes]:
        events = [{"kind": "data_lost", "evidence": {"why": "not_held", **event}}] if event else []
        return {"gateway": GATEWAY, "boot": boot, "seq": seq, "lane": "event", "n": 1, "events": events}, b"{}"

    early, late = "9" * 12, "1" * 16
    store.take([message(early, 1), message(early, 5), message(late, 3), message(late, 9)])
    gaps = [{"boot": early, "first": 2, "last": 4}, {"boot": late, "first": 4, "last": 8}]
    assert store.missing(GATEWAY) == gaps, "a later life that begins at a smaller number leaves no gap"
    store.take([message(late, 10, boot=early, first_seq=2, last_seq=4)])
    assert store.missing(GATEWAY) == gaps[1:]
    assert [seq for _, seq, _ in sorted((boot.zfill(16), seq, g) for g, boot, seq in store.kept())] == [1, 5, 3, 9, 10]


GOOD = {"boot": "1f", "first": 3, "last": 9}


@pytest.mark.parametrize(
    "asked",
    [
        None,
        {},
        [GOOD] * (MOST_GAPS + 1),
        [GOOD | {"first": 0}],
        [GOOD | {"first": 10}],
        [GOOD | {"last": 1 << 62}],
        [GOOD | {"last": True}],
        [GOOD | {"last": 9.5}],
        [GOOD | {"boot": "zz"}],
        [GOOD | {"boot": ""}],
        [GOOD | {"boot": "-1"}],
        [GOOD | {"boot": "1" * 17}],
        [GOOD | {"boot": 7}],
        [{"boot": "1f", "first": 3}],
        [[1, 2]],
    ],
)
def test_what_names_no_gaps_is_refused(asked: object) -> None:
    with pytest.raises(BadAnswer):
        parse_missing(orjson.dumps({"v": 1, "missing": asked}))


def test_it_is_heard_now_and_then_and_under_the_platforms_signature_where_there_is_one() -> None:
    private = Ed25519PrivateKey.generate()
    public = base64.b64encode(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    heard: list[object] = []
    doubts: list[Reason] = []
    now = 100.0
    missing = Missing(heard.append, doubts.append, public, lambda: now)
    words = orjson.dumps({"v": 1, "missing": [GOOD]}).decode()

    def said(meant_for: bytes) -> bytes:
        return orjson.dumps({"payload": words, "signature": signature(private, meant_for, words)})

    for wrong in (words.encode(), said(ACKNOWLEDGEMENT)):
        missing.hear(wrong)
    assert [doubt.code for doubt in doubts] == ["uplink.no_gaps_named"] * 2
    for passed, count in ((0.0, 1), (EVERY_S - 0.1, 1), (0.1, 2)):
        now += passed
        missing.hear(said(MISSING))
        assert heard == [[Gap("1f", 3, 9)]] * count


async def test_a_broker_that_hangs_up_over_the_topic_costs_some_connections_and_no_uplink() -> None:
    """As some do where their rules do not know it yet."""
    told: list[tuple[str, str]] = []

    serving: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                kind, body = await packet(reader)
                if kind >> 4 == 1:
                    writer.write(b"\x20\x03\0\0\0")
                elif kind >> 4 == 3:
                    (length,) = struct.unpack(">H", body[:2])
                    writer.write(b"\x40\x02" + body[2 + length : 4 + length])
                elif kind >> 4 == 8:
                    assert body.endswith(b"/missing\x01")
                    return

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    link = Link("127.0.0.1", "gw", server.sockets[0].getsockname()[1], answer_s=5.0)
    uplink = MqttUplink(
        "u", GATEWAY, "b1", link,
        on_missing=lambda _gaps: None, on_unannounced=lambda what, why: told.append((what, why.code)),
    )  # fmt: skip
    for _ in range(HANG_UPS):
        assert told == []
        with pytest.raises(NotConnected):
            await uplink.connect()
    await uplink.connect()
    assert [what for what, _why in told] == ["missing"]
    await uplink.close()
    async with patient("it has seen that we went", 5.0):
        await asyncio.gather(*filter(None, serving))
    server.close()
    await server.wait_closed()
