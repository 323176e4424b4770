"""What outlives the agent: the snapshot `near` reads, and a ledger file per day. Whole files, replaced at once."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from agent.runtime.durable import write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SNAPSHOT = "verdicts.json"
MEMORY = "judge.json"
LEDGER = "ledger"
VERSION = 1


class Unreadable(Exception):
    """A file is there and is not what it should be; the message says which and why."""


def as_bytes(value: object) -> bytes:
    """Compact JSON with a line end."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_json(path: Path) -> "dict[str, Any] | None":
    """A JSON object; None where there is no file. Raises Unreadable."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise Unreadable(f"{path}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Unreadable(f"{path}: not a JSON object")
    return value


def read_snapshot(directory: Path) -> "dict[str, Any] | None":
    """The newest verdicts as the agent left them; None before the first. Raises Unreadable."""
    snapshot = read_json(directory / SNAPSHOT)
    if snapshot is None:
        return None
    if snapshot.get("v") != VERSION or not isinstance(snapshot.get("things"), list):
        raise Unreadable(f"{directory / SNAPSHOT}: written by another version of hydronest")
    return snapshot


def ledger_file(directory: Path, day: str) -> Path:
    """Where one day's minutes are kept."""
    return directory / LEDGER / f"{day}.json"


def read_ledger(directory: Path, newest: int) -> "tuple[dict[str, Any], list[str]]":
    """The newest days' minutes by day, and a line for every file that could not be read."""
    days: dict[str, Any] = {}
    trouble: list[str] = []
    folder = directory / LEDGER
    files = sorted(folder.glob("*.json"), reverse=True)[:newest] if folder.is_dir() else []
    for file in files:
        try:
            day = read_json(file)
        except Unreadable as error:
            trouble.append(str(error))
            continue
        if day is not None:
            days[file.stem] = day
    return days, trouble


def write_days(directory: Path, days: Mapping[str, object], which: Iterable[str]) -> None:
    """Write these days' minutes. Raises OSError."""
    for day in which:
        if day in days:
            write_whole(ledger_file(directory, day), as_bytes(days[day]))
