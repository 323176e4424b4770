"""What a decoded Variant says in plain values: dates, texts in a language, one element of an array, one field."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from protocols.opcua.library import ua
from protocols.opcua.status import status_name

Path = tuple[str | int, ...]
"""From a value to what is inside it: a field of a structure by its name, an element of an array by its place from 0."""


def plain(value: Any) -> Any:
    """A number or text where the value is one in other clothes; the value itself where it is not.

    DateTime is ISO 8601 in UTC, and None where it is OPC UA's null; LocalizedText and QualifiedName are their text; an
    enumeration is its number.
    """
    if isinstance(value, datetime):
        return _iso(value)
    if isinstance(value, ua.LocalizedText):
        return value.Text
    if isinstance(value, ua.QualifiedName):
        return value.Name
    if isinstance(value, ua.StatusCode):
        return status_name(value.value)
    if isinstance(value, UUID):
        return str(value)
    return int(value) if isinstance(value, IntEnum) else value


def inside(value: Any, path: Path) -> Any:
    """What lies at the path; None where nothing does."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return None
            value = value[step]
        elif isinstance(value, Mapping):
            value = value.get(step)
        elif dataclasses.is_dataclass(value) and step in value.__dataclass_fields__:  # a structure asyncua knows
            value = getattr(value, step)
        else:
            return None
    return value


def _iso(value: datetime) -> str | None:
    when = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if when.year <= 1601 or when.year == 9999:  # Part 6, 5.2.2.5: the least and the greatest mean no date
        return None
    return when.isoformat(timespec="milliseconds" if when.microsecond else "seconds").replace("+00:00", "Z")
