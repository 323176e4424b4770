"""A gateway's certificate: asked for, taken, used, renewed by the old one, and told of before it ends."""

import errno
import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from agent.cli import exits
from agent.cli.main import main
from agent.runtime.certificate_stages import CertificateStages
from agent.runtime.enrolment import (
    AUTHORITY,
    CERTIFICATE,
    KEY,
    RENEWAL,
    REQUEST,
    NotEnrolled,
    ask,
    may_renew,
    take,
)
from drivers.event import Event, EventKind
from hil.broker import Mosquitto
from protocols.certificate_dates import BadCertificate, dates_of
from protocols.errors import NotConnected, Refused, WireError
from protocols.mqtt import Link, Session
from protocols.reason import Reason

RULES = Path(__file__).parents[2] / "config/broker/mosquitto.acl"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


class Signer:
    """Whoever signs for brokers and gateways."""

    def __init__(self, name: str = "province") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._signed(self.name, self.key.public_key(), NOW - timedelta(days=9), 3650, ca=True)
        self.pem = self.certificate.public_bytes(Encoding.PEM)

    def _signed(
        self, name: Any, key: Any, start: datetime, days: float, *, ca: bool = False, usage: Any = CLIENT
    ) -> Any:
        made = x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(key)
        made = made.serial_number(x509.random_serial_number()).not_valid_before(start)
        made = made.not_valid_after(start + timedelta(days=days))
        made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if not ca:
            made = made.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if usage is SERVER:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        return made.sign(self.key, hashes.SHA256())

    def answer(
        self, request: bytes, start: datetime = NOW - timedelta(days=1), days: float = 90, usage: Any = CLIENT
    ) -> bytes:
        csr = x509.load_pem_x509_csr(request)
        pem: bytes = self._signed(csr.subject, csr.public_key(), start, days, usage=usage).public_bytes(Encoding.PEM)
        return pem


SIGNER, OTHER = Signer(), Signer("somebody")


def enrolled(folder: Path, **how: Any) -> None:
    ask(folder, "gw-1")
    take(folder, SIGNER.answer((folder / REQUEST).read_bytes(), **how), SIGNER.pem, NOW)


def test_asked_taken_and_used_at_a_broker_that_asks_for_a_certificate(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    first = ask(folder, "gw-1")
    assert ask(folder, "gw-1") == first == [folder / REQUEST]
    answer = SIGNER.answer((folder / REQUEST).read_bytes())
    taken = take(folder, answer, SIGNER.pem, NOW)
    assert (taken.gateway, len(taken.authority)) == ("gw-1", 64)
    assert (folder / KEY).stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in folder.iterdir()) == [AUTHORITY, KEY, CERTIFICATE]
    assert shown_at_a_broker(folder) == "gw-1"


def shown_at_a_broker(folder: Path) -> str:
    """The common name that a TLS server of OpenSSL's sees, with these files as the site file names them."""
    broker = folder.parent / "broker"
    broker.mkdir()
    ask(broker, "127.0.0.1")
    take_server = SIGNER.answer((broker / REQUEST).read_bytes(), usage=SERVER)
    (broker / CERTIFICATE).write_bytes(take_server)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(broker / CERTIFICATE, broker / f"{KEY}.next")
    server.load_verify_locations(folder / AUTHORITY)
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=str(folder / AUTHORITY))
    client.check_hostname = False
    client.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = server.wrap_bio(up, down, server_side=True), client.wrap_bio(down, up)
    open_ends = list(ends)
    while open_ends:
        for end in list(open_ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            open_ends.remove(end)
    seen = ends[0].getpeercert()
    assert seen is not None
    subject: Any = seen["subject"]
    return str({name: value for ((name, value),) in subject}["commonName"])


@pytest.mark.parametrize(
    ("answer", "authority", "why"),
    [
        (lambda csr: OTHER.answer(csr), SIGNER.pem, "enrol.not_issued"),
        (lambda csr: SIGNER.answer(csr), None, "enrol.no_authority"),
        (lambda csr: SIGNER.answer(csr, NOW - timedelta(days=99)), SIGNER.pem, "enrol.not_now"),
        (lambda csr: SIGNER.answer(csr, NOW + timedelta(days=1)), SIGNER.pem, "enrol.not_now"),
        (lambda csr: SIGNER.answer(csr, usage=SERVER), SIGNER.pem, "enrol.no_client"),
        (lambda _csr: OTHER.pem, SIGNER.pem, "enrol.other_key"),
        (lambda _csr: b"hello", SIGNER.pem, "certificate.none"),
    ],
)
def test_an_answer_that_is_not_right_changes_nothing(
    tmp_path: Path, answer: Callable[[bytes], bytes], authority: bytes | None, why: str
) -> None:
    ask(tmp_path, "gw-1")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(NotEnrolled) as no:
        take(tmp_path, answer((tmp_path / REQUEST).read_bytes()), authority, NOW)
    assert no.value.reason.code == why
    assert sorted(tmp_path.iterdir()) == before


def test_another_authority_is_never_taken_in_passing(tmp_path: Path) -> None:
    enrolled(tmp_path)
    ask(tmp_path, "gw-1")
    answer = OTHER.answer((tmp_path / REQUEST).read_bytes())
    for authority, why in ((OTHER.pem, "enrol.other_authority"), (None, "enrol.not_issued")):
        with pytest.raises(NotEnrolled) as no:
            take(tmp_path, answer, authority, NOW)
        assert no.value.reason.code == why
    assert (tmp_path / AUTHORITY).read_bytes() == SIGNER.pem


@pytest.mark.parametrize(("days_over", "vouched"), [(-10, True), (29, True), (31, False)])
def test_an_old_certificate_vouches_for_the_next_within_its_grace(
    tmp_path: Path, days_over: int, vouched: bool
) -> None:
    enrolled(tmp_path)
    old = (tmp_path / KEY).read_bytes()
    assert [path.name for path in ask(tmp_path, "gw-1")] == [REQUEST, RENEWAL]
    assert (tmp_path / KEY).read_bytes() == old, "the old pair works until the new one is there"
    when = NOW + timedelta(days=89 + days_over)
    request = (tmp_path / RENEWAL).read_bytes()
    if not vouched:
        with pytest.raises(NotEnrolled):
            may_renew(request, SIGNER.pem, when)
        return
    assert may_renew(request, SIGNER.pem, when) == "gw-1"
    take(tmp_path, SIGNER.answer((tmp_path / REQUEST).read_bytes(), when), None, when)
    assert (tmp_path / KEY).read_bytes() != old
    assert not (tmp_path / RENEWAL).exists()


def test_a_request_that_another_made_is_not_vouched_for(tmp_path: Path) -> None:
    for name in ("mine", "theirs"):
        enrolled(tmp_path / name)
        ask(tmp_path / name, "gw-1")
    mine, theirs = (json.loads((tmp_path / name / RENEWAL).read_bytes()) for name in ("mine", "theirs"))
    ask(tmp_path / "stranger", "gw-2")
    stranger = {**mine, "csr": (tmp_path / "stranger" / REQUEST).read_text()}
    request: Any
    for request in (mine | {"csr": theirs["csr"]}, mine | {"certificate": theirs["certificate"]}, stranger, {}, []):
        with pytest.raises(NotEnrolled):
            may_renew(json.dumps(request).encode(), SIGNER.pem, NOW)
    with pytest.raises(NotEnrolled):
        may_renew(json.dumps(mine).encode(), OTHER.pem, NOW)
    assert may_renew(json.dumps(mine).encode(), SIGNER.pem, NOW) == "gw-1"


def code(event: Event) -> str:
    reason = event.evidence.get("reason")
    return reason.code if isinstance(reason, Reason) else ""


def test_its_end_is_told_at_30_7_and_1_days_once_each_and_a_renewal_ends_it(tmp_path: Path) -> None:
    told: list[Event] = []
    stages = CertificateStages(told.append, lambda: 0)
    for days in (31, 29, 28, 7, 6.5, 2, 0.9, 0.1, -1, -2, 89):
        stages.look("uplink province certificate", days)
    assert [(str(one.transition), str(one.severity), code(one)) for one in told] == [
        ("raised", "warning", "certificate.ends"),
        ("raised", "warning", "certificate.ends"),
        ("raised", "alarm", "certificate.ends"),
        ("raised", "alarm", "certificate.ended"),
        ("cleared", "warning", ""),
    ]
    assert {one.kind for one in told} == {EventKind.SELF_FAULT}


@given(st.integers(0, 4_700_000_000), st.integers(1, 30_000))
def test_dates_are_read_as_the_library_reads_them(start_s: int, days: int) -> None:
    """From 1950 to beyond 2099: both forms a certificate writes them in."""
    start = datetime(1950, 1, 1, tzinfo=UTC) + timedelta(seconds=start_s)
    made = SIGNER._signed(SIGNER.name, SIGNER.key.public_key(), start, days)
    for form in (Encoding.PEM, Encoding.DER):
        found = dates_of(made.public_bytes(form))
        assert found == (made.not_valid_before_utc.timestamp(), made.not_valid_after_utc.timestamp())


@given(st.data())
def test_any_bytes_are_dates_or_no_certificate(data: st.DataObject) -> None:
    der = bytearray(SIGNER.certificate.public_bytes(Encoding.DER))
    for _ in range(data.draw(st.integers(1, 4))):
        der[data.draw(st.integers(0, 120))] = data.draw(st.integers(0, 255))
    for content in (bytes(der), bytes(der[: data.draw(st.integers(0, len(der)))])):
        try:
            dates_of(content)
        except BadCertificate:
            continue


def test_the_command_from_the_request_to_the_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*line: str) -> int:
        return main(["--lang", "en", "--json", "enrol", *line])

    folder, answer, ca = tmp_path / "tls", tmp_path / "answer.pem", tmp_path / "ca.pem"
    for no_id in ("", "a" * 41, "站", "a\nb"):
        assert run("ask", no_id, "--folder", str(folder)) == exits.USAGE
    assert not folder.exists()
    assert run("ask", "gw-1", "--folder", str(folder)) == exits.OK
    now = datetime.now(UTC)
    ca.write_bytes(SIGNER.pem)
    answer.write_bytes(SIGNER.answer((folder / REQUEST).read_bytes(), now - timedelta(days=1), 20))
    assert run("take", str(answer), "--folder", str(folder)) == exits.BAD_DATA
    assert run("take", str(answer), "--ca", str(ca), "--folder", str(folder)) == exits.OK
    capsys.readouterr()
    assert run("show", "--folder", str(folder)) == exits.DEGRADED
    assert json.loads(capsys.readouterr().out)["days"] == pytest.approx(19, abs=0.1)
    assert run("ask", "gw-1", "--folder", str(folder)) == exits.OK
    assert run("vouch", str(folder / RENEWAL), "--ca", str(ca)) == exits.OK
    assert run("vouch", str(ca), "--ca", str(ca)) == exits.BAD_DATA
    assert run("show", "--folder", str(tmp_path / "none")) == exits.BAD_DATA


@pytest.mark.usefixtures("mosquitto_installed")
async def test_at_the_documented_broker_a_gateway_is_who_its_certificate_says_until_that_ends(tmp_path: Path) -> None:
    """As docs/uplinks.md sets mosquitto up: the name in the certificate is the user of the access rules."""
    now = datetime.now(UTC)
    pki = tmp_path / "pki"
    ask(pki, "127.0.0.1")
    (pki / "ca.pem").write_bytes(SIGNER.pem)
    (pki / "broker.pem").write_bytes(SIGNER.answer((pki / REQUEST).read_bytes(), now - timedelta(days=1), usage=SERVER))
    (pki / f"{KEY}.next").rename(pki / "broker.key")
    broker = Mosquitto(tmp_path / "b", tls=pki, client_certificates=True, rules=RULES.read_text("utf-8"))
    folder = tmp_path / "tls"
    ask(folder, "gw-a")
    take(folder, SIGNER.answer((folder / REQUEST).read_bytes(), now - timedelta(days=1)), SIGNER.pem, now)

    async def may_write(topic: str) -> bool:
        link = Link(
            "127.0.0.1", "gw", broker.port, tls=True, server_name="localhost", ca_file=folder / AUTHORITY,
            cert_file=folder / CERTIFICATE, key_file=folder / KEY,
        )  # fmt: skip
        session = Session(link)
        await session.connect()
        try:
            await session.publish(topic, b"1")
        except (Refused, NotConnected):
            return False
        finally:
            await session.close()
        return True

    await broker.start()
    try:
        assert await may_write("hydronest/gw-a/event")
        assert not await may_write("hydronest/gw-b/event"), "another's name"
        assert not await may_write("hydronest/gw-a/order/flight"), "its own orders"
        ask(folder, "gw-a")
        take(folder, SIGNER.answer((folder / REQUEST).read_bytes(), now - timedelta(days=1)), None, now)
        assert await may_write("hydronest/gw-a/event"), "renewed: the next connect goes by the new one"
        ask(folder, "gw-a")
        (folder / f"{KEY}.next").rename(folder / KEY)
        over = SIGNER.answer((folder / REQUEST).read_bytes(), now - timedelta(days=9), 8)
        (folder / CERTIFICATE).write_bytes(over)
        with pytest.raises(WireError):
            await may_write("hydronest/gw-a/event")
    finally:
        await broker.stop()


def test_who_may_not_write_there_is_told_in_chinese_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "", str(tmp_path))

    monkeypatch.setattr("agent.runtime.enrolment.ask", denied)  # root may write anywhere
    assert main(["--lang", "zh", "enrol", "ask", "gw-1", "--folder", str(tmp_path)]) == exits.NO_PERMISSION
    assert "没有权限" in capsys.readouterr().err
