"""Who is believed: pins, trust folders, passwords, our own certificate, and a clock that is not set."""

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from drivers.opcua.line import OpcuaLine
from drivers.quality import Quality
from hil.opcua.server import HydrantServer
from protocols.errors import Refused
from protocols.opcua import certificate
from protocols.opcua.back_off import Failure
from protocols.opcua.certificate import Untrusted, check_server, days_left, ensure_own
from protocols.opcua.endpoint import Endpoint, SecurityMode
from protocols.opcua.session import Session
from protocols.opcua.trouble import Ended, explain
from protocols.opcua.trust_store import accept
from tests.opcua.conftest import hydrants, nodes, running
from tests.waiting import until

NOW = datetime.now(UTC)


def self_made(
    days: float, *, started: float = -400, issuer: tuple[Any, Any] | None = None, authority: bool = False
) -> Any:
    """(certificate, key) valid from `started` to `days` from now, by itself or by an issuer (certificate, key)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority" if authority else "server")])
    usage = x509.KeyUsage(True, False, False, False, False, authority, authority, False, False)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer[0].subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=started))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(usage, critical=True)
        .sign(issuer[1] if issuer else key, hashes.SHA256())
    )
    return made, key


def der(made: Any) -> bytes:
    data: bytes = made[0].public_bytes(Encoding.DER)
    return data


def test_a_pin_is_that_very_certificate(tmp_path: Path) -> None:
    mine, other = self_made(100), self_made(100)
    pin = accept(der(mine), tmp_path / "server.der")
    assert check_server(der(mine), pin, NOW) == []
    with pytest.raises(Untrusted, match="other than the pinned one"):
        check_server(der(other), pin, NOW)
    pin.write_bytes(b"scratched")
    with pytest.raises(Untrusted, match="not a readable certificate"):
        check_server(der(mine), pin, NOW)
    with pytest.raises(Untrusted, match="opcua trust"):
        check_server(der(mine), tmp_path / "absent.der", NOW)


def test_a_pinned_certificate_may_expire_but_not_in_silence(tmp_path: Path) -> None:
    for days, words in ((12, "expires in 12 days"), (-3, "expired 3 days ago")):
        old = self_made(days + 0.01 if days > 0 else days)
        assert words in str(check_server(der(old), accept(der(old), tmp_path / "pin.der"), NOW)[0])


def test_a_trust_folder_knows_certificates_and_authorities_and_their_dates(tmp_path: Path) -> None:
    folder = tmp_path / "trusted"
    authority = self_made(1000, authority=True)
    accept(der(authority), folder)
    assert check_server(der(self_made(100, issuer=authority)), folder, NOW) == []
    with pytest.raises(Untrusted, match="vouches"):
        check_server(der(self_made(100)), folder, NOW)
    with pytest.raises(Untrusted, match="valid"):
        check_server(der(self_made(-1, issuer=authority)), folder, NOW)
    alone = self_made(100)
    accept(der(alone), folder)
    assert check_server(der(alone), folder, NOW) == []
    with pytest.raises(Untrusted, match="vouches"):  # an end certificate vouches for nobody else
        check_server(der(self_made(100, issuer=alone)), folder, NOW)


def test_our_own_is_made_once_and_kept_private(tmp_path: Path) -> None:
    own, key = ensure_own(tmp_path / "pki", "urn:hydronest:gateway", "box")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    first = own.read_bytes()
    assert ensure_own(tmp_path / "pki", "urn:hydronest:gateway", "box")[0].read_bytes() == first
    made = certificate.load(own)
    assert 1090 < days_left(made) <= certificate.OWN_DAYS
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:hydronest:gateway"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"url": "http://host"}, "not an OPC UA address"),
        ({"url": "opc.tcp://me:secret@host"}, "must not hold a user"),
        ({"user": "technician", "password": "x"}, "allow_plain"),
        ({"user": "technician", "security": "sign", "trust": Path("t"), "own": Path("o")}, "allow_plain"),
        ({"security": "sign"}, "needs trust"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_sent(wrong: dict[str, Any], words: str) -> None:
    endpoint = Endpoint(**({"url": "opc.tcp://host:4840"} | wrong))
    assert any(words in str(fault) for fault in endpoint.faults())
    with pytest.raises(ValueError, match="line opc"):
        OpcuaLine("opc", endpoint, [])
    assert "secret" not in repr(Endpoint("opc.tcp://h", user="u", password="secret"))


def test_a_bare_assertion_of_the_library_becomes_words() -> None:
    told = explain(AssertionError(), Endpoint("opc.tcp://host"))
    assert isinstance(told, Ended)
    assert "does not accept our certificate" in str(told)


async def test_signed_and_encrypted_or_not_at_all(tmp_path: Path) -> None:
    pair = ensure_own(tmp_path / "server", "urn:freeopcua:python:server", "localhost")
    pin = accept(pair[0].read_bytes(), tmp_path / "pin.der")
    stranger = accept(der(self_made(100)), tmp_path / "stranger.der")
    async with HydrantServer(nodes(1), certificate=pair, users={"technician": "right"}) as server:
        common: dict[str, Any] = {"own": tmp_path / "own"}
        modes: tuple[SecurityMode, ...] = ("sign", "sign_and_encrypt")
        for mode in modes:
            for trust in (pin, tmp_path):
                session = Session(Endpoint(server.url, security=mode, trust=trust, **common))
                await session.open()
                assert await session.clock_offset_ns(lambda: 0) is not None
                await session.close()
        user: dict[str, Any] = {"user": "technician", "password": "right"}
        session = Session(Endpoint(server.url, security="sign_and_encrypt", trust=pin, **common, **user))
        await session.open()
        await session.close()
        user = {"user": "technician", "password": "wrong"}
        session = Session(Endpoint(server.url, security="sign_and_encrypt", trust=pin, **common, **user))
        with pytest.raises(Ended, match="BadUserAccessDenied"):
            await session.open()
        session = Session(Endpoint(server.url, security="sign_and_encrypt", trust=stranger, timeout_s=1, **common))
        with pytest.raises(Untrusted, match="other than the pinned one"):
            await session.open()
        other = Endpoint(server.url, security="sign", policy="Aes256Sha256RsaPss", trust=pin, timeout_s=1, **common)
        with pytest.raises(Refused, match="no endpoint with Aes256Sha256RsaPss"):
            await Session(other).open()


async def test_waits_for_time_instead_of_failing(tmp_path: Path) -> None:
    """A gateway without a clock must not judge dates: it says so, and goes on once time is there."""
    pair = ensure_own(tmp_path / "server", "urn:freeopcua:python:server", "localhost")
    pin = accept(pair[0].read_bytes(), tmp_path / "pin.der")
    known = asyncio.Event()
    async with HydrantServer(nodes(1), certificate=pair) as server:
        endpoint = Endpoint(server.url, security="sign_and_encrypt", trust=pin, own=tmp_path / "own")
        line = OpcuaLine("opc", endpoint, hydrants(1), clock_trusted=known.is_set)
        async with running(line) as kept:
            await kept.until(lambda: kept.states)
            assert "waiting for time" in kept.states[0][2]
            assert set(kept.samples[0].quality) == {Quality.LINK_DOWN}
            assert line.counters()["opc"]["epochs"] == 0
            known.set()
            await kept.until(lambda: kept.good("h1", "pressure"))


async def test_without_an_accepted_certificate_the_line_says_what_to_do_and_comes_once_there_is_one(
    tmp_path: Path,
) -> None:
    pair = ensure_own(tmp_path / "server", "urn:freeopcua:python:server", "localhost")
    async with HydrantServer(nodes(1), certificate=pair) as server:
        endpoint = Endpoint(server.url, security="sign_and_encrypt", trust=tmp_path / "pin.der", own=tmp_path / "own")
        line = OpcuaLine("opc", endpoint, hydrants(1))
        async with running(line) as kept:
            await kept.until(lambda: kept.states)
            assert "hydronest opcua trust opc" in kept.states[0][2]
            assert line.counters()["opc"]["epochs"] == 0, "there is nobody to talk to yet"
            accept(pair[0].read_bytes(), tmp_path / "pin.der")
            await kept.until(lambda: kept.good("h1", "pressure"))
        assert kept.turns == [False, True]


async def test_a_refused_password_is_not_hammered_and_the_newest_reason_is_shown(tmp_path: Path) -> None:
    """A server that locks accounts after some refusals must not be made to; and what stands is what is so now."""
    pair = ensure_own(tmp_path / "server", "urn:freeopcua:python:server", "localhost")
    pin = accept(pair[0].read_bytes(), tmp_path / "pin.der")
    common: dict[str, Any] = {"security": "sign_and_encrypt", "trust": pin, "own": tmp_path / "own", "timeout_s": 1.0}
    async with HydrantServer(nodes(1), certificate=pair, users={"fire": "right"}) as server:
        line = OpcuaLine("opc", Endpoint(server.url, user="fire", password="wrong", **common), hydrants(1))
        waits: list[float] = []
        wait_s = line._back_off.wait_s

        def shortly(failure: Failure) -> float:
            waits.append(wait_s(failure))
            return 0.05

        line._back_off.wait_s = shortly  # type: ignore[method-assign]
        async with running(line) as kept:
            await kept.until(lambda: kept.states)
            assert "fire" in kept.states[0][2]
            assert "lock accounts" in kept.states[0][2]
            await until("three tries", lambda: len(waits) >= 3)
            assert waits[0] >= 30 and waits[1] >= 300 and waits[2] >= 900
            await server.stop()
            await kept.until(lambda: "lock accounts" not in kept.states[-1][2])
            assert kept.turns == [False]
            assert str(line.counters()["opc"]["reason"]) == kept.states[-1][2]
