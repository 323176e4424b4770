"""The register's lines in an evidence file: what was committed about assets and rules, hash by hash. Pure."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.judge.life import Lives
from agent.judge.service.asset_register import CommittedRules, line_from, rules_at
from agent.reports.evidence.chain import Tampered
from agent.runtime import chained
from agent.runtime.readable import read
from protocols.system import why_failed


class Committed:
    """Takes the lines in order. Raises Tampered for one that is not whole, or does not follow the one before."""

    def __init__(self) -> None:
        self.lives = Lives()
        self._rules: list[CommittedRules] = []
        self._before = chained.FIRST
        self._lines = 0

    def take(self, line: bytes) -> None:
        """The next one, as it stands in the register. Raises Tampered."""
        self._lines += 1
        found = chained.whole(line)
        if found is None:
            raise Tampered("evidence.committed_changed", number=self._lines)
        if found.content.get("before") != self._before:
            raise Tampered("evidence.committed_gap", number=self._lines)
        self._before = found.hash
        try:
            said = line_from(found)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise Tampered("evidence.unreadable", why=why_failed(error)) from None
        if said.entry is not None:
            self.lives.add(said.entry)
        if said.rules is not None:
            self._rules.append(said.rules)

    def rules_at(self, utc_s: float) -> CommittedRules | None:
        """The rules that judged at a moment; None where none were ever committed."""
        return rules_at(self._rules, utc_s)


def as_json(line: bytes) -> dict[str, Any]:
    """A register's line as it stands in the evidence file."""
    return {"hash": line[:64].decode("ascii", "replace"), "json": line[65:].decode("utf-8", "replace")}


def from_json(content: dict[str, Any]) -> bytes:
    """The line that `as_json` was made of. Raises KeyError."""
    return f"{content['hash']} {content['json']}".encode("utf-8", "replace")


def counted_day(content: dict[str, Any], day: str) -> tuple[str, str]:
    """The hash of a day's line in the ledger's index, and of the line before it. Raises Tampered for another."""
    found = chained.whole(from_json(content))
    if found is None or found.content.get("day") != day:
        raise Tampered("evidence.counted_changed", day=day)
    return found.hash, str(found.content["before"])


def lines_of(register: Path) -> Iterator[bytes]:
    """The register's whole lines; none where there is no file. Raises OSError."""
    try:
        raw = read(register).data
    except FileNotFoundError:
        return
    yield from raw[: raw.rfind(b"\n") + 1].splitlines()
