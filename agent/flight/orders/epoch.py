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
from agent.runtime.machine import machine_name
from protocols.foreign_json import BadJson, read_json_object

NAME = "orders-epoch"
BESIDE = "orders-epoch.here"
LONGEST_BYTES = 1000
_log = logging.getLogger("hydronest")


def epoch_of(folder: Path) -> str:
    """The epoch kept here; a new one where it is none that was written here. Blocks. Raises OSError."""
    try:
        kept = read_json_object((folder / BESIDE).read_bytes(), LONGEST_BYTES)
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
    write_whole(folder / BESIDE, json.dumps(_here(folder)).encode())
    return epoch


def _same(kept: dict[str, object], here: dict[str, object]) -> bool:
    """Hardware that says nothing proves nothing, and older files do not name it."""
    machines = {kept.get("machine"), here["machine"]} - {None, ""}
    return len(machines) < 2 and {**kept, "machine": ""} == {**here, "machine": ""}


def _here(folder: Path) -> dict[str, object]:
    """What is kept, and where it lies: in whole seconds, for some file systems keep no more."""
    file = folder / NAME
    found = file.stat()
    return {
        "epoch": file.read_text().strip(),
        "inode": found.st_ino,
        "changed_s": int(found.st_ctime),
        "machine": machine_name(),
    }
