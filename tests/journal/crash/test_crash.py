"""The short form of the proof, and the proof that it bites: a weaker sync and planted mistakes must break it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from agent.journal.ledger import Ledger
from agent.journal.opening import Unsent
from agent.journal.retention import Loss, Retention
from agent.journal.spans import PrioritySpans, Range
from agent.journal.tally import Tally
from tests.journal.crash.prove import prove

SEED = 7


def test_no_power_cut_breaks_a_promise() -> None:
    account = prove(1_000, SEED)
    assert account.broken == []
    assert account.states == 1_000


def test_a_weaker_sync_breaks_it() -> None:
    account = prove(2_000, SEED, synchronous="NORMAL")
    assert "was acknowledged" in account.broken[0]


def _account_apart(patch: pytest.MonkeyPatch) -> None:
    """The account is written after the rows, in a transaction of its own."""

    @contextmanager
    def transaction(self: Ledger) -> Iterator[None]:
        self.db.execute("BEGIN IMMEDIATE")
        yield
        self.db.execute("COMMIT; BEGIN IMMEDIATE")
        self.tally.tick += 1
        self.db.execute("REPLACE INTO mark VALUES ('tally', ?)", (self.tally.text(),))
        self.db.execute("COMMIT")

    patch.setattr(Ledger, "transaction", transaction)


def _watermark_too_far(patch: pytest.MonkeyPatch) -> None:
    """What an uplink has confirmed is stored one record too far where something is in flight."""
    ranges = PrioritySpans.ranges

    def one_more(self: PrioritySpans) -> list[Range]:
        return [(lo + bool(self.in_flight() or self.live.returned), hi) for lo, hi in ranges(self)]

    patch.setattr(PrioritySpans, "ranges", one_more)


def _one_uplink_is_enough(patch: pytest.MonkeyPatch) -> None:
    """A record is let go once the first uplink has it."""
    keep = Retention.keep

    def careless(
        self: Retention, tally: Tally, outboxes: Mapping[str, Unsent], in_flight: frozenset[int]
    ) -> list[Loss]:
        return keep(self, tally, dict(list(outboxes.items())[:1]), in_flight)

    patch.setattr(Retention, "keep", careless)


@pytest.mark.parametrize("plant", [_account_apart, _watermark_too_far, _one_uplink_is_enough])
def test_a_planted_mistake_breaks_it(plant: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(plant)
    plant(monkeypatch)
    account = prove(6_000, SEED)
    assert account.broken, f"{account.states} states and nobody noticed"
