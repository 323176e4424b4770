"""What the card is given, and how long it bears that."""

from __future__ import annotations

from agent.cli import show
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def card_text(card: dict[str, Any]) -> str:
    """Of `agent.journal.card.CardBook.numbers`."""
    rate = _("{size} and {flushes} flushes in {age}")
    parts = [rate.format(size=show.size(card["bytes"]), flushes=card["flushes"], age=show.age(card["over_s"]))]
    if card.get("device_bytes") is not None:
        by_all = _("{size} to the device by everybody, in {writes} writes")
        parts.append(by_all.format(size=show.size(card["device_bytes"]), writes=card["device_writes"]))
    if card["bytes_per_day"] is not None:
        parts.append(_("{day} a day").format(day=show.size(card["bytes_per_day"])))
    if card["card_days_left"] is not None:
        parts.append(_("a 32 GB card bears that for {days} days").format(days=card["card_days_left"]))
    return "; ".join(parts)
