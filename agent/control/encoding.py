"""Answers as JSON: small ones at once; long lists row by row in slices, and put together in a slice of their own."""

from collections.abc import Iterable, Mapping

import orjson

from agent.runtime.slices import in_slices
from protocols.reason import plain

LARGE = 200
"""Rows from which on putting an answer together is worth a slice."""

_OPTIONS = orjson.OPT_NON_STR_KEYS


class Rows:
    """A list of an answer, each row of it JSON already."""

    __slots__ = ("rows",)

    def __init__(self, rows: Iterable[bytes]) -> None:
        self.rows = list(rows)

    def __len__(self) -> int:
        return len(self.rows)


def encoded(value: object) -> bytes:
    """One value."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS)


def line_of(answer: object) -> bytes:
    """One line of the control socket."""
    return orjson.dumps(answer, default=_plain, option=_OPTIONS | orjson.OPT_APPEND_NEWLINE)


async def rows_of(values: Iterable[object]) -> Rows:
    """A list to be put into an answer. Whatever `values` does to make each is done in slices too."""
    return Rows(await in_slices(map(encoded, values)))


def is_large(value: object) -> bool:
    """Whether encoding this takes its time: a long list, or an object that has one."""
    parts = value.values() if isinstance(value, Mapping) else (value,)
    return any(isinstance(part, Rows) and len(part) >= LARGE for part in parts)


def _plain(value: object) -> object:
    return orjson.Fragment(b"[" + b",".join(value.rows) + b"]") if isinstance(value, Rows) else plain(value)
