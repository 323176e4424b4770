"""Where an upgrade stands, on the disk before anything is done: whoever begins anew goes on from there."""

from __future__ import annotations

import json
from math import ceil

from agent.runtime import durable
from agent.runtime.envelope import enclosed, opened
from protocols.reason import Reason, from_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, Self

KIND = "upgrade"
LONGEST_BYTES = 1 << 20
STAGES = ("measuring", "saving", "installing", "watching", "going_back", "restoring", "ending")
OUTCOMES = ("kept", "refused", "rolled_back", "stuck")
"""The new version stays; nothing was changed; the old one is back; neither could be brought about."""

STATE_NOT_BACK = "upgrade.no_restore"
"""Why one is stuck whose old package is back, and the state is not."""


class Plan:
    """`tries`: how often this stage was begun. `before`, `after`: vitals as JSON. `journal`: its stored version.

    `round_s`: how long every hydrant's questions take to come round, None where nobody waits for that.
    """

    FIELDS = (
        "stage", "old", "new", "site", "socket", "state", "journal_file", "journal", "migrates", "nests", "round_s",
        "tries", "before", "after", "why", "outcome", "aside",
    )  # fmt: skip

    def __init__(self, **told: Any) -> None:
        self.stage: str = told["stage"]
        self.old: str = told["old"]
        self.new: str = told["new"]
        self.site: str = told["site"]
        self.socket: str = told["socket"]
        self.state: str = told["state"]
        self.journal_file: str = told["journal_file"]
        self.journal: int | None = told["journal"]
        self.migrates: bool = told["migrates"]
        self.nests: bool = told["nests"]
        self.round_s: float | None = told.get("round_s", 0.0)
        self.tries: int = told.get("tries", 0)
        self.before: dict[str, Any] | None = told.get("before")
        self.after: dict[str, Any] | None = told.get("after")
        self.why: list[Reason] = told.get("why", [])
        self.outcome: str = told.get("outcome", "")
        self.aside: str = told.get("aside", "")

    def window_s(self, least_s: float) -> float:
        """The shortest time of whole rounds that is at least `least_s`."""
        return ceil(least_s / self.round_s) * self.round_s if self.round_s else least_s

    def as_json(self) -> dict[str, Any]:
        """As it is written, and as `--json` tells it."""
        return {**{name: getattr(self, name) for name in self.FIELDS}, "why": [one.as_json() for one in self.why]}

    def write(self, path: Path) -> None:
        """On the disk when this returns. Raises OSError."""
        durable.write_whole(path, enclosed(KIND, json.dumps(self.as_json()).encode()))

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """None where there is none, or it is not as it was written. Raises OSError."""
        try:
            told = opened(path.read_bytes(), KIND, LONGEST_BYTES)
            told["why"] = [reason for one in told["why"] if (reason := from_json(one)) is not None]
            return cls(**told)
        except (FileNotFoundError, KeyError, TypeError, ValueError):
            return None
