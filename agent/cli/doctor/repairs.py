"""What `doctor --fix` does: commands of the system's own that take nothing away, shown word for word beforehand.

Left to people is whatever could harm what works or what somebody meant: wires and other people's machines, a card that
begins to fail, rights of persons, an agent that hangs while an aircraft may be out, an uplink that somebody paused.
"""

import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from agent.cli import terminal
from agent.cli.doctor.finding import Finding
from agent.cli.reasons import in_words
from agent.cli.words import _
from protocols.system import os_reason

LONGEST_S = 120.0
"""An apt or dpkg that waits for another one is no repair."""
UNIT = "hydronest"
HOME = Path("/var/lib/hydronest")
SHALLOWEST = 3
"""Parts of a folder's path, the root counted, below which nothing is given to another owner."""


class Repair(NamedTuple):
    """What is wrong, and the command that mends it."""

    finding: Finding
    command: tuple[str, ...]


Run = Callable[..., subprocess.CompletedProcess[str]]


def repairs(findings: Iterable[Finding], *, own_unit: bool, aircraft_out: bool) -> list[Repair]:
    """Those of the findings that have one, in the order in which they help each other.

    `own_unit`: the site is the one that the installed service runs; another is none of systemd's.
    """
    found = list(findings)
    unfit = any(one.part == "settings" and one.state == "fault" for one in found)
    services = own_unit and not unfit
    made: list[Repair] = []
    for one in found:
        code = one.why.code if one.why is not None else ""
        command = _command(code, one)
        if code in ("doctor.agent_stopped", "doctor.old_version") and (not services or aircraft_out):
            continue
        if command and command not in [repair.command for repair in made]:
            made.append(Repair(one, command))
    return sorted(made, key=lambda repair: ORDER.index(repair.finding.why.code if repair.finding.why else ""))


ORDER = (
    "doctor.half_installed",
    "doctor.state_of_another",
    "doctor.card_full",
    "doctor.card_nearly_full",
    "doctor.no_time_keeper",
    "doctor.zone",
    "doctor.agent_stopped",
    "doctor.old_version",
)
"""The package before what it brings, the state before whoever starts on it."""


def _command(code: str, one: Finding) -> tuple[str, ...]:
    facts = {} if one.why is None else one.why.facts
    match code:
        case "doctor.half_installed":
            return ("dpkg", "--configure", UNIT)
        case "doctor.state_of_another":
            folder = Path(str(facts["folder"]))
            return ("chown", "-R", "-h", f"{UNIT}:{UNIT}", str(folder)) if _is_ours(folder) else ()
        case "doctor.card_full" | "doctor.card_nearly_full":
            return ("apt-get", "clean")
        case "doctor.no_time_keeper":
            return ("timedatectl", "set-ntp", "true")
        case "doctor.zone":
            return ("timedatectl", "set-timezone", str(facts["gateway"]))
        case "doctor.agent_stopped":
            return ("systemctl", "start", UNIT)
        case "doctor.old_version":
            return ("systemctl", "restart", UNIT)
    return ()


def _is_ours(folder: Path) -> bool:
    """The state's folder and nothing wider: what a settings file calls so may be the root of the machine."""
    real = folder.resolve()
    return real == HOME or (len(real.parts) >= SHALLOWEST and (real / "journal.db").is_file())


def done(repair: Repair, run: Run = subprocess.run) -> str:
    """Do it; empty, or a sentence why not. Never raises for what the command meets."""
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        ended = run(
            repair.command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=LONGEST_S, env=environment, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return _("after {s:.0f} s it had not ended").format(s=LONGEST_S)
    except OSError as error:
        return in_words(os_reason(error))
    if ended.returncode == 0:
        return ""
    said = next((line.strip() for line in reversed(ended.stderr.splitlines()) if line.strip()), "")
    told = _("it ended with {code}").format(code=ended.returncode)
    return f"{told}: {terminal.clean(said[:200])}" if said else told
