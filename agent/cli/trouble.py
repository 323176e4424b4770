"""The one way a command says that it could not do what was asked."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from protocols.reason import Reason


class Trouble(Exception):
    """Ends the command: `message` says what is wrong and where, `next_step` what to do; `code` is from `exits`.

    `reason` is what the message says, for programs, where it is not this command that says it.
    """

    def __init__(self, code: int, message: str, next_step: str = "", *, reason: Reason | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.next_step = next_step
        self.reason = reason

    def as_json(self) -> dict[str, Any]:
        """For --json: `code` is the reason's, or says what kind of trouble of this command's own it is."""
        own = {"code": exits.CODES[self.code]}
        reason = {} if self.reason is None else {"code": self.reason.code, "reason": self.reason.as_json()}
        return {"ok": False, "exit": self.code, **own, **reason, "message": self.message, "next_step": self.next_step}


def unknown(name: str, known: list[str]) -> Trouble:
    """What to say about a command or verb that does not exist, with the nearest one that does."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1, cutoff=0.5)
    told = _("there is no command {name}").format(name=name)
    if near:
        return Trouble(exits.USAGE, told, _("Did you mean {near}?").format(near=near[0]))
    return Trouble(exits.USAGE, told, _("Known here: {names}").format(names=", ".join(known)))
