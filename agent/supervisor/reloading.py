"""A reload as it goes: somebody reads the settings, then whoever is concerned ends and begins anew with others."""

import logging
import select
from collections.abc import Mapping, MutableMapping
from typing import Any

from agent.supervisor.fork import fork
from agent.supervisor.life import Life, Spec
from agent.supervisor.renewal import LONGEST_S, Found, Renewal
from protocols.reason import Reason
from protocols.system import os_reason

_log = logging.getLogger("hydronest")


class Reloading:
    """`turn` once a turn of the supervisor's; `told` is for tree.json. Never waits, never raises."""

    def __init__(self, renewal: Renewal, lives: MutableMapping[str, Life], poll: select.poll) -> None:
        self._renewal = renewal
        self._lives = lives
        self._poll = poll
        self._reader: Life | None = None
        self._again = False
        self._last: Mapping[str, Any] = {"number": 0}

    @property
    def told(self) -> dict[str, object]:
        """Which file it is, and what came of the last reload."""
        return {"site": self._renewal.site, "reload": dict(self._last)}

    def turn(self, now_s: float, *, asked: bool, stopping: bool) -> bool:
        """True where `told` changed. While everything stops, nothing is read any more."""
        self._again |= asked and not stopping
        changed = self._reader is not None and self._look(self._reader, now_s, stopping=stopping)
        if self._again and self._reader is None and not stopping:
            self._again = False
            changed |= self._begin(now_s)
        return changed

    def _begin(self, now_s: float) -> bool:
        try:
            spec, memory = self._renewal.spec()
            life = Life(spec)
            life.begun(*fork(spec, {}, keep=(memory,)), now_s)
        except OSError as error:
            self._tell(Found(None, refused=(os_reason(error),)))
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
        if found.settings is not None:
            self._change({spec.name: spec for spec in self._renewal.take(found.settings)}, found.concerned, now_s)
        self._tell(found)

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

    def _tell(self, found: Found) -> None:
        if found.settings is None:
            outcome = "refused"
            for why in found.refused:
                _log.error("the settings stay as they were: %s", why)
        else:
            outcome = "done" if found.changes else "nothing"
            for what in found.changes:
                _log.info("settings: %s", what)
        begun = sorted(found.concerned & self._lives.keys()) if found.settings is not None else []
        self._last = {
            "number": self._last["number"] + 1,
            "outcome": outcome,
            "refused": [one.as_json() for one in found.refused],
            "changes": [one.as_json() for one in found.changes],
            "begun": begun,
        }
