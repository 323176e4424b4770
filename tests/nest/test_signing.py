"""MAVLink 2 signing against pymavlink, which nobody here wrote: what one signs the other takes, and nothing else."""

import asyncio
import os
import random
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink.dialects.v20 import common as mv

from agent.flight.control.wall import Wall
from agent.flight.signed_links import NAME, SignedPart, trouble
from agent.settings.flight import Aircraft
from protocols.clock import boottime_ns
from protocols.errors import NotConnected
from protocols.mavlink.signed_links import LinkHealth, LinkKeys, SignedLinks
from protocols.mavlink.signing import (
    EPOCH_S,
    LARGEST,
    LATEST,
    PER_S,
    BadSigningKey,
    Opener,
    SigningClock,
    signed,
    signing_keys,
)
from protocols.mavlink.state import Link
from protocols.mavlink.wires import wire
from protocols.reason import Reason
from tests.nest.conftest import flying_rig
from tests.nest.test_two_people import Card
from tests.waiting import until

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
MESSAGES: list[Any] = [
    mv.MAVLink_heartbeat_message(2, 3, 81, 4, 3, 3),
    mv.MAVLink_command_long_message(1, 1, 400, 0, 1.0, 0, 0, 0, 0, 0, 0),
    mv.MAVLink_statustext_message(4, b"x" * 50),
    mv.MAVLink_param_value_message(b"RTL_ALT", 3000.0, 9, 1, 0),
    mv.MAVLink_file_transfer_protocol_message(0, 1, 1, list(range(251))),
]


class Clock:
    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


def peer(key: bytes = KEY, system: int = 1, time: int = 10**12, link: int = 3) -> Any:
    """An autopilot that signs, and takes nothing unsigned."""
    mav = mv.MAVLink(None, system, 1)
    mav.robust_parsing = True
    mav.signing.secret_key, mav.signing.link_id, mav.signing.timestamp = key, link, time
    mav.signing.sign_outgoing = True
    return mav


def opener(keys: tuple[bytes, ...] = (KEY,), newest: int = 0, start: int = 0) -> Opener:
    return Opener(keys, {1}, SigningClock(start, Clock()), newest)


def unsigned(message: Any, system: int = 255) -> bytes:
    return bytes(message.pack(mv.MAVLink(None, system, 190)))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.get_type())
def test_what_we_sign_an_independent_peer_takes_and_what_it_signs_we_open(message: Any) -> None:
    ours = unsigned(message)
    (taken,) = peer(time=0).parse_buffer(signed(ours, KEY, 1, 5 * 10**11))
    assert taken.get_type() == message.get_type()
    assert taken.get_signed()
    (refused,) = peer(time=0).parse_buffer(signed(ours, OTHER, 1, 5 * 10**11))
    assert refused.get_type() == "BAD_DATA"
    theirs = bytes(message.pack(peer()))
    plain = message.pack(mv.MAVLink(None, 1, 1))
    assert opener().datagram(theirs) == [bytes(plain)]


def test_everything_else_is_dropped_and_counted() -> None:
    one, message = opener(), MESSAGES[0]
    mav = peer()
    good = bytes(message.pack(mav))
    again, of_another_key = good, bytes(message.pack(peer(OTHER)))
    flags = bytearray(good)
    flags[2] |= 0x02
    late = signed(unsigned(message, 1), KEY, 9, LATEST)
    old = signed(unsigned(message, 1), KEY, 8, 10**12 - 61 * PER_S)
    assert len(one.datagram(good)) == 1
    for frame in (
        again,
        of_another_key,
        bytes(flags),
        late,
        old,
        unsigned(message, 1),
        bytes(message.pack(peer(system=2))),
    ):
        assert one.datagram(frame) == []
    mav.force_mavlink1 = True
    assert one.datagram(b"\xfe\x00\x00\x01\x01\x00\x00\x00") == []
    assert one.counts == {"good": 1, "forged": 2, "replayed": 3, "unsigned": 2, "not_ours": 1}
    within = signed(unsigned(message, 1), KEY, 7, 10**12 - 59 * PER_S)
    assert len(one.datagram(within)) == 1, "a sender not heard before may be a minute behind"


@given(st.data())
def test_no_changed_byte_passes(data: st.DataObject) -> None:
    frame = bytearray(MESSAGES[1].pack(peer()))
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at] ^= data.draw(st.integers(1, 255))
    assert opener().datagram(bytes(frame)) == []


@given(st.integers(0, 2**32), st.lists(st.binary(max_size=40), max_size=4))
def test_in_a_stream_no_noise_hides_a_frame_and_none_is_kept_beyond_a_bound(seed: int, noise: list[bytes]) -> None:
    dice, mav = random.Random(seed), peer()
    parts = [*noise, *(bytes(dice.choice(MESSAGES).pack(mav)) for _ in range(3))]
    whole = b"".join(parts) + bytes(LARGEST)
    one, found, at = opener(), [], 0
    while at < len(whole):
        step = dice.randint(1, 300)
        found += one.stream(whole[at : at + step])
        at += step
        assert len(one._rest) <= LARGEST
    assert len(found) == 3


def test_the_time_only_rises_and_follows_whoever_has_proved_a_later_one() -> None:
    runs = Clock()
    clock = SigningClock(1000, runs)
    assert [clock.next() for _ in range(3)] == [1001, 1002, 1003]
    runs.ns = 10**9
    assert clock.next() == 1000 + PER_S
    runs.ns = 0
    assert clock.next() == 1001 + PER_S
    one = Opener((KEY,), {1}, clock)
    one.datagram(bytes(MESSAGES[0].pack(peer(time=10**9))))
    assert clock.next() > 10**9
    one.datagram(bytes(MESSAGES[0].pack(peer(OTHER, time=10**12))))
    assert clock.next() < 10**10


def test_while_a_key_is_changed_both_are_taken_and_ours_follow_the_aircraft() -> None:
    one = opener((OTHER, KEY))
    assert one.key == OTHER
    assert len(one.datagram(bytes(MESSAGES[0].pack(peer(KEY))))) == 1
    assert one.key == KEY
    assert len(one.datagram(bytes(MESSAGES[0].pack(peer(OTHER, time=2 * 10**12))))) == 1
    assert one.key == OTHER


THREE = "\n".join(bytes([number] * 32).hex() for number in range(3))


@pytest.mark.parametrize("text", ["", "00" * 31, "x" * 64, ("00" * 32 + "\n") * 2, THREE])
def test_a_file_without_a_key_is_named(text: str) -> None:
    with pytest.raises(BadSigningKey):
        signing_keys(text)


def test_a_file_holds_the_key_and_the_one_before() -> None:
    assert signing_keys(f"# brigade 7\n{KEY.hex()}\n\n{OTHER.hex().upper()}\n") == (KEY, OTHER)


async def test_an_aircraft_that_signs_is_flown_and_whoever_does_not_is_neither_heard_nor_obeyed() -> None:
    async with flying_rig("ardupilot", key=KEY) as rig:
        await rig.ready()
        assert rig.sim.unproved == 0
        signed, url = rig.ground.signed, rig.vehicle.url
        assert signed is not None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            said = mv.MAVLink_statustext_message(0, b"I am your aircraft")
            for mav in (mv.MAVLink(None, 1, 1), peer(OTHER)):
                stranger.sendto(said.pack(mav), rig.sim._address)
            there = rig.sim._transport
            assert there is not None
            order = mv.MAVLink_command_long_message(1, 1, 400, 0, 1.0, 0, 0, 0, 0, 0, 0)
            for mav in (mv.MAVLink(None, 255, 190), peer(OTHER, 255)):
                stranger.sendto(order.pack(mav), there.get_extra_info("sockname"))
            await rig.until(lambda: rig.sim.unproved >= 2 and signed.told(url).counts["forged"] >= 1)
        assert signed.told(url).counts["unsigned"] >= 1
        assert not rig.sim.auto.armed
        assert "I am your aircraft" not in rig.vehicle.texts.newest(60)
        await rig.vehicle.ready_to_arm()
        await rig.vehicle.arm()
        await rig.until(lambda: rig.sim.auto.armed)
        rig.sim.sign(OTHER, 2 * 10**12)  # another aircraft, or nobody's any more
        await rig.until(lambda: rig.vehicle.state.link is Link.LOST)
        before = rig.sim.unproved
        await rig.until(lambda: rig.sim.unproved > before)  # we go on with our key, and never without


async def test_a_stream_breaks_and_is_opened_anew_and_a_key_that_is_gone_goes_on() -> None:
    """TCP outwards, as to a SITL: one who listens, hangs up, and listens again."""
    heard: list[bytes] = []

    async def aircraft(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mav = peer(time=10**12 + 1000 * len(heard))
        writer.write(bytes(MESSAGES[0].pack(mav)))
        heard.append(await reader.read(300))
        writer.close()

    server = await asyncio.start_server(aircraft, "127.0.0.1", 0)
    url = f"tcpout://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    files = [(KEY,)]

    def read() -> tuple[bytes, ...]:
        if not files:
            raise FileNotFoundError("key")
        return files.pop()

    links = SignedLinks({url: LinkKeys(read, frozenset({1}))}, SigningClock(0, boottime_ns))
    got: list[bytes] = []
    links._pass = got.append
    async with server:
        for times in (1, 2):
            await links.open(url)
            await until("a frame", lambda times=times: len(got) == times)  # type: ignore[misc]
            links._send(unsigned(MESSAGES[1]))
            await until("its end", lambda: not links.is_open(url))
        links.close()
    (one, two) = [peer(time=0).parse_buffer(data)[0] for data in heard]
    assert one.get_signed() and two.get_signed()
    other = SignedLinks({url: LinkKeys(read, frozenset({1}))}, SigningClock(0, boottime_ns))
    with pytest.raises(NotConnected):
        await other.open(url)
    assert not other.is_open(url)


class Life:
    """One life of flight's signing: its machine, its clocks, its card."""

    def __init__(self, folder: Path, runs: Clock, wall: Wall) -> None:
        craft = {"id": "a1", "url": "udpin://127.0.0.1:1", "signing_key_file": str(folder / "key")}
        aircraft = Aircraft.model_validate(craft, strict=False)
        self.part = SignedPart((aircraft,), folder, Card(), lambda: wall, runs)
        asyncio.run(self.part.begin())

    def signs(self) -> int:
        return self.part._clock.next()


UTC_S = EPOCH_S + 3.6e8
WALLS = st.sampled_from([Wall(UTC_S, 0.1), Wall(UTC_S - 3e8, 0.1), Wall(UTC_S + 3e8, None), Wall(0.0, None)])
STEPS = st.lists(
    st.tuples(st.sampled_from(["restart", "reboot"]), WALLS, st.floats(0, 29), st.floats(0, 29)), max_size=6
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_over_any_restarts_and_clocks_the_time_only_rises(tmp_path_factory: pytest.TempPathFactory, steps: Any) -> None:
    """Whatever the wall clock says, and whether the machine began anew; what is kept is up to 30 s old."""
    folder, runs, boot = tmp_path_factory.getbasetemp() / "signing", Clock(), 0
    folder.mkdir(exist_ok=True)
    (folder / NAME).unlink(missing_ok=True)
    runs.ns = 100 * 10**9
    last = 0
    with pytest.MonkeyPatch.context() as patch:
        for how, wall, before_s, after_s in [("restart", Wall(UTC_S, 0.1), 1.0, 1.0), *steps]:
            if how == "reboot":
                boot, runs.ns = boot + 1, 5 * 10**9
            patch.setattr("agent.flight.signed_links.kernel_boot_id", lambda boot=boot: str(boot))
            life = Life(folder, runs, wall)
            assert life.signs() > last
            for wait_s in (before_s, after_s):
                runs.ns += round(wait_s * 1e9)
                if wait_s is before_s:
                    life.part._keep()
                last = life.signs()
    assert last > (UTC_S - EPOCH_S) * PER_S


def test_a_memory_nobody_can_read_costs_the_time_and_not_the_link(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"time": -1, "at_ns": 0, "boot": ""}')
    assert Life(tmp_path, Clock(), Wall(UTC_S, 0.1)).signs() == 1
    (tmp_path / NAME).write_text("[" * 500)
    assert Life(tmp_path, Clock(), Wall(UTC_S, 0.1)).signs() == 1


def test_what_is_wrong_with_a_link_is_named_and_a_good_one_is_not() -> None:
    silent = LinkHealth({"good": 3, "unsigned": 7, "forged": 1}, 9.0)
    for kind in ("unsigned", "forged", "replayed", "not_ours"):
        more = LinkHealth({**silent.counts, kind: silent.counts.get(kind, 0) + 1}, 9.0)
        found = trouble("u", more, silent)
        assert found is not None
        assert found.code == f"mavlink.link_{kind}"
        assert trouble("u", more._replace(silent_s=0.5), silent) is None
    assert trouble("u", silent, silent) is None
    closed = Reason("mavlink.key_unreadable", url="u", why="gone")
    assert trouble("u", silent._replace(trouble=closed), silent) == closed


async def test_a_radio_on_a_serial_line_signs_too(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    url = f"serial://{os.ttyname(theirs)}:57600"
    os.close(theirs)
    links = SignedLinks({url: LinkKeys(lambda: (KEY,), frozenset({1}))}, SigningClock(0, boottime_ns))
    got: list[bytes] = []
    links._pass = got.append
    await links.open(url)
    frame = bytes(MESSAGES[0].pack(peer()))
    os.write(ours, b"noise\xfd\xff" + frame[:20])
    os.write(ours, frame[20:] + bytes(LARGEST))
    await until("a frame", lambda: got)
    links._send(unsigned(MESSAGES[1]))
    (taken,) = peer(time=0).parse_buffer(os.read(ours, 300))
    assert taken.get_signed()
    os.close(ours)
    await until("the adapter is pulled", lambda: not links.is_open(url))
    for bad in (url, f"serial://{tmp_path}/none:57600", "serial:///dev/null:1234", "tcpin://127.0.0.1:1"):
        with pytest.raises(NotConnected):
            await wire(bad, lambda _data, _address: False)
