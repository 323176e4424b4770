"""Where a reason becomes a sentence, in the language in use; nothing of it is looked up again."""

from __future__ import annotations

from agent.cli.terminal import clean
from agent.cli.trouble import Trouble
from agent.cli.words import language
from protocols.reason import Reason, from_json, sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from json import JSONDecodeError
    from typing import Any


def in_words(why: object) -> str:
    """A reason, or several, as it is or as JSON gives it, as people read it; a text of an earlier version as stored."""
    if why is None:
        return ""
    if isinstance(why, (list, tuple)):
        return ", ".join(in_words(part) for part in why)
    reason = why if isinstance(why, Reason) else from_json(why)
    return str(clean(str(why) if reason is None else sentence(reason, language())))


def trouble_of(exit_code: int, why: object, next_step: str = "") -> Trouble:
    """What ends a command for a reason that is not the command's own."""
    reason = why if isinstance(why, Reason) else from_json(why)
    return Trouble(exit_code, in_words(why), next_step, reason=reason)


def json_reason(error: JSONDecodeError) -> Reason:
    """Where a text stops being JSON."""
    return Reason("json.wrong", line=error.lineno, column=error.colno)


def with_messages(value: Any) -> Any:
    """What is given as JSON, every reason with its sentence beside it, under `message`."""
    if isinstance(value, Reason):
        value = value.as_json()
    if isinstance(value, dict):
        if (reason := from_json(value)) is not None:
            return {**value, "message": sentence(reason, language())}
        return {key: with_messages(item) for key, item in value.items()}
    return [with_messages(item) for item in value] if isinstance(value, (list, tuple)) else value
