"""What outlives the agent: the snapshot `near` reads, and a ledger file per day. Whole files, replaced at once."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from agent.judge.days import UNDATED
from agent.judge.water_record import WaterRecord
from agent.runtime.durable import write_whole
from agent.runtime.envelope import enclosed, opened
from protocols.errors import Reasoned
from protocols.foreign_json import BadJson
from protocols.reason import Reason
from protocols.system import file_reason, why_failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SNAPSHOT = "verdicts.json"
CHANGES = "verdicts.changes"
"""A line for each time that some turned since SNAPSHOT was written: the same, of these alone."""
MEMORY = "judge.json"
WATER_RECORDS = "water_records.json"
LEDGER = "ledger"
VERDICTS, CHANGE, JUDGE, WATER = "verdicts", "change", "judge", "water"
VERSION = 1
LONGEST_BYTES = 64 << 20
"""Ten times what 10,000 hydrants need."""
MOST_NAMES = 4_000_000


class Unreadable(Reasoned):
    """A file is there and is not what it should be; the reason says which and why."""


def read_json(path: Path, kind: str) -> "dict[str, Any] | None":
    """What is in its envelope; None where there is no file. Raises Unreadable."""
    try:
        return opened(path.read_bytes(), kind, LONGEST_BYTES, MOST_NAMES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(file_reason(path, error)) from None
    except BadJson as wrong:
        raise Unreadable("file.not_json", file=str(path), why=wrong.reason) from None


def read_snapshot(directory: Path) -> "dict[str, Any] | None":
    """The newest verdicts as the agent left them; None before the first. Raises Unreadable."""
    snapshot = read_json(directory / SNAPSHOT, VERDICTS)
    if snapshot is None:
        return None
    if snapshot.get("v") != VERSION or not isinstance(snapshot.get("things"), list):
        raise Unreadable("file.other_version", file=str(directory / SNAPSHOT))
    base, path = snapshot.pop("base", None), directory / CHANGES
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # the last has no end: a crash cut it off
        changes = [opened(line, CHANGE, LONGEST_BYTES, MOST_NAMES) for line in lines if line]
        for change in changes:
            if change.pop("base", None) == base:
                _turned(snapshot, change)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise Unreadable(file_reason(path, error)) from None
    except (BadJson, KeyError, TypeError) as wrong:
        raise Unreadable("file.not_json", file=str(path), why=why_failed(wrong)) from None
    return snapshot


def _turned(snapshot: "dict[str, Any]", change: "dict[str, Any]") -> None:
    """Put these things in the place of what they were. KeyError, TypeError where they are none."""
    things = {one["id"]: one for one in snapshot["things"]} | {one["id"]: one for one in change.pop("things")}
    snapshot |= {**change, "things": list(things.values())}


def read_water_records(directory: Path) -> dict[str, WaterRecord]:
    """What each hydrant had shown of its water; empty before the first. Raises Unreadable, and as WaterRecord does."""
    kept = read_json(directory / WATER_RECORDS, WATER)
    if kept is None:
        return {}
    if kept.get("v") != VERSION or not isinstance(kept.get("things"), dict):
        raise Unreadable("file.other_version", file=str(directory / WATER_RECORDS))
    return {asset: WaterRecord.from_json(one) for asset, one in kept["things"].items()}


def ledger_file(directory: Path, day: str) -> Path:
    """Where one day's minutes are kept."""
    return directory / LEDGER / f"{day}.json"


def days_on_disk(directory: Path) -> list[str]:
    """The days whose minutes are kept, by rising date."""
    return sorted(file.stem for file in (directory / LEDGER).glob("*.json"))


def days_ahead(directory: Path, today: str) -> list[str]:
    """Days on disk that have not come yet and hold anything: their minutes are of a clock that ran ahead."""
    later = [day for day in days_on_disk(directory) if day != UNDATED and day > today]
    return [day for day, minutes in read_ledger(directory, later)[0].items() if minutes]


def read_ledger(directory: Path, days: Iterable[str]) -> "tuple[dict[str, Any], list[Reason]]":
    """These days' minutes, where there are any, and a line for every file that could not be read."""
    found: dict[str, Any] = {}
    trouble: list[Reason] = []
    for day in days:
        try:
            kept = read_json(ledger_file(directory, day), LEDGER)
        except Unreadable as error:
            trouble.append(error.reason)
            continue
        if kept is not None:
            found[day] = kept
    return found, trouble


def write_days(directory: Path, days: "Mapping[str, bytes]") -> None:
    """Write these days' minutes. Raises OSError."""
    for day, minutes in days.items():
        write_whole(ledger_file(directory, day), enclosed(LEDGER, minutes) + b"\n")
