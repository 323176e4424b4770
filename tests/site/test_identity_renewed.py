"""The gateway's key and the next one: registered, signed for by the one before, and proved by two who share no line."""

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.control.rights import Rights
from agent.control.server import ControlServer
from agent.core.audit.files import newest
from agent.core.audit.part import Audit
from agent.core.identity import FILE, NEXT, REGISTERED, Identity
from agent.runtime.seals import prove
from drivers.event import Event, Evidence
from tests.cli.serving import raw
from tests.site.test_audit import SITE, part
from tests.waiting import output_of

SCRIPT = Path(__file__).parents[2] / "tools" / "verify_seals.py"
Message = dict[str, Any]


def loaded(folder: Path, given: Path | None = None) -> Identity:
    identity = Identity(folder, "g1", given)
    identity.load()
    return identity


def as_sent(*seals: tuple[str, Evidence], boot: str = "b1") -> list[Message]:
    """As a platform keeps them."""
    return [
        {"gateway": "g1", "boot": boot, "seq": number,
         "events": [{"kind": "audit", "subject": subject, "evidence": dict(evidence)}]}
        for number, (subject, evidence) in enumerate(seals, 1)
    ]  # fmt: skip


def story(folder: Path) -> list[Message]:
    """A seal, another key, a seal, another key, a seal."""
    identity = loaded(folder)
    seals = [("identity", identity.registration), ("audit", identity.sealed("audit", {"lines": 7, "head": "ab"}))]
    for day in (1, 2):
        renewed = identity.renew()
        identity.take(renewed)
        identity.replace()
        seals += [("identity", renewed.registration), ("days", identity.sealed("days", {"day": day, "head": "cd"}))]
    return as_sent(*seals)


def without(number: int) -> Callable[[list[Message]], list[Message]]:
    return lambda sent: [one for one in sent if one["seq"] != number]


def of_the_old_key(sent: list[Message]) -> list[Message]:
    return [*sent, {**sent[1], "seq": 9}]


def with_evidence(number: int, **change: object) -> Callable[[list[Message]], list[Message]]:
    def changed(sent: list[Message]) -> list[Message]:
        (event,) = sent[number - 1]["events"]
        return [{**one, "events": [{**event, "evidence": event["evidence"] | change}]} if one["seq"] == number else one
                for one in sent]  # fmt: skip

    return changed


SPOILS: list[Callable[[list[Message]], list[Message]]] = [
    without(3),  # the next key comes from nowhere
    of_the_old_key,
    with_evidence(2, lines=8),
    with_evidence(3, agreed="AAAA"),
    with_evidence(3, before=""),
    with_evidence(4, identity="A" * 43 + "="),
    with_evidence(6, signature=""),
    lambda sent: [*sent[:2], *sent[4:]],
]


def the_script() -> Any:
    """The verifier that knows nothing of ours, as a module."""
    spec = importlib.util.spec_from_file_location("verify_seals", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPTS = the_script()


def both(sent: list[Message], noted: str = "") -> tuple[bool, bool]:
    """Whether each of the two finds everything right."""
    _count, _keys, wrong = SCRIPTS.check("g1", sent, noted)
    return not prove("g1", sent, noted).trouble, not wrong


def test_across_two_changes_both_find_every_seal_right_and_each_spoilt_one_wrong(tmp_path: Path) -> None:
    sent = story(tmp_path / "state")
    first = sent[0]["events"][0]["evidence"]["key"]
    assert [one["events"][0]["evidence"].get("number") for one in sent] == [1, None, 2, None, 3, None]
    for right in (sent, sent[::-1], [*sent, sent[2]], sent[1:], sent[2:]):
        assert both(right) == (True, True), right
    assert both(sent, first) == (True, True)
    assert both(sent[2:], first) == (True, True)
    for spoil in SPOILS:
        assert both(spoil(sent)) == (False, False), spoil
    stranger = story(tmp_path / "another")
    assert both(stranger, first) == (False, False)
    late = as_sent(*[(str(one["events"][0]["subject"]), one["events"][0]["evidence"]) for one in stranger], boot="b22")
    assert both([*sent, *late]) == (False, False)
    assert prove("g1", sent).acts == {"ab": 7}
    for content, code in ((sent, 0), (sent[:2] + sent[3:], 1)):
        (file := tmp_path / "sent.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in content))
        ran = subprocess.run([sys.executable, "-I", str(SCRIPT), str(file), "--gateway", "g1"], capture_output=True)
        assert (ran.returncode, ran.stderr) == (code, b"")


@pytest.mark.parametrize("registered", [False, True])
def test_a_process_that_dies_within_a_change_goes_on_with_the_one_key_that_is_registered(
    tmp_path: Path, registered: bool
) -> None:
    first = loaded(tmp_path)
    before = (tmp_path / REGISTERED).read_bytes()
    first.renew()
    if not registered:
        (tmp_path / REGISTERED).write_bytes(before)
    assert (tmp_path / f".{FILE}.new").exists()
    again = loaded(tmp_path)
    assert not (tmp_path / f".{FILE}.new").exists()
    assert (again.public == first.public) is not registered
    assert again.registration["number"] == 1 + registered
    assert again.registration["identity"] == first.public
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert again.load() is None, "told already"


def test_a_key_put_there_by_nobody_who_was_asked_begins_anew_and_shows(tmp_path: Path) -> None:
    first = loaded(tmp_path)
    (tmp_path / FILE).unlink()  # as a backup without secrets is put back
    again = loaded(tmp_path)
    assert (again.registration["number"], again.registration["before"]) == (2, "")
    sent = as_sent(("identity", first.registration), ("identity", again.registration))
    assert both(sent) == (False, False)
    (tmp_path / REGISTERED).write_text("bent\n")
    assert loaded(tmp_path).registration["number"] == 1


async def running(folder: Path, site: str, told: list[Event]) -> tuple[Audit, ControlServer]:
    audit = part(folder, site, told)
    audit.identity.load()
    server = ControlServer(folder / "s", Rights(operators=(), own_user=True), acts=audit.log.act)
    audit.register(server)
    await server.start()
    return audit, server


async def hydronest(folder: Path, *args: str, code: int = 0) -> Any:
    env = {**os.environ, "HYDRONEST_SOCKET": str(folder / "s"), "HYDRONEST_LANG": "en", "COLUMNS": "300"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli", "--json", *args), env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await output_of(process)
    assert process.returncode == code, (out, err)
    return json.loads(out) if code == 0 else err.decode()


def evidence(told: list[Event]) -> list[Mapping[str, object]]:
    return [dict(event.evidence) for event in told]


async def test_a_person_renews_it_and_it_is_told_recorded_and_proved(tmp_path: Path) -> None:
    told: list[Event] = []
    audit, server = await running(tmp_path, SITE, told)
    first = audit.identity.public
    audit.tell_head()
    assert (await hydronest(tmp_path, "key", "gateway"))["key"] == first
    done = await hydronest(tmp_path, "key", "renew", "--yes")
    assert done["from_now_on"]
    audit.tell_head()
    assert [event.subject for event in told] == ["identity", "audit"]
    assert told[0].evidence["identity"] == first
    assert told[1].evidence["identity"] == done["registration"]["key"] == audit.identity.public
    assert loaded(tmp_path / "state").public == audit.identity.public
    (line,) = (line.content for line in newest(tmp_path / "state/audit", 9))
    assert (line["what"], line["was"], line["becomes"]) == ("key.renew", first, audit.identity.public)
    sent = tmp_path / "sent.jsonl"
    sent.write_text("".join(f"{json.dumps(one)}\n" for one in as_sent(*[(e.subject, e.evidence) for e in told])))
    found = await hydronest(tmp_path, "audit", "verify", "--seals", str(sent), "--key", first)
    assert (found["seals"], found["keys"]) == (2, [first, audit.identity.public])
    bent = sent.read_text().replace(str(told[1].evidence["head"]), "0" * 64)
    sent.write_text(bent)
    assert "no line has the hash" in await hydronest(tmp_path, "audit", "verify", "--seals", str(sent), code=65)
    await server.close()


async def test_one_in_a_file_of_the_settings_is_announced_and_counts_from_the_start_that_finds_it(
    tmp_path: Path,
) -> None:
    pems = [
        Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for _ in range(2)
    ]
    given, following = tmp_path / "given.pem", tmp_path / "next.pem"
    given.touch(0o600)
    given.write_bytes(pems[0])
    following.write_bytes(pems[1])
    audit, server = await running(tmp_path, f'{SITE}identity_key_file = "given.pem"\n', [])
    first = audit.identity.public
    (no,) = await raw(tmp_path / "s", b'{"ask": "key.renew"}\n')
    assert no["reason"]["code"] == "identity.given"
    (no,) = await raw(tmp_path / "s", json.dumps({"ask": "key.renew", "next": first, "agreed": ""}).encode() + b"\n")
    assert no["reason"]["code"] == "identity.not_agreed"
    await hydronest(tmp_path, "key", "renew", code=2)
    done = await hydronest(tmp_path, "key", "renew", "--next", str(following), "--yes")
    assert not done["from_now_on"]
    assert loaded(tmp_path / "state", given).public == first == audit.identity.public
    given.write_bytes(pems[1])
    again = loaded(tmp_path / "state", given)
    assert again.registration == done["registration"]
    assert (tmp_path / "state" / NEXT).exists()
    assert both(as_sent(("identity", audit.identity.registration), ("identity", again.registration))) == (
        True,
        True,
    )
    await server.close()
