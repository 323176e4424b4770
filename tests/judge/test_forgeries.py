"""Whatever is changed, taken out or put in, in evidence and in records, is found and placed, hashed again or not.

HYDRONEST_FORGERIES=1000 does as much, on each of them.
"""

import importlib.util
import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from agent.core.audit import files as audit
from agent.flight.logbook.record import FlightRecord
from agent.judge.life import LifeState
from agent.logbook import reading
from agent.reports.evidence import verify as ours
from agent.reports.evidence.chain import FIRST, MARK_EVERY, Tampered, link
from agent.runtime import chained
from hil.virtual_card import VirtualCard
from tests.judge.months import DAY, thing
from tests.judge.signing import IDENTITY
from tests.judge.test_evidence_assets import SCRIPT, Gateway

TIMES = int(os.environ.get("HYDRONEST_FORGERIES", "20"))
SPEC = importlib.util.spec_from_file_location("verify_evidence", SCRIPT)
assert SPEC is not None
assert SPEC.loader is not None
alone = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(alone)

pytestmark = pytest.mark.timeout(120 + 2 * TIMES)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The lines of a day's evidence as the gateway wrote it."""
    gateway = Gateway(tmp_path_factory.mktemp("forged"))
    for name in ("H1", "H2"):
        gateway.live(name, -DAY, LifeState.IN_SERVICE, thing(name))
    done = gateway.export(H1=300.0, H2=60.0, H3=310.0)
    assert ours.verify(done.path, IDENTITY).identity == alone.verify(done.path, IDENTITY)["identity"] == IDENTITY
    return done.path.read_bytes().splitlines(keepends=True)


class Forger:
    """Who has the file and everything but the key."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def one_change(self, lines: list[bytes], change: Callable[[bytes], bytes], last: int) -> tuple[list[bytes], int]:
        """These lines with one changed, taken out or put in, and its number; those behind `last` are left alone."""
        at = self.dice.randrange(last)
        match self.dice.randrange(3):
            case 0:
                return [*lines[:at], change(lines[at]), *lines[at + 1 :]], at + 1
            case 1:
                return lines[:at] + lines[at + 1 :], at + 1
            case _:
                return [*lines[:at], change(lines[self.dice.randrange(last)]), *lines[at:]], at + 1

    def byte(self, line: bytes) -> bytes:
        """A bit of it the other way round."""
        at = self.dice.randrange(len(line) - 1)
        return line[:at] + bytes([line[at] ^ 1 << self.dice.randrange(7)]) + line[at + 1 :]

    def said(self, line: bytes) -> bytes:
        """A chained line that says something else."""
        return line[:65] + self.value(line[65:-1]) + b"\n"

    def value(self, text: bytes) -> bytes:
        """JSON with one of its values another, as whoever means to be believed changes it."""
        content = json.loads(text)
        places = [*_places(content)]
        into, name = self.dice.choice(places) if places else (content, "new")
        into[name] = _other(into[name]) if places else 1
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for name, member in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(member, dict | list) and member:
            yield from _places(member)
        else:
            yield value, name


def _other(value: Any) -> Any:
    if isinstance(value, bool | None) or not isinstance(value, int | float):
        return f"{value}x" if isinstance(value, str) else 7
    return value + 1


def _of(line: bytes) -> tuple[bytes, bytes]:
    part, _, text = line[65:-1].partition(b" ")
    return part, text


def hashed_again(lines: list[bytes]) -> list[bytes]:
    """Records numbered without a gap, what was committed chained anew, the end counting right, every hash new."""
    chain, before, seq, records, out = FIRST, FIRST, 0, 0, []
    marks = sum(number % MARK_EVERY == 0 for number in range(1, len(lines) - 1)) + 1
    for number, line in enumerate(lines, 1):
        part, text = _of(line)
        content = json.loads(text)
        if part == b"committed":
            linked = {**json.loads(content["json"]), "before": before}
            said = json.dumps(linked, ensure_ascii=False, separators=(",", ":"))
            before = sha256(said.encode()).hexdigest()
            content = {"hash": before, "json": said}
        elif part == b"rules":
            content["sha256"] = sha256(str(content.get("text")).encode()).hexdigest()
        elif part == b"record":
            records, seq = records + 1, seq + 1 if seq else content["seq"]
            content["seq"] = seq
        elif part == b"end":
            content |= {"lines": number, "records": records}
        elif part == b"signed":
            content["signatures"] = (content["signatures"] * 2)[:marks]
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        chain = link(chain, part.decode(), text.decode())
        out.append(b"%b %b %b\n" % (chain.encode(), part, text))
    return out


def places(verifier: Callable[[Path], object], path: Path) -> range:
    """The lines that a verifier names."""
    with pytest.raises((Tampered, alone.NotRight)) as wrong:
        verifier(path)
    found = [int(n) for n in re.findall(r"lines? (\d+)(?: to (\d+))?", str(wrong.value))[0] if n]
    return range(found[0], found[-1] + 1)


def test_a_bundle_with_one_thing_otherwise_is_found_by_both_and_placed(bundle: list[bytes], tmp_path: Path) -> None:
    path, forger = tmp_path / "forged.evidence", Forger(14)
    for number in range(TIMES):
        if number % 2:
            lines, at = forger.one_change(bundle, forger.byte, len(bundle))
        else:

            def believable(line: bytes) -> bytes:
                part, text = _of(line)
                return line[:65] + part + b" " + forger.value(text) + b"\n"

            lines, at = forger.one_change(bundle, believable, len(bundle) - 2)
            lines = hashed_again(lines)
        path.write_bytes(b"".join(lines))
        if lines == bundle:
            continue
        for verifier in (lambda path: ours.verify(path, IDENTITY), alone.verify):
            found = places(verifier, path)
            assert found.start <= at <= found.stop, (number, at, found)
            assert len(found) <= MARK_EVERY


def test_what_is_no_item_is_placed_and_no_crash(bundle: list[bytes], tmp_path: Path) -> None:
    """The chain is right, the text is not: deeper than anybody reads, a list, a half, a number nobody takes."""
    path = tmp_path / "odd.evidence"
    for at in (1, 5):
        for text in (b"[" * 100_000, b"[1]", b'{"v":', b'"\xff"'):
            lines, chain = list(bundle), bundle[at - 2][:64].decode() if at > 1 else FIRST
            part, _ = _of(lines[at - 1])
            head = sha256(chain.encode() + b" " + part + b" " + text).hexdigest().encode()
            lines[at - 1] = head + b" " + part + b" " + text + b"\n"
            path.write_bytes(b"".join(lines))
            for verifier in (ours.verify, alone.verify):
                assert places(verifier, path) == range(at, at + 1), (at, text[:9])


def test_a_chain_with_one_thing_otherwise_is_found_and_placed(tmp_path: Path) -> None:
    """The record of acts, and so the register and the ledger's index, which are chained alike."""
    whole, head = chained.chained(FIRST, ({"n": n, "what": f"act {n}", "args": {"a": n}} for n in range(1, 201)))
    lines, folder = whole.splitlines(keepends=True), tmp_path / "audit"
    folder.mkdir()
    file = folder / f"{1:010d}.log"
    sent = {n: lines[n - 1][:64].decode() for n in range(20, 201, 20)}
    file.write_bytes(whole)
    untouched = audit.verify(folder, sent.values())
    assert (untouched.head.hash, list(untouched.missing), list(untouched.trouble)) == (head, [], [])
    forger = Forger(15)
    for number in range(TIMES):
        if number % 2:
            changed, at = forger.one_change(lines, forger.byte, len(lines))
            file.write_bytes(b"".join(changed))
            found = audit.verify(folder, sent.values())
            named = [fact for why in found.trouble for name, fact in why.facts.items() if name in ("line", "number")]
            cut = found.head.number < len(lines) and at >= len(lines)
            assert cut or any(abs(int(str(one)) - at) <= 1 for one in named), (number, at, found.trouble)
        else:
            changed, at = forger.one_change(
                lines, lambda line: line[:65] + forger.value(line[65:-1]) + b"\n", len(lines)
            )
            contents = [{**json.loads(line[65:]), "n": n} for n, line in enumerate(changed, 1)]
            again, _ = chained.chained(FIRST, ({**one, "before": None} for one in contents))
            if again == whole:
                continue  # what was changed is made anew with the hashes
            file.write_bytes(again)
            found = audit.verify(folder, sent.values())
            assert list(found.trouble) == [], "it is whole in itself"
            held = [n for n, one in sent.items() if one not in found.missing]
            assert max(held, default=0) < at <= max(held, default=0) + 20 + 1, (number, at, held)


async def test_a_flights_record_with_one_thing_otherwise_is_found(tmp_path: Path) -> None:
    card = VirtualCard()
    record = FlightRecord(tmp_path / "n1-000001", card)
    await record.make()
    for second in range(30):
        record.note("phase", 100.0 + second, "", at="a", to=f"b{second}")
    sealed = record.end(130.0, "", {"id": "n1-000001", "outcome": "home"})
    record.close({"id": "n1-000001", "outcome": "home"})
    assert (reading.verify(record.folder), reading.seal(record.folder)) == ([], sealed)
    lines = (record.folder / reading.LOG).read_bytes().splitlines(keepends=True)
    forger, forged = Forger(16), tmp_path / "forged"
    for number in range(TIMES):
        shutil.rmtree(forged, ignore_errors=True)
        shutil.copytree(record.folder, forged)
        changed, at = forger.one_change(lines, forger.byte, len(lines))
        (forged / reading.LOG).write_bytes(b"".join(changed))
        assert reading.verify(forged), (number, at)
