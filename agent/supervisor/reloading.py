"""A reload as it goes: somebody reads the settings, then whoever is concerned ends and begins anew with others.

Or a trial of one: the same is read and told, and nothing changes.
"""

import logging
import select
from collections.abc import Mapping, MutableMapping
from typing import Any, NamedTuple

from agent.supervisor.fork import fork
from agent.supervisor.life import Life, Spec
from agent.supervisor.renewal import LONGEST_S, Found, Renewal
from protocols.reason import Reason
from protocols.system import os_reason

_log = logging.getLogger("hydronest")


class Asked(NamedTuple):
    """Of a turn: to `take` the settings into use, only to `look` what that would change."""

    take: bool = False
    look: bool = False


class Reloading:
    """`turn` once a turn of the supervisor's; `told` is for tree.json. Never waits, never raises."""

    def __init__(self, renewal: Renewal, lives: MutableMapping[str, Life], poll: select.poll) -> None:
        self._renewal = renewal
        self._lives = lives
        self._poll = poll
        self._reader: Life | None = None
        self._only_looks = False
        self._wanted = Asked()
        self._last: Mapping[str, Any] = {"number": 0}
        self._looked: Mapping[str, Any] = {"number": 0}

    @property
    def told(self) -> dict[str, object]:
        """Which file it is, and what came of the last reload and of the last trial of one."""
        return {"site": self._renewal.site, "reload": dict(self._last), "trial": dict(self._looked)}

    def turn(self, now_s: float, asked: Asked, *, stopping: bool) -> bool:
        """True where `told` changed. While everything stops, nothing is read any more."""
        if not stopping:
            self._wanted = Asked(*(was or now for was, now in zip(self._wanted, asked, strict=True)))
        changed = self._reader is not None and self._look(self._reader, now_s, stopping=stopping)
        if any(self._wanted) and self._reader is None and not stopping:
            # a trial first, by itself: against settings that were just taken it would find nothing
            self._only_looks = self._wanted.look
            self._wanted = Asked(take=self._wanted.take and self._wanted.look)
            changed |= self._begin(now_s)
        return changed

    def _begin(self, now_s: float) -> bool:
        try:
            spec, memory = self._renewal.spec()
            life = Life(spec)
            life.begun(*fork(spec, {}, keep=(memory,)), now_s)
        except OSError as error:
            self._tell(Found(None, refused=(os_reason(error),)), frozenset())
            return True
        self._poll.register(life.pidfd, select.POLLIN)
        self._reader = life
        return False

    def _look(self, reader: Life, now_s: float, *, stopping: bool) -> bool:
        pidfd = reader.pidfd
        ended = reader.wait()
        if ended is None:
            if (stopping or now_s - reader.born_s > LONGEST_S) and not reader.killed_s:
                reader.killed_s = now_s
                reader.kill()
            return False
        self._poll.unregister(pidfd)
        self._reader = None
        if not stopping:
            self._take(self._renewal.taken(ended.code), now_s)
        return True

    def _take(self, found: Found, now_s: float) -> None:
        flight = self._lives.get("flight")
        if found.settings is not None and "flight" in found.concerned and flight is not None and flight.aircraft_out:
            found = Found(None, refused=(Reason("reload.aircraft_out"),))
        if found.settings is None:
            self._tell(found, frozenset())
        elif self._only_looks:
            self._tell(found, found.concerned & {spec.name for spec in self._renewal.made(found.settings)})
        else:
            self._change({spec.name: spec for spec in self._renewal.take(found.settings)}, found.concerned, now_s)
            self._tell(found, found.concerned & self._lives.keys())

    def _change(self, specs: Mapping[str, Spec], concerned: frozenset[str], now_s: float) -> None:
        """Whoever is not concerned has the new settings too, should it begin anew some day: to it they say the same."""
        for name, life in list(self._lives.items()):
            if name not in specs:
                life.leaves = True
                life.change(now_s)
                if not life.alive:
                    del self._lives[name]
            else:
                life.spec, life.leaves = specs[name], False
                if name in concerned:
                    life.change(now_s)
        for name, spec in specs.items():
            if name not in self._lives:
                self._lives[name] = Life(spec)

    def _tell(self, found: Found, begun: frozenset[str]) -> None:
        if self._only_looks:
            self._looked = _as_told(found, begun, self._looked)
            return
        self._last = _as_told(found, begun, self._last)
        if found.settings is None:
            for why in found.refused:
                _log.error("the settings stay as they were: %s", why)
        else:
            for what in found.changes:
                _log.info("settings: %s", what)


def _as_told(found: Found, begun: frozenset[str], before: Mapping[str, Any]) -> Mapping[str, Any]:
    good = "done" if found.changes else "nothing"
    return {
        "number": before["number"] + 1,
        "outcome": "refused" if found.settings is None else good,
        "refused": [one.as_json() for one in found.refused],
        "changes": [one.as_json() for one in found.changes],
        "begun": sorted(begun),
    }
