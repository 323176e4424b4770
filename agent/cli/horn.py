"""When to sound: for each alarm that nobody has seen, and again while one is left. It knows no bell."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

AGAIN_S = 60.0
"""What is not acknowledged is said again after so long; nobody leaves a room for longer and is not told."""

Key = tuple[str, str]
"""The subject, of several of one cause the one that was first, and the kind."""
SILENT: Key = ("", "agent_silent")
"""The agent does not answer: whatever it would tell, nobody hears."""


class Horn:
    """Asked at every look. `again_s` of 0: each is said once."""

    def __init__(self, again_s: float = AGAIN_S) -> None:
        self._again_s = again_s or math.inf
        self._known: set[Key] = set()
        self._due_s = math.inf

    def sounds_for(self, now_s: float, unseen: Iterable[Key]) -> list[Key]:
        """What there is to sound for at this moment of a clock that never jumps; nothing most of the time."""
        there = list(unseen)
        new = [one for one in there if one not in self._known]
        self._known = set(there)
        if not new and now_s < self._due_s:
            return []
        self._due_s = now_s + self._again_s if there else math.inf
        return new or there


def unseen(frame: dict[str, object]) -> list[Key]:
    """What a frame of the agent says that nobody has seen."""
    told = frame.get("unseen")
    return [(str(name), str(kind)) for name, kind in told] if isinstance(told, list) else []
