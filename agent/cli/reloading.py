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
    import os
    import signal

    try:
        os.kill(tree["pid"], signal.SIGHUP)
    except PermissionError:
        told = _("only root may reload the settings")
        raise Trouble(exits.NO_PERMISSION, told, _("Try it with sudo.")) from None
    before, began_s, quiet = tree["reload"]["number"], time.monotonic(), True
    while (now := tree_of(call)["reload"])["number"] == before:
        waited_s = time.monotonic() - began_s
        if waited_s > READ_S:
            told = _("the supervisor has not answered")
            raise Trouble(exits.TRY_AGAIN, told, _("hydronest status shows every part."))
        if quiet and waited_s > QUIET_S:
            call.note(_("the supervisor reads the settings: {s:.0f} s at most").format(s=READ_S))
            quiet = False
        time.sleep(0.1)
    until = time.monotonic() + BEGUN_S
    while (lacking := _not_back(call, now["begun"])) and time.monotonic() < until:
        time.sleep(0.1)
    return {**now, "not_back": lacking}


def _not_back(call: Call, begun: list[str]) -> list[str]:
    parts = parts_of(call.options.socket)
    works = {part["child"] for part in parts if part["state"] == WORKS and not part["ends"]}
    return [name for name in begun if name not in works]


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
