"""A person's key with a passphrase: typed at a terminal, never shown, and asked for only where there is one."""

import getpass
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli import exits
from agent.cli.main import main
from agent.flight.orders.signing import public_text, read_key


class Person:
    """Types what is on the list."""

    def __init__(self) -> None:
        self.types: list[str] = []
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        return self.types.pop(0)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    there = Person()
    monkeypatch.setattr(getpass, "getpass", there)
    monkeypatch.setattr(os, "isatty", lambda _descriptor: True)
    yield there
    assert there.types == []


def run(*line: str) -> int:
    return main(["--lang", "en", "flight", *line])


def test_it_is_made_changed_and_taken_away(
    tmp_path: Path, person: Person, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "li.pem"
    person.types = ["one two", "one too"]
    assert run("key", "--passphrase", str(file)) == exits.USAGE
    assert not file.exists()
    person.types = ["one two", "one two"]
    assert run("key", "--passphrase", str(file)) == exits.OK
    made = public_text(read_key(file, lambda: "one two"))
    person.types = ["wrong"]
    assert run("passphrase", str(file)) == exits.BAD_DATA
    person.types = ["one two", "three", "three"]
    assert run("passphrase", str(file)) == exits.OK
    person.types = ["three", "", ""]
    assert run("passphrase", str(file)) == exits.OK
    assert public_text(read_key(file)) == made
    told = capsys.readouterr()
    assert not {"one two", "three", "wrong"} & set((told.out + told.err).split("\n"))
    person.types = ["four", "four"]
    assert run("passphrase", str(file)) == exits.OK
    monkeypatch.setattr(os, "isatty", lambda _descriptor: False)
    assert run("passphrase", str(file)) == exits.USAGE
