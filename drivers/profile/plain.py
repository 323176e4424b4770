"""Settings as plain values. pydantic's own way builds validators for it: 1.5 MB in each process that asks."""

from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel


def plain(model: BaseModel) -> dict[str, Any]:
    """What JSON shows of a model: its fields by name, dates and paths as text."""
    return {name: _plain(value) for name, value in model}


def _plain(value: object) -> Any:
    match value:
        case BaseModel():
            return plain(value)
        case Enum():
            return value.value
        case date():
            return value.isoformat()
        case Path():
            return str(value)
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case tuple() | list():
            return [_plain(one) for one in value]
        case _:
            return value
