"""How long the certificates of OPC UA lines last: looked at while they run, told by stages as those of uplinks are."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.link import opcua_messages as said
from agent.opcua import certificates
from agent.runtime.clock.reckon import Reckoned
from agent.settings.load import load
from protocols.opcua.certificate import own_files
from protocols.opcua.trust_store import accept
from protocols.reason import Reason
from tests.opcua.a_site import site_file
from tests.opcua.test_process import Core
from tests.opcua.test_security import NOW, der, self_made
from tests.waiting import until


async def test_each_is_told_as_it_ends_and_a_new_one_ends_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, trust = site_file(tmp_path, 4840), tmp_path / "trust"
    secured = f'security = "basic256sha256"\nserver_certificate_file = "{trust}"\n'
    file.write_text(file.read_text().replace("[[devices]]", f"{secured}[[devices]]", 1))
    settings = load(file)
    own = own_files(settings.site.gateway.state_dir / "opcua")[0]
    own.parent.mkdir(parents=True)
    own.write_bytes(der(self_made(20)))
    for days in (0.5, 6):
        accept(der(self_made(days)), trust)
    (trust / "none.der").write_bytes(b"scratched")
    monkeypatch.setattr(certificates, "FIRST_S", 0.0)
    monkeypatch.setattr(certificates, "EVERY_S", 0.01)
    core, clock = Core(settings), [Reckoned(round(NOW.timestamp() * 1e9), None)]
    posted = looks = 0

    def now() -> Reckoned:
        nonlocal looks
        looks += 1
        return clock[0]

    def post(kind: str, body: Any) -> None:
        nonlocal posted
        posted += 1
        core.side.heard(kind, body)

    def told() -> list[tuple[str, str, str, str]]:
        return [
            (one.subject, str(one.transition), str(one.severity), why.code if isinstance(why, Reason) else "")
            for one in core.events
            for why in (one.evidence.get("reason"),)
        ]

    watching = asyncio.create_task(certificates.watch(settings, now, post))
    await until("it has looked twice", lambda: looks > 1)
    assert not posted, "while nobody vouches for the time"
    clock[0] = clock[0]._replace(err_ms=20)
    await until("they were looked at twice", lambda: posted > 1)
    assert told() == [
        ("opcua water certificate", "raised", "warning", "certificate.ends"),
        ("opcua water server certificate", "raised", "warning", "certificate.ends"),
    ], "a folder lasts as long as its last"
    own.write_bytes(der(self_made(-1)))
    accept(der(self_made(900)), trust)
    await until("what changed was told", lambda: len(core.events) == 4)
    watching.cancel()
    await asyncio.wait([watching])
    assert told()[2:] == [
        ("opcua water certificate", "raised", "alarm", "certificate.ended"),
        ("opcua water server certificate", "cleared", "warning", ""),
    ]
    with pytest.raises(KeyError):
        core.side.heard(said.CERTIFICATE_DAYS, [["another line", said.OWN, 1.0]])
