"""What is kept in small files: no changed bit passes for truth, and what an earlier version wrote is still read."""

import json
from pathlib import Path

import pytest

from agent.flight.control import checkpoint
from agent.flight.control.checkpoint import Kept
from agent.flight.machine.table import Phase
from agent.judge.facts import fact_from
from agent.judge.service.fact_store import FactStore, RecordedFact, recorded
from agent.judge.service.files import VERDICTS, Unreadable, ledger_file, read_ledger, read_snapshot, write_days
from agent.runtime.envelope import content_of, enclosed, opened
from protocols.foreign_json import BadJson

SNAPSHOT = {"v": 1, "things": [{"id": "H1", "kind": "hydrant"}]}
CONTENTS = (b"{}", b'{"launches":[["k1",7]],"recalled":{}}', json.dumps(SNAPSHOT).encode())


@pytest.mark.parametrize("content", CONTENTS)
def test_no_changed_bit_is_believed_and_no_end_that_is_missing(content: bytes) -> None:
    whole = enclosed("verdicts", content)
    assert content_of(whole + b"\n", "verdicts") == content
    assert opened(whole, "verdicts", 1000) == json.loads(content)
    for bit in range(8 * len(whole)):
        bent = bytearray(whole)
        bent[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadJson):
            opened(bytes(bent), "verdicts", 1000)
    for end in range(len(whole)):
        with pytest.raises(BadJson):
            opened(whole[:end], "verdicts", 1000)
    with pytest.raises(BadJson):
        opened(whole, "judge", 1000)
    assert opened(content, "verdicts", 1000) == json.loads(content), "as versions before wrote it"


def test_a_bent_file_of_the_state_directory_is_named_and_not_believed(tmp_path: Path) -> None:
    """A height of 60 m became one of 62, a verdict another one."""

    def bent(path: Path, this: bytes, that: bytes) -> None:
        raw = path.read_bytes()
        assert this in raw
        path.write_bytes(raw.replace(this, that))

    (tmp_path / "verdicts.json").write_bytes(enclosed(VERDICTS, CONTENTS[2]))
    assert read_snapshot(tmp_path) == SNAPSHOT
    bent(tmp_path / "verdicts.json", b"H1", b"H3")
    with pytest.raises(Unreadable, match="sum"):
        read_snapshot(tmp_path)

    write_days(tmp_path, {"2026-11-30": b'{"H1":[10,0,0,{}]}'})
    assert read_ledger(tmp_path, ["2026-11-30"]) == ({"2026-11-30": {"H1": [10, 0, 0, {}]}}, [])
    bent(ledger_file(tmp_path, "2026-11-30"), b"10", b"18")
    found, trouble = read_ledger(tmp_path, ["2026-11-30"])
    assert (found, len(trouble)) == ({}, 1)

    nest = tmp_path / "nest.json"
    nest.write_bytes(checkpoint.told(Kept(Phase.RETURNING)))
    assert checkpoint.read(nest).phase is Phase.RETURNING
    bent(nest, b"returning", b"returnine")
    with pytest.raises(ValueError, match="sum"):
        checkpoint.read(nest)

    store = FactStore(tmp_path)
    for asset in ("H1", "H2"):
        store.write(RecordedFact(fact_from("inspection", {"asset": asset, "at_s": 1.7e9, "passed": True}), 1.7e9))
    bent(store.path, b'"H1","at_s":1700000000.0,"passed":true', b'"H1","at_s":1700000000.0,"passed":tr5e')
    after = FactStore(tmp_path)
    assert after.unreadable == [1]
    assert list(after.facts.inspections) == ["H2"]
    old = b'{"fact":"inspection","told_s":null,"asset":"H3","at_s":1.7e9,"passed":false}'
    assert recorded(old) is not None, "as versions before wrote it"
