"""Asking the supervisor to read its settings anew, and waiting for whoever begins anew with them."""

from __future__ import annotations

import time

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.parts import WORKS, parts_of
from agent.cli.reasons import in_words
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

READ_S = 70.0
"""The supervisor gives whoever reads the settings 60 s."""
BEGUN_S = 60.0
QUIET_S = 3.0


def tree_of(call: Call) -> dict[str, Any]:
    """What the supervisor tells. Raises Trouble where none runs, or it reads nothing anew."""
    from pathlib import Path

    from agent.supervisor.tree_file import read_tree

    tree = read_tree(Path(call.options.socket).with_name("tree.json"))
    if tree is None:
        told = _("no agent runs at {path}, or you may not see it").format(path=call.options.socket)
        raise Trouble(exits.NOT_RUNNING, told, _("Try it with sudo."))
    if "reload" not in tree:
        raise Trouble(exits.DEGRADED, _("this agent was started by hand in a terminal: stop it and start it again"))
    return tree


def asked(call: Call, tree: dict[str, Any]) -> dict[str, Any]:
    """Ask the supervisor, and wait until whoever begins anew works. Raises Trouble."""
    import signal

    now = _answer(call, tree, "reload", signal.SIGHUP)
    until = time.monotonic() + BEGUN_S
    while (lacking := _not_back(call, now["begun"])) and time.monotonic() < until:
        time.sleep(0.1)
    return {**now, "not_back": lacking}


def tried(call: Call, tree: dict[str, Any]) -> dict[str, Any]:
    """Ask the supervisor what a reload would change; nothing does. Raises Trouble."""
    import signal

    if "trial" not in tree:  # it would end by the signal
        raise Trouble(exits.DEGRADED, _("the running agent is older than this command or lacks the part it needs"))
    return _answer(call, tree, "trial", signal.SIGUSR1)


def _answer(call: Call, tree: dict[str, Any], which: str, number: int) -> dict[str, Any]:
    """What it says to this signal, next in `which` of tree.json. Raises Trouble."""
    import os

    try:
        os.kill(tree["pid"], number)
    except PermissionError:
        told = _("only root may reload the settings")
        raise Trouble(exits.NO_PERMISSION, told, _("Try it with sudo.")) from None
    before, began_s, quiet = tree[which]["number"], time.monotonic(), True
    while True:
        now: dict[str, Any] = tree_of(call)[which]
        if now["number"] != before:
            return now
        waited_s = time.monotonic() - began_s
        if waited_s > READ_S:
            told = _("the supervisor has not answered")
            raise Trouble(exits.TRY_AGAIN, told, _("hydronest status shows every part."))
        if quiet and waited_s > QUIET_S:
            call.note(_("the supervisor reads the settings: {s:.0f} s at most").format(s=READ_S))
            quiet = False
        time.sleep(0.1)


def _not_back(call: Call, begun: list[str]) -> list[str]:
    parts = parts_of(call.options.socket)
    works = {part["child"] for part in parts if part["state"] == WORKS and not part["ends"]}
    return [name for name in begun if name not in works]


def would(told: dict[str, Any], interrupted: list[str]) -> list[str]:
    """What would come of it, as people read it; `interrupted` are the lines of whoever would begin anew."""
    if told["outcome"] == "refused":
        return [*map(in_words, told["refused"]), _("it would be refused: nothing would change")]
    if told["outcome"] == "nothing":
        return [_("the settings say what they said before: nothing would change")]
    parts = ", ".join(map(term, told["begun"]))
    said = [
        *map(in_words, told["changes"]),
        _("would begin anew: {parts}; everything else would go on").format(parts=parts),
    ]
    if interrupted:
        said.append(_("not read for a second or two: {lines}").format(lines=", ".join(interrupted)))
    return said


def lines(told: dict[str, Any]) -> list[str]:
    """What came of it, as people read it."""
    if told["outcome"] == "refused":
        return [*map(in_words, told["refused"]), _("nothing was changed")]
    if told["outcome"] == "nothing":
        return [_("the settings say what they said before: nothing was changed")]
    parts = ", ".join(map(term, told["begun"]))
    said = [*map(in_words, told["changes"]), _("begun anew: {parts}; everything else went on").format(parts=parts)]
    if told["not_back"]:
        late = _("{parts} does not work yet: hydronest status says why")
        said.append(late.format(parts=", ".join(map(term, told["not_back"]))))
    return said
