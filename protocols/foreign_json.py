"""The door for JSON that a stranger wrote: a socket's line, a topic's payload, an order's text, a file of a card.

RFC 8259 leaves open what most readers get wrong: names said twice, numbers without bounds, nesting without end,
half of a surrogate pair. What passes here has none of them, and is no larger than its reader asked for.
"""

from __future__ import annotations

import json
import re

from protocols.errors import Reasoned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

DEEPEST = 32
"""Arrays and objects within one another. The deepest message of ours has 9, a GeoJSON collection 8."""
MOST_NAMES = 10_000
"""Members of all objects together, where a reader does not ask for more. The largest of an order has 20."""
MOST_DIGITS = 400
"""Of one number, as it is written: a float of 1e308 in full has 309."""
LARGEST = 2**63
"""Whole numbers are smaller than this, either side of nought: what SQLite keeps and other languages read."""

_TEXT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKET = re.compile(r"[\[{\]}]")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


class BadJson(Reasoned, ValueError):
    """What came is not JSON that we take; the reason says what is wrong with it, and where."""


def read_json(text: bytes | str, most_bytes: int, most_names: int = MOST_NAMES) -> Any:
    """What `text` holds: UTF-8, or decoded already and then counted in characters.

    Raises BadJson and nothing else, in a time that grows with `most_bytes` and not faster.
    """
    if len(text) > most_bytes:
        raise BadJson("json.too_long", bytes=len(text), most=most_bytes)
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            raise BadJson("text.not_utf8") from None
    if text.count("[") + text.count("{") > DEEPEST:
        _look_into(text)
    if "\\u" in text or _HALF_PAIR.search(text):
        return _whole_pairs(_read(text, most_names))
    return _read(text, most_names)


def read_json_object(text: bytes | str, most_bytes: int, most_names: int = MOST_NAMES) -> dict[str, Any]:
    """As `read_json`, of an object only."""
    value = read_json(text, most_bytes, most_names)
    if not isinstance(value, dict):
        raise BadJson("json.no_object")
    return value


def _read(text: str, most_names: int) -> Any:
    names = 0

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal names
        names += len(pairs)
        if names > most_names:
            raise BadJson("json.too_many_names", most=most_names)
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise BadJson("json.name_twice", name=name[:80])
            found[name] = value
        return found

    try:
        return json.loads(
            text, object_pairs_hook=members, parse_int=_whole, parse_float=_float, parse_constant=_no_number
        )
    except json.JSONDecodeError as wrong:
        raise BadJson("json.none", line=wrong.lineno, column=wrong.colno) from None


def _whole(digits: str) -> int:
    value = int(digits) if len(digits) <= 20 else LARGEST
    if not -LARGEST <= value < LARGEST:
        raise BadJson("json.number", number=digits[:24])
    return value


def _float(digits: str) -> float:
    value = float(digits) if len(digits) <= MOST_DIGITS else float("inf")
    if value - value != 0:
        raise BadJson("json.number", number=digits[:24])
    return value


def _no_number(name: str) -> NoReturn:
    raise BadJson("json.number", number=name)


def _look_into(text: str) -> None:
    """Raises BadJson where more stands within one another than `DEEPEST`."""
    depth = 0
    for bracket in _BRACKET.finditer(_TEXT.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > DEEPEST:
            raise BadJson("json.too_deep", most=DEEPEST)


def _whole_pairs(value: Any) -> Any:
    """The value itself. Raises BadJson where a text in it could not be written as UTF-8."""
    open_parts = [value]
    while open_parts:
        part = open_parts.pop()
        if isinstance(part, dict):
            open_parts += part.keys()
            open_parts += part.values()
        elif isinstance(part, list):
            open_parts += part
        elif isinstance(part, str) and _HALF_PAIR.search(part):
            raise BadJson("json.half_pair")
    return value
