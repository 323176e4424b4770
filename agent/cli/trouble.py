"""The one way a command says that it could not do what was asked."""

from __future__ import annotations


class Trouble(Exception):
    """Ends the command: `message` says what is wrong and where, `next_step` what to do; `code` is from `exits`."""

    def __init__(self, code: int, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.next_step = next_step
