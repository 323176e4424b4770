"""The log of a flight as a person reads it, step by step."""

from __future__ import annotations

from agent.cli.reasons import in_words
from agent.cli.words import term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def steps(log: list[dict[str, Any]]) -> Iterator[str]:
    """Each line with its seconds since the first."""
    start = log[0]["t_s"] if log else 0
    for entry in log:
        yield f"{entry['t_s'] - start:8.1f} s  {line(entry)}"


def line(entry: dict[str, Any]) -> str:
    """One of them in words."""
    if entry["kind"] == "written":
        told = f"{term(entry['kind'])}: {term(entry['verb'])} {entry['register']} := {entry['values']}"
        return f"{told} {in_words(entry['reason'])}".rstrip()
    if entry["kind"] == "phase":
        why = ", ".join(term(guard) for guard in entry["why"])
        return f"{term(entry['at'])} > {term(entry['to'])}: {why}" + (
            f" ({in_words(entry['reason'])})" if entry["reason"] else ""
        )
    if entry["kind"] == "order":
        return f"{term(entry['order'])}: {term(entry['outcome'])} {in_words(entry['reason'])}".rstrip()
    kind = term(str(entry["kind"]))
    if entry["kind"] == "remote_id":
        health = "silent" if entry["ok"] is None else "healthy" if entry["ok"] else "fault"
        return f"{kind}: {term(health)} {entry['text']}".rstrip()
    if entry["kind"] == "said":
        return f"{kind}: {entry['text']}"
    return f"{kind}: {entry['mode']} ({term(entry['owner'])})" if entry["kind"] == "mode" else kind
