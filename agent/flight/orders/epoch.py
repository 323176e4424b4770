"""The name of this memory of orders: another one where the memory was lost, or put back from a copy.

A dated order names it. What was signed for an earlier memory is refused by the next, which does not know whether it
was obeyed. A copy that was put back is known by its file being another one than was written here: neither its number
nor the second of its last change can be copied. An image of the whole card is known where it runs in another machine,
and there only.
"""

import json
import logging
import secrets
from pathlib import Path

from agent.runtime.durable import write_whole
from agent.runtime.envelope import enclosed, opened
from agent.runtime.machine import machine_name
from protocols.foreign_json import BadJson

NAME = "orders-epoch"
BESIDE = "orders-epoch.here"
LONGEST_BYTES = 1000
KIND = "epoch"
NOT_ALWAYS_SAID = ("machine", "changed_ns")
"""Some hardware names itself by nothing; some file systems keep whole seconds only, once they are mounted anew."""
_log = logging.getLogger("hydronest")


def epoch_of(folder: Path) -> str:
    """The epoch kept here; a new one where it is none that was written here. Blocks. Raises OSError."""
    try:
        kept = opened((folder / BESIDE).read_bytes(), KIND, LONGEST_BYTES)
        if _same(kept, _here(folder)):
            return str(kept["epoch"])
        _log.warning("the memory of orders in %s was put here from a copy: it begins a new epoch", folder)
    except FileNotFoundError:
        pass
    except (OSError, BadJson) as error:
        _log.error("the epoch of the orders in %s cannot be read: it begins a new one: %s", folder, error)
    return begin(folder, secrets.token_hex(8))


def begin(folder: Path, epoch: str) -> str:
    """Begin this epoch here. Raises OSError."""
    write_whole(folder / NAME, f"{epoch}\n".encode())
    write_whole(folder / BESIDE, enclosed(KIND, json.dumps(_here(folder)).encode()))
    return epoch


def _same(kept: dict[str, object], here: dict[str, object]) -> bool:
    """What is not said proves nothing, and older files do not name it."""
    said = all(len({kept.get(name), here[name]} - {None, "", 0}) < 2 for name in NOT_ALWAYS_SAID)
    return said and all(kept.get(name) == told for name, told in here.items() if name not in NOT_ALWAYS_SAID)


def _here(folder: Path) -> dict[str, object]:
    """What is kept, and where it lies."""
    file = folder / NAME
    found = file.stat()
    return {
        "epoch": file.read_text().strip(),
        "inode": found.st_ino,
        "changed_s": int(found.st_ctime),
        "changed_ns": found.st_ctime_ns % 10**9,
        "machine": machine_name(),
    }
