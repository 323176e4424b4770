"""Asks every part at once and is back within ten seconds, whoever hangs: who did not answer is told by name."""

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from agent.cli.doctor import agent_side, box, nests, ports, reach, time_of_day, wires
from agent.cli.doctor.answers import Answers, asked
from agent.cli.doctor.finding import Finding, doubt, fault, told
from agent.cli.globals import DEFAULT_SOCKET
from agent.cli.parts import parts_of
from agent.control.client import Connection
from agent.settings.lines import SerialLine
from agent.settings.load import check
from agent.settings.settings import Settings
from drivers.profile.mistake import Mistake
from protocols.reason import Fact, Reason, from_json

SETTINGS_S = 3.0
FIRST_S = 6.0
"""Until the machine and the agent are looked at."""
ALL_S = 9.5
"""Until all is, far ends included."""
ASK_S = 3.0
SOON_DAYS = 30.0
MOST_MISTAKES = 5


class Examination(NamedTuple):
    """Everything that was looked at, before anything is made of it. None: it did not answer in time."""

    site_file: Path
    settings: Settings | None
    mistakes: tuple[Mistake, ...] | None
    machine: box.Box | None
    clock: time_of_day.TimeOfDay | None
    answers: Answers | None
    ways: tuple[reach.Reached | reach.Goal, ...] = ()
    wired: tuple[ports.Port, ...] = ()
    expiries: tuple[reach.Expiry, ...] = ()


def look(site_file: Path, socket: str | None, root: Path = Path("/")) -> Examination:
    """Look at everything; `socket` None is the one the settings name."""
    began_s = time.monotonic()
    found: dict[str, Any] = {}
    _together({"settings": lambda: check(site_file)}, found, began_s + SETTINGS_S)
    settings, mistakes = found.get("settings", (None, None))
    path = socket or (DEFAULT_SOCKET if settings is None else str(settings.socket_path))
    folder = settings.site.gateway.state_dir if settings is not None else None
    first: dict[str, Callable[[], Any]] = {
        "box": lambda: box.look(folder, root),
        "clock": lambda: time_of_day.look(root),
        "answers": lambda: _answers(path, site_file, root),
    }
    _together(first, found, began_s + FIRST_S)
    answers: Answers | None = found.get("answers")
    told = None if mistakes is None else tuple(mistakes)
    seen = Examination(site_file, settings, told, found.get("box"), found.get("clock"), answers)
    if settings is None:
        return seen
    works = _working(answers)
    goals = {(goal.part, goal.subject): goal for goal in reach.goals(settings)}
    wanted = {key: goal for key, goal in goals.items() if key not in works}
    reached: dict[str, Any] = {}
    serial = [one for one in settings.site.lines if isinstance(one, SerialLine) and ("line", one.id) not in works]
    second: dict[str, Callable[[], Any]] = {f"{a} {b}": _way(goal) for (a, b), goal in wanted.items()}
    ours = frozenset(part["pid"] for part in (answers.parts if answers is not None else ()))
    second["ports"] = lambda: ports.look(serial, root, ours)
    second["expiries"] = lambda: reach.expiries(settings, datetime.now(UTC))
    _together(second, reached, began_s + ALL_S)
    ways = tuple(reached.get(f"{a} {b}", goal) for (a, b), goal in wanted.items())
    return seen._replace(ways=ways, wired=tuple(reached.get("ports", ())), expiries=tuple(reached.get("expiries", ())))


def judged(seen: Examination, now: datetime) -> list[Finding]:
    """What is to be said of everything, part by part. Pure."""
    settings, answers = seen.settings, seen.answers
    gateway = None if settings is None else settings.site.gateway
    found = told("settings", "", _of_the_settings(seen))
    if seen.machine is None:
        found.append(_late("card"))
    else:
        found += box.judged(seen.machine, None if gateway is None else gateway.timezone, now)
    if seen.clock is None:
        found.append(_late("clock"))
    else:
        said = None if answers is None or answers.clock is None else from_json(answers.clock["doubt"])
        own = gateway is not None and gateway.clock == "system"
        found += time_of_day.judged(
            seen.clock._replace(doubt=said), own_clock=own, flies=settings is not None and bool(settings.site.nests)
        )
    if answers is None:
        return [*found, _late("agent"), *_of_far_ends(seen)]
    found += agent_side.judged(answers)
    if answers.status is None:
        return [*found, *_of_far_ends(seen), *_of_certificates(seen)]
    reached = {(one.goal.part, one.goal.subject): one for one in seen.ways if isinstance(one, reach.Reached)}
    by_port = ports.judged(seen.wired)
    echoing = frozenset(
        one.id for one in (settings.site.lines if settings else ()) if isinstance(one, SerialLine) and one.echo
    )
    of_lines = {name: way for (part, name), way in reached.items() if part == "line"}
    of_wires = wires.judged(answers, of_lines, echoing)
    found += [one for one in of_wires if one.subject not in by_port or one.part != "line"]
    found += [one for several in by_port.values() for one in several]
    of_uplinks = {name: way for (part, name), way in reached.items() if part == "uplink"}
    found += agent_side.uplinks_judged(answers.uplinks or [], of_uplinks)
    trusted = bool(answers.clock and answers.clock["trusted"])
    found += nests.judged(answers, now.date() if trusted else None)
    return [*found, *_of_certificates(seen)]


def _of_the_settings(seen: Examination) -> list[Finding]:
    if seen.mistakes is None:
        return [_late("settings")]
    if not seen.mistakes and seen.settings is not None:
        return []
    if not os.path.lexists(seen.site_file):
        why = Reason("doctor.no_site_file", file=str(seen.site_file))
        return [fault("settings", "", why, Reason("doctor.do_write_site_file"))]
    found = [
        Finding("settings", "", "doubt" if one.doubtful else "fault", one.placed, one.remedy)
        for one in seen.mistakes[:MOST_MISTAKES]
    ]
    if more := len(seen.mistakes) - len(found):
        found.append(doubt("settings", "", Reason("doctor.more_mistakes", more=more), Reason("doctor.do_check")))
    return found


def _of_far_ends(seen: Examination) -> list[Finding]:
    """While the agent says nothing: what can be seen of its ports and far ends without it."""
    found = []
    for way in seen.ways:
        if isinstance(way, reach.Goal):
            found.append(_late(way.part, way.subject))
        else:
            found += told(way.goal.part, way.goal.subject, agent_side.reach_judged(way))
    return [*found, *(one for several in ports.judged(seen.wired).values() for one in several)]


def _of_certificates(seen: Examination) -> list[Finding]:
    found = []
    for one in seen.expiries:
        facts: dict[str, Fact] = {"file": one.file, "days": one.days}
        if one.trouble is not None:
            found.append(fault("certificate", one.subject, one.trouble, Reason("doctor.do_our_certificate")))
        elif one.days < 0:
            why = Reason("doctor.certificate_over", **facts)
            found.append(fault("certificate", one.subject, why, Reason("doctor.do_our_certificate")))
        elif one.days < SOON_DAYS:
            why = Reason("doctor.certificate_ends", **facts)
            found.append(doubt("certificate", one.subject, why, Reason("doctor.do_our_certificate")))
        else:
            found += told("certificate", one.subject, [])
    return found


def _late(part: str, subject: str = "") -> Finding:
    return fault(part, subject, Reason("doctor.no_answer_in_time"), Reason("doctor.do_hangs"))


def _working(answers: Answers | None) -> set[tuple[str, str]]:
    """What the agent is connected to: that is left alone."""
    if answers is None or answers.status is None:
        return set()
    lines = {("line", line["id"]) for line in answers.status["lines"] if line["up"] is not False}
    return lines | {("uplink", row["id"]) for row in answers.uplinks or () if row["state"] == agent_side.WORKS}


def _answers(path: str, site_file: Path, root: Path) -> Answers:
    def core(name: str, **arguments: Any) -> Any:
        with Connection(path, ASK_S) as agent:
            return agent.ask(name, **arguments)

    def flight(name: str, **arguments: Any) -> Any:
        with Connection(str(Path(path).with_name("flight.sock")), ASK_S) as agent:
            return agent.ask(name, **arguments)

    return asked(core, flight, parts_of(path), _agents(site_file, root))


def _agents(site_file: Path, root: Path) -> int:
    """How many supervisors run this site here; their children have the same command line."""
    parents: dict[str, str] = {}
    for path in root.glob("proc/[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
            if b"run" in words and os.fsencode(site_file) in words:
                stat = path.with_name("stat").read_text("utf-8", "replace")
                parents[path.parent.name] = stat.rpartition(")")[2].split()[1]
        except OSError:
            continue
    return sum(parent not in parents for parent in parents.values())


def _way(goal: reach.Goal) -> Callable[[], reach.Reached]:
    return lambda: reach.reached(goal)


def _together(work: dict[str, Callable[[], Any]], found: dict[str, Any], until_s: float) -> None:
    """Each in a thread of its own that nobody waits for longer than this: a card or a resolver may hang for ever."""

    def one(name: str, look_at: Callable[[], Any]) -> None:
        found[name] = look_at()

    threads = [threading.Thread(target=one, args=item, daemon=True) for item in work.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until_s - time.monotonic()))
