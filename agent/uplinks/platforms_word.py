"""What a platform says down a topic: an object within bounds, under its signature where the settings have its key."""

from typing import Any

from agent.runtime.signed import is_signed
from protocols.errors import BadAnswer
from protocols.foreign_json import read_json_object

MOST_NAMES = 10_000


def platforms_word(payload: bytes, longest: int, meant_for: bytes, platform_key: str | None) -> dict[str, Any]:
    """The object; with `platform_key` (base64) that of the text in `{"payload", "signature"}`.

    Raises BadAnswer, KeyError or TypeError.
    """
    message = read_json_object(payload, longest, MOST_NAMES)
    if platform_key is None:
        return message
    words = text(message["payload"])
    if not is_signed(platform_key, meant_for, words, text(message["signature"])):
        raise BadAnswer("uplink.not_the_platforms_signature")
    return read_json_object(words, longest, MOST_NAMES)


def text(value: object) -> str:
    """Raises BadAnswer where it is none."""
    if not isinstance(value, str):
        raise BadAnswer("uplink.not_a_text", value=repr(value)[:80])
    return value


def number(value: object) -> int:
    """Raises BadAnswer where it is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadAnswer("uplink.not_a_number", value=repr(value)[:80])
    return value
