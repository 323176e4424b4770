"""Who may look at the pages: what core keeps of each link it was asked for, and the pages' process looks at.

A link's token is made by whoever asks for it and shown once: here is its digest alone, with until when it counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import orjson

from agent.runtime.envelope import enclosed, opened
from agent.runtime.kernel_boot import kernel_boot_id
from protocols.clock import boottime_ns
from protocols.foreign_json import BadJson

FOLDER, FILE = "web", "passes.json"
"""Below the state directory."""
MOST = 100
LONGEST_S = 366 * 86_400.0
LONGEST_NAME = 60
LONGEST_BYTES = 262_144
TOKEN_BYTES = 32
"""Random ones, as many as a digest has: nobody guesses a token or finds one of the same digest."""
KIND = "web-passes"


class Moment(NamedTuple):
    """Now: by the clock of this very boot, in seconds since it, and in seconds of UTC, which may be wrong."""

    boot: str
    since_boot_s: float
    utc_s: float


class Pass(NamedTuple):
    """One link and who has it: its token's digest; `made_s`, `until_s` of UTC; `boot_until_s` counts within `boot`."""

    id: str
    digest: str
    person: str
    right: str
    made_s: float
    until_s: float
    boot: str
    boot_until_s: float

    def left_s(self, now: Moment) -> float:
        """How long it counts on, in seconds; 0 where it does no more.

        By the clock that nobody sets, as long as the machine runs on; else by the date, and a date before it was made
        is none.
        """
        if now.boot == self.boot:
            return max(0.0, self.boot_until_s - now.since_boot_s)
        return max(0.0, self.until_s - now.utc_s) if now.utc_s >= self.made_s else 0.0


def moment() -> Moment:
    """Now, on this machine."""
    return Moment(kernel_boot_id(), boottime_ns() / 1e9, time.time())


def digest_of(token: str) -> str:
    """What is kept of a token: 64 hexadecimal digits."""
    return sha256(b"hydronest web pass v1\n" + token.encode("utf-8", "replace")).hexdigest()


def passes_file(state_dir: Path) -> Path:
    """Where they lie."""
    return state_dir / FOLDER / FILE


def written(passes: Iterable[Pass]) -> bytes:
    """As they are kept."""
    return enclosed(KIND, orjson.dumps({"passes": [one._asdict() for one in passes]})) + b"\n"


def read(path: Path) -> list[Pass]:
    """Those that are kept; none where there is no file. Raises OSError, and BadJson where the file is spoilt."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    told = opened(raw, KIND, LONGEST_BYTES).get("passes")
    try:
        return [_pass(**one) for one in told]  # type: ignore[union-attr]  # what is none raises
    except TypeError:
        raise BadJson("state.spoilt") from None


def _pass(**of: object) -> Pass:
    """TypeError for what is none."""
    found = Pass(**of)  # type: ignore[arg-type]  # looked at below
    texts = (found.id, found.digest, found.person, found.right, found.boot)
    numbers = (found.made_s, found.until_s, found.boot_until_s)
    if not all(isinstance(one, str) for one in texts) or not all(isinstance(one, float | int) for one in numbers):
        raise TypeError
    return found
