"""`hydronest alarm sound`: the bell, a program of the brigade's own or a relay, for alarms nobody has seen."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.horn import SILENT, Horn, Key, unseen
from agent.cli.spans import seconds_in
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RUNS_S = 20.0
"""So long a program may run: a siren that hangs must not cost the next alarm its sound."""
SHOWN = 8


def follow(call: Call) -> int:
    """Until Ctrl-C, or `--count` looks; an agent that is silent is sounded for too. What is not said here is as the
    settings have it.
    """
    if not 0.05 <= call.args.interval <= 3600:
        raise Trouble(exits.USAGE, _("--interval: from 0.05 to 3600 seconds"))
    again_s = None if call.args.again is None else seconds_in(call.args.again)
    if call.args.again is not None and again_s is None:
        raise Trouble(exits.USAGE, _("--again {span}: write 90s or 5m, 0s for once").format(span=call.args.again))
    _words(call.args.program)
    told = call.ask("alarm.sound")
    relay = None if told["relay"] is None else _Relay(call, told["relay"])
    horn = Horn(told["again_s"] if again_s is None else again_s)
    try:
        return _looks(call, horn, _words(call.args.program or told["command"]), relay)
    finally:
        if relay is not None:
            relay.set(closed=False)


def _looks(call: Call, horn: Horn, run: list[str], relay: _Relay | None) -> int:
    looks = 0
    while True:
        looks += 1
        try:
            there = unseen(call.ask("watch", count=1, rows=0, curve=0))
        except Trouble as trouble:
            if looks == 1:
                raise
            there = [SILENT] if trouble.code in (exits.NOT_RUNNING, exits.TRY_AGAIN) else []
        if relay is not None:
            relay.set(closed=bool(there))
        if found := horn.sounds_for(time.monotonic(), there):
            _tell(call, found)
            if not (run and _ran(call, run, found)):
                sys.stdout.write("" if call.json else "\a")
            sys.stdout.flush()
        if looks == call.args.count:
            return exits.OK
        time.sleep(call.args.interval)


class _Relay:
    """A coil, written by the agent as a technician's hand would: with his right, checked, read back and on record."""

    def __init__(self, call: Call, told: dict[str, Any]) -> None:
        self._call = call
        self._place = {"line": told["line"], "unit": told["unit"], "table": "coil", "address": told["coil"]}
        self._closed: bool | None = None
        self._said = ""

    def set(self, *, closed: bool) -> None:
        """Write where it stands otherwise, or where nobody knows; tried again at the next look."""
        if closed == self._closed:
            return
        try:
            done = self._call.ask("bus.write", **self._place, values=[int(closed)], single=True)
        except Trouble as trouble:
            self._closed, why = None, str(trouble)
        else:
            self._closed, why = (closed, "") if done["outcome"] == "done" else (None, term(done["outcome"]))
        if why and why != self._said:
            self._call.note(_("the relay was not switched: {why}").format(why=why))
        self._said = why


def _words(program: str) -> list[str]:
    try:
        return shlex.split(program)
    except ValueError:
        told = _("--run {command}: a quote is not closed").format(command=program)
        raise Trouble(exits.USAGE, told) from None


def _tell(call: Call, found: list[Key]) -> None:
    if call.json:
        call.emit({"sounds_for": [{"subject": subject, "kind": kind} for subject, kind in found]})
        return
    print(time.strftime("%H:%M:%S"), _line(found))


def _line(found: list[Key]) -> str:
    shown = [f"{subject} {term(kind)}".strip() for subject, kind in found[:SHOWN]]
    return ", ".join(shown) + (" …" if len(found) > SHOWN else "")


def _ran(call: Call, command: list[str], found: list[Key]) -> bool:
    """Whether the program did its work; what it was run for stands in HYDRONEST_ALARM."""
    told = {**os.environ, "HYDRONEST_ALARM": _line(found)}
    try:
        subprocess.run(command, env=told, timeout=RUNS_S, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        call.note(_("{command} did not run: {why}").format(command=command[0], why=_why(error)))
        return False
    return True


def _why(error: OSError | subprocess.SubprocessError) -> str:
    from agent.cli.reasons import in_words
    from protocols.system import why_failed

    if isinstance(error, subprocess.TimeoutExpired):
        return _("after {s:.0f} s it had not ended").format(s=RUNS_S)
    if isinstance(error, subprocess.CalledProcessError):
        return _("it ended with {code}").format(code=error.returncode)
    return in_words(why_failed(error))
