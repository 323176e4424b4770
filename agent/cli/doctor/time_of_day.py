"""The clock: what the kernel says of it, and what the agent makes of it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agent.cli.doctor.finding import Finding, doubt, fault, told
from agent.runtime.clock.trust import Witness
from agent.runtime.version import BUILT_MS
from protocols.reason import Reason

KEEPERS = ("chronyd", "systemd-timesyn", "ntpd", "ntpsec", "ptp4l")
"""Programs that keep a clock, as the kernel names them (15 letters)."""


class TimeOfDay(NamedTuple):
    """`error_ms`: how far the clock can be off, None where nobody vouches; `doubt` is the running agent's."""

    wall_ms: int
    error_ms: int | None
    keepers: tuple[str, ...]
    doubt: Reason | None = None
    proven: bool = True
    """Whether the time program is told to believe nobody without a proof, as far as its settings say."""


def look(root: Path = Path("/")) -> TimeOfDay:
    """What can be known without the agent."""
    names = set()
    for path in root.glob("proc/[0-9]*/comm"):
        try:
            names.add(path.read_text("utf-8", "replace").strip())
        except OSError:
            continue
    keepers = tuple(name for name in KEEPERS if name in names)
    proven = not keepers or (keepers[0] == "chronyd" and _proven(root / "etc/chrony"))
    return TimeOfDay(time.time_ns() // 1_000_000, Witness().err_ms(), keepers, proven=proven)


def _proven(folder: Path) -> bool:
    """chronyd takes no source over the network without NTS or a key: each line says so, or `authselectmode` does
    (chrony.conf(5)). A clock that hangs on the gateway itself is none over the network.
    """
    bare, mode, sources = False, "", 0
    for path in sorted((*folder.glob("*.conf"), *folder.glob("conf.d/*.conf"), *folder.glob("sources.d/*.sources"))):
        try:
            lines = path.read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        for words in (line.lower().split() for line in lines):
            if words[:1] == ["authselectmode"]:
                mode = words[-1]
            elif words and words[0] in ("server", "pool", "peer", "refclock"):
                sources += 1
                bare = bare or (words[0] != "refclock" and not {"nts", "key"} & set(words[2:]))
    return bool(sources) and (not bare or mode == "require")


def judged(seen: TimeOfDay, *, own_clock: bool, flies: bool = False) -> list[Finding]:
    """`own_clock`: the settings vouch for it, as it has a battery. `flies`: dated orders launch here."""
    found = [*_of_the_clock(seen, own_clock)]
    if not found and flies and not seen.proven:
        found.append(doubt("clock", "", Reason("doctor.clock_unproven"), Reason("doctor.do_nts")))
    return told("clock", "", found)


def _of_the_clock(seen: TimeOfDay, own_clock: bool) -> Iterator[Finding]:
    if seen.wall_ms < BUILT_MS:
        yield fault("clock", "", Reason("doctor.clock_not_set"), Reason("doctor.do_set_clock"))
    elif seen.doubt is not None:
        yield fault("clock", "", seen.doubt, Reason("doctor.do_clock_show"))
    elif seen.error_ms is None and not own_clock:
        if seen.keepers:
            yield doubt(
                "clock", "", Reason("doctor.clock_unsynchronised", keeper=seen.keepers[0]),
                Reason("doctor.do_time_source"),
            )  # fmt: skip
        else:
            yield fault("clock", "", Reason("doctor.no_time_keeper"), Reason("doctor.do_time_keeper"))
