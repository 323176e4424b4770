"""What somebody did or was refused: for whoever keeps a record of it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from protocols.reason import Reason


class Act(NamedTuple):
    """`by` is `uid N` at a socket, a person by his key, or empty; `outcome` is `done` or the code of what went wrong.

    `changed` holds what was before and is after, as `was` and `becomes`, where that is known.
    """

    what: str
    by: str
    args: Mapping[str, Any]
    outcome: str = "done"
    reason: Reason | None = None
    changed: Mapping[str, Any] = {}
    pid: int = 0
