"""What the agent itself raised and has not cleared, kept over restarts: an alarm must not stand for ever by mistake."""

import contextlib
import json
from pathlib import Path

from drivers.event import Event, EventKind, Transition
from protocols.foreign_json import read_json

LONGEST_BYTES = 4 << 20
REMEMBERED = frozenset({EventKind.LINE_DOWN, EventKind.SELF_FAULT, EventKind.UPLINK_REFUSED, EventKind.CLOCK})
"""The judge and the posts remember theirs; these are the site's own."""


class ActiveAlarms:
    """`left` are (kind, subject) an earlier run raised and never cleared. Written on change, which is rare."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._now: set[tuple[str, str]] = set()
        self.left: frozenset[tuple[EventKind, str]] = frozenset()
        with contextlib.suppress(OSError, ValueError, TypeError):  # what cannot be read stands no longer for us
            kept = read_json(path.read_bytes(), LONGEST_BYTES)
            self._now = {(str(kind), str(subject)) for kind, subject in kept if kind in REMEMBERED}
            self.left = frozenset((EventKind(kind), subject) for kind, subject in self._now)

    @property
    def standing(self) -> frozenset[tuple[EventKind, str]]:
        """(kind, subject) of what stands now."""
        return frozenset((EventKind(kind), subject) for kind, subject in self._now)

    def turned(self, event: Event) -> None:
        """Note one turn. A disk that refuses costs a cleared event after the next restart, nothing else."""
        if event.kind not in REMEMBERED or event.transition is Transition.NOTED:
            return
        key = (event.kind.value, event.subject)
        if (key in self._now) == (event.transition is Transition.RAISED):
            return
        self._now.symmetric_difference_update({key})
        beside = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            beside.write_text(json.dumps(sorted(self._now), ensure_ascii=False), encoding="utf-8")
            beside.replace(self._path)
