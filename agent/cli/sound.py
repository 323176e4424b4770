"""`hydronest alarm sound`: the terminal's bell, or a program of the brigade's own, for alarms nobody has seen."""

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

RUNS_S = 20.0
"""So long a program may run: a siren that hangs must not cost the next alarm its sound."""
SHOWN = 8


def follow(call: Call) -> int:
    """Until Ctrl-C, or `--count` looks; an agent that is silent is sounded for too."""
    again_s, run = seconds_in(call.args.again), _words(call.args.program)
    if again_s is None:
        raise Trouble(exits.USAGE, _("--again {span}: write 90s or 5m, 0s for once").format(span=call.args.again))
    if not 0.05 <= call.args.interval <= 3600:
        raise Trouble(exits.USAGE, _("--interval: from 0.05 to 3600 seconds"))
    horn, looks = Horn(again_s), 0
    while True:
        looks += 1
        try:
            there = unseen(call.ask("watch", count=1, rows=0, curve=0))
        except Trouble as trouble:
            if looks == 1:
                raise
            there = [SILENT] if trouble.code in (exits.NOT_RUNNING, exits.TRY_AGAIN) else []
        if found := horn.sounds_for(time.monotonic(), there):
            _tell(call, found)
            if not (run and _ran(call, run, found)):
                sys.stdout.write("" if call.json else "\a")
            sys.stdout.flush()
        if looks == call.args.count:
            return exits.OK
        time.sleep(call.args.interval)


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
