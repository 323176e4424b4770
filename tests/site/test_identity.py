"""The gateway's own key: made once, closed to everybody, and what is signed with it can be proved by anybody."""

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.control.acts import Act
from agent.core.flight_mirror import FlightMirror
from agent.core.identity import FILE, Identity
from agent.link import flight_messages as say
from agent.link.messages import event_out
from agent.link.samples import Layouts
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from tests.flight.test_events import Journal
from tests.site.test_audit import SITE, part

TOLD: Mapping[str, Value] = {"lines": 7, "head": "ab" * 32}


def loaded(folder: Path) -> Identity:
    identity = Identity(folder, "g1")
    identity.load()
    return identity


def prove(signed: Mapping[str, object], gateway: str = "g1", about: str = "audit", **changed: object) -> None:
    """As docs/platform-contract.md tells a platform to. Raises InvalidSignature."""
    told: dict[str, object] = {
        name: value for name, value in signed.items() if name not in ("identity", "signature")
    } | changed
    text = "\n".join([gateway, about, *(f"{name}={told[name]}" for name in sorted(told))])
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(str(signed["identity"])))
    public.verify(base64.b64decode(str(signed["signature"])), b"hydronest seal v1\n" + text.encode())


def test_it_is_made_once_and_closed_to_everybody(tmp_path: Path) -> None:
    first, again = loaded(tmp_path / "state"), loaded(tmp_path / "state")
    assert first.public
    assert again.public == first.public
    assert (tmp_path / "state" / FILE).stat().st_mode & 0o777 == 0o600
    assert loaded(tmp_path / "another").public != first.public


def test_one_that_the_settings_name_is_read_and_never_made(tmp_path: Path) -> None:
    """Such as a systemd credential, whose file is there while the service runs and nowhere else."""
    file = tmp_path / "credential"
    named = Identity(tmp_path, "g1", file)
    named.load()
    assert named.public == ""
    assert list(tmp_path.iterdir()) == []
    made = Ed25519PrivateKey.generate()
    file.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    named.load()
    assert base64.b64decode(named.public) == made.public_key().public_bytes_raw()
    assert not (tmp_path / FILE).exists()


def test_what_it_signs_is_proved_and_nothing_else_is(tmp_path: Path) -> None:
    signed = dict(loaded(tmp_path).sealed("audit", TOLD))
    prove(signed)
    for change in ({"lines": 8}, {"head": "cd" * 32}, {"more": 1}):
        with pytest.raises(InvalidSignature):
            prove(signed, **change)
    for other in ({"gateway": "g2"}, {"about": "days"}):
        with pytest.raises(InvalidSignature):
            prove(signed, **other)


def test_where_no_key_can_be_had_nothing_is_signed_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert Identity(tmp_path, "g1").sealed("audit", TOLD) == TOLD, "before it is loaded"
    (tmp_path / "file").write_text("no folder")
    assert loaded(tmp_path / "file").sealed("audit", TOLD) == TOLD
    other = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"\xff", other):
        (tmp_path / FILE).write_bytes(content)
        assert loaded(tmp_path).sealed("audit", TOLD) == TOLD
        assert (tmp_path / FILE).read_bytes() == content, "what is there is never written over"
    assert len(caplog.records) == 4


async def test_the_head_of_the_record_goes_upwards_signed(tmp_path: Path) -> None:
    told: list[Event] = []
    audit = part(tmp_path, SITE, told)
    audit.identity.load()
    audit.log.act(Act("w", "", {}))
    audit.tell_head()
    prove(dict(told[0].evidence))
    assert not (tmp_path / "state" / f".{FILE}.new").exists()


async def test_a_flights_seal_is_signed_on_its_way_through_core(tmp_path: Path) -> None:
    told: list[Event] = []

    class Intake:
        def event(self, event: Event) -> None:
            told.append(event)

    identity = loaded(tmp_path)
    mirror = FlightMirror(Intake(), Journal(), Layouts(), lambda: 0, sign=identity.sealed)  # type: ignore[arg-type]  # as much as it needs
    for kind, number in ((EventKind.AUDIT, 1), (EventKind.FLIGHT, 2)):
        event = Event(kind, "n1-000001", Severity.INFO, Transition.NOTED, 0, {"head": "ab", "outcome": "home"})
        mirror.heard(say.EVENTS, [["numbering", number, event_out(event)]])
    prove(told[0].evidence, about="n1-000001")
    assert dict(told[1].evidence) == {"head": "ab", "outcome": "home"}
