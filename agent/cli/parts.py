"""The parts of the agent as their supervisor told: `tree.json` lies beside the control socket."""

from __future__ import annotations

from pathlib import Path

from agent.cli import exits
from agent.cli.reasons import in_words
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WORKS = "running"
NEVER = ("stuck", "ended")
"""States that nothing comes after by itself."""


def parts_of(socket: str) -> list[dict[str, Any]]:
    """Every part of the agent whose core would answer at this socket; none where no agent runs."""
    from agent.supervisor.tree_file import read_tree

    tree = read_tree(Path(socket).with_name("tree.json"))
    return [] if tree is None else list(tree["children"])


def gone(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that do not work now."""
    return [part for part in parts if part["state"] != WORKS]


def sentence(part: dict[str, Any]) -> str:
    """That it does not work, and why."""
    told = _("{part} is not running ({state})").format(part=term(part["child"]), state=term(part["state"]))
    why = in_words(part["last_reason"])
    return f"{told}: {why}" if why else told


def part_gone(name: str, parts: list[dict[str, Any]]) -> Trouble:
    """Nobody answers at the socket of core, or of flight; another part of the agent does."""
    part = next((part for part in gone(parts) if part["child"] == name), None)
    if part is not None:
        message = sentence(part)
    elif parts:
        message = _("{part} does not answer: the agent is starting, or stopping").format(part=term(name))
    else:
        return Trouble(exits.NOT_RUNNING, orphaned())
    return Trouble(exits.NOT_RUNNING, message, _("It begins anew by itself; hydronest status shows every part."))


def begins(name: str, parts: list[dict[str, Any]]) -> bool:
    """Whether it is worth waiting for."""
    return any(part["child"] == name and part["state"] not in NEVER for part in parts)


def orphaned() -> str:
    """What flight answers with nobody else there means."""
    return _("the agent is not running; only flight is left, until its aircraft is safe")
