"""Asks a person one thing after another, and again where the answer cannot be meant."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from agent.cli import exits
from agent.cli.trouble import Trouble
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")

MOST_TRIES = 5
"""Whoever answers wrongly so often is a script."""


class Unanswered(Trouble):
    """Nobody is there, or nobody who answers."""


def ask(question: str, default: str, meant: Callable[[str], T]) -> T:
    """One answer: `default` where nothing is typed. `meant` makes something of it, or raises Trouble that is shown.

    Raises Unanswered at the end of the input, and after MOST_TRIES.
    """
    told = f"{question} [{default}]: " if default else f"{question}: "
    for _try in range(MOST_TRIES):
        sys.stderr.write(told)
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            sys.stderr.write("\n")
            break
        try:
            return meant(_readable(line.strip()) or default)
        except Trouble as wrong:
            sys.stderr.write(f"  {wrong.message}\n")
    raise Unanswered(exits.USAGE, _("not every question was answered"))


def _readable(text: str) -> str:
    """What was typed. Raises Trouble for what no file of settings can hold: bytes of another charset, control keys."""
    if "\ufffd" in text:
        raise wrong(
            _("that is no UTF-8: set the terminal to it (PuTTY: Window, Translation), or type letters of ASCII")
        )
    if not text.isprintable():
        raise wrong(_("there is a control character in it: type it again"))
    return text


def wrong(told: str) -> Trouble:
    """What `meant` raises."""
    return Trouble(exits.USAGE, told)


def shaped(pattern: str, told: str, *, may_be_empty: bool = False) -> Callable[[str], str]:
    """Takes what matches as a whole."""
    import re

    def meant(text: str) -> str:
        if not (text or may_be_empty) or (text and re.fullmatch(pattern, text) is None):
            raise wrong(told)
        return text

    return meant


def one_of(known: Sequence[str]) -> Callable[[str], str]:
    """Takes one of these words."""

    def meant(text: str) -> str:
        if text.lower() not in known:
            raise wrong(_("one of {known}").format(known=", ".join(known)))
        return text.lower()

    return meant


def yes_or_no(text: str) -> bool:
    """Takes yes and no, in either language."""
    if text.lower() in ("yes", "y", "是"):
        return True
    if text.lower() in ("no", "n", "否"):
        return False
    raise wrong(_("yes or no"))
