"""Files of a card that somebody else wrote into: each reader says what it says of a damaged one, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.flight.control import checkpoint
from agent.judge.service.fact_store import FactStore
from agent.judge.service.files import Unreadable, read_snapshot, read_water_records
from agent.logbook import index, reading
from agent.reports.evidence import chain
from agent.supervisor import tree_file
from agent.water import table
from agent.water.table import BadTable

HOSTILE = (
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"v": 1, "things": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    b'{"phase": "rest", "task": {"at": ' + b"9" * 4000 + b"}}",
    b'{"fact": "incident", "told_s": 1, "id": "x", "lon": 1, "lat": 1, "at_s": ' + b"9" * 400 + b"}",
    b'{"fact": "permit", "told_s": 1, "id": "x", "holder": "y", "from_s": 1, "until_s": 1e300, "asset": "a"}',
    b'{"stamp": NaN, "flight": {"id": {}}}',
    b'{"children": [], "children": [1]}',
    b"\xff\xfe\x00",
    b'"\\ud800"',
    b"null",
    b"",
)


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_file_of_a_strange_card_stops_nobody(content: bytes, tmp_path: Path) -> None:
    def written(name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def none_or(error: type[Exception] | tuple[type[Exception], ...], act: Callable[[], object]) -> object:
        try:
            return act()
        except error:
            return None

    written("verdicts.json")
    assert none_or(Unreadable, lambda: read_snapshot(tmp_path)) is None
    written("water_records.json")
    bad_seen = (Unreadable, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
    assert none_or(bad_seen, lambda: read_water_records(tmp_path)) is None
    written("supply.lines")
    assert none_or(BadTable, lambda: table.read(tmp_path, 118.0, 28.0, 500.0)) is None
    written("facts.jsonl").write_bytes(content + b"\n")
    store = FactStore(tmp_path)
    assert store.facts.count == 0
    assert store.unreadable == [1]
    assert none_or(ValueError, lambda: checkpoint.read(written("nest.json"))) is None
    flight = written("flights/QZ01-7/log.jsonl").parent
    written("flights/QZ01-7/flight.json")
    written("flights/QZ01-7/manifest.json")
    written("flights/index.jsonl")
    assert [one["id"] for one in index.read(tmp_path / "flights").flights] == ["QZ01-7"]
    assert list(reading.entries(flight)) == []
    assert reading.verify(flight)
    evidence = tmp_path / "evidence.txt"
    evidence.write_bytes(chain.link(chain.FIRST, "asset", content.decode("latin-1")).encode() + b" asset " + content)
    with pytest.raises(chain.Tampered):
        list(chain.read(evidence))
    with pytest.raises(chain.Tampered):
        list(chain.read(tmp_path / "facts.jsonl"))


def test_a_chained_line_that_is_no_object_is_named(tmp_path: Path) -> None:
    path = tmp_path / "evidence.txt"
    for text in ('{"a": NaN}', '{"a": 1, "a": 2}', "[" * 5000, "[1]"):
        path.write_text(f"{chain.link(chain.FIRST, 'asset', text)} asset {text}\n")
        with pytest.raises(chain.Tampered) as caught:
            list(chain.read(path))
        assert caught.value.reason.code == "evidence.no_object"


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_tree_that_cannot_be_read_is_none(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_file, "_holder", lambda _lock: 1)  # a lock of one's own process holds nobody off
    path = tmp_path / "tree.json"
    file = tree_file.TreeFile(path)
    try:
        file.write({"children": []})
        assert tree_file.read_tree(path) is not None
        path.write_bytes(content)
        assert tree_file.read_tree(path) is None
    finally:
        file.close()
