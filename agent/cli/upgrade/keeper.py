"""An upgrade from its plan to its outcome. Every stage is on the disk before it begins, and may be begun again.

Runs as a unit of systemd's from a copy of this version's code: neither dpkg nor a power cut ends it for good.
"""

from __future__ import annotations

import json
import sys
import time

from agent.cli.upgrade.compare import worse
from agent.cli.upgrade.machine import Machine
from agent.cli.upgrade.places import UNIT, Places
from agent.cli.upgrade.plan import KIND, Plan
from agent.cli.upgrade.vitals import between
from agent.runtime import durable
from agent.runtime.envelope import enclosed
from protocols.reason import Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cli.upgrade.vitals import Look

BEFORE_S = 60.0
WATCH_S = 300.0
JUDGED_S = 120.0
"""The end of the watch: readings are counted in it, once lines and uplinks have had time to come back. It and the look
before are longer where hydrants are asked more slowly."""
LOOK_S = 5.0
DOWN_S = 60.0
"""A service that was not up for so long in one piece is not waited for any longer."""
AGAIN_S = 30.0
"""Between two attempts to go back."""
FIRST = ("measuring", "saving", "installing")
"""The old version runs, and is asked how it does and whether its nests are at rest."""
TRIES = 3
"""So often a stage may be begun; going back and putting back more often, for there is nothing else."""
MOST_TRIES = 10


class UpgradeRunner:
    """`now_s` only ever goes forward while the machine runs."""

    def __init__(self, machine: Machine, now_s: Callable[[], float] = time.monotonic) -> None:
        self._machine = machine
        self._places = machine.places
        self._now_s = now_s

    def run(self) -> None:
        """Until there is no plan. Raises OSError: systemd begins it anew, and it goes on where it was."""
        plan = Plan.read(self._places.plan)
        if plan is None:  # never begun, or the card bent it
            self._make_whole()
        elif (plan.stage in FIRST and (plan.tries or plan.stage != FIRST[0])) and not self._places.hold.exists():
            self._machine.sleep(WATCH_S - JUDGED_S)  # the machine began anew: what the agent says now is of no use
        while plan is not None and plan.stage != "ending":
            plan.tries += 1
            plan.write(self._places.plan)
            stage = plan.stage
            self._step(plan)
            plan.tries = 0 if plan.stage != stage else plan.tries
            plan.write(self._places.plan)
        if plan is not None:
            told = json.dumps(plan.as_json()).encode()
            durable.write_whole(self._places.outcome, enclosed(KIND, told))
        stuck = plan is not None and plan.outcome == "stuck"
        if stuck:
            self._make_whole()
        self._machine.release()
        self._machine.tell("systemctl", "disable", UNIT)
        self._places.clear(with_save=stuck or plan is None or plan.migrates, with_new=stuck)
        self._machine.tell("systemctl", "daemon-reload")

    def _make_whole(self) -> None:
        """Half a package must not begin: the new one, or else the old, where neither is there as a whole."""
        packages = [one for one in (self._places.new, self._places.old) if one.exists()]
        if self._places.hold.exists() and not any(self._machine.is_installed(one) for one in packages):
            any(not self._machine.install(package) for package in packages)

    def _step(self, plan: Plan) -> None:
        match plan.stage:
            case "measuring":
                self._measuring(plan)
            case "saving":
                self._saving(plan)
            case "installing":
                self._installing(plan)
            case "watching":
                self._watching(plan)
            case "going_back":
                self._going_back(plan)
            case _:
                self._restoring(plan)

    def _measuring(self, plan: Plan) -> None:
        if plan.tries > TRIES:
            return _refuse(plan, Reason("upgrade.interrupted", times=TRIES))
        first = self._look(plan)
        self._machine.sleep(plan.window_s(BEFORE_S))
        plan.before = between(first, self._look(plan), whole_rounds=plan.round_s is not None)
        plan.stage = "saving"
        return None

    def _saving(self, plan: Plan) -> None:
        """While the agent runs; across a migration with it stopped, so that nothing is kept after the copy."""
        if plan.tries > TRIES:
            return _refuse(plan, Reason("upgrade.interrupted", times=TRIES))
        if why := self._unquiet(plan):
            return _refuse(plan, why)
        if plan.migrates:
            self._machine.hold()
            self._machine.stop()
        if trouble := self._machine.save(plan):
            return _refuse(plan, Reason("upgrade.no_save", text=trouble))
        plan.stage = "installing"
        return None

    def _installing(self, plan: Plan) -> None:
        """Where power was cut in the middle of it nothing began since, and dpkg does it again."""
        if plan.tries > TRIES:
            return _back(plan, [Reason("upgrade.interrupted", times=TRIES)])
        if why := self._unquiet(plan):
            return _refuse(plan, why)
        self._machine.hold()
        if trouble := self._machine.install(self._places.new):
            why = Reason("upgrade.dpkg", text=trouble)
            return _refuse(plan, why) if self._machine.is_installed(self._places.old) else _back(plan, [why])
        plan.stage = "watching"
        return None

    def _watching(self, plan: Plan) -> None:
        """Five minutes, begun again after a power cut: what ends the machine again and again is worse, too."""
        if plan.tries > TRIES:
            return _back(plan, [Reason("upgrade.interrupted", times=TRIES)])
        self._machine.release()
        began_s = up_s = self._now_s()
        settle_s = WATCH_S - JUDGED_S
        watch_s = settle_s + plan.window_s(JUDGED_S)
        counted = first = last = self._look(plan)
        while last.at_s - began_s < watch_s:
            self._machine.sleep(LOOK_S)
            last = self._look(plan)
            if last.active and last.starts == counted.starts:
                up_s = last.at_s
            if last.at_s - began_s <= settle_s:
                first = last
            counted = last
            if last.at_s - up_s >= DOWN_S:
                break
        plan.after = between(first, last, whole_rounds=plan.round_s is not None)
        if found := worse(plan.before or {"active": False}, plan.after, plan.round_s or 0.0):
            return _back(plan, found)
        plan.outcome, plan.stage = "kept", "ending"
        return None

    def _going_back(self, plan: Plan) -> None:
        """Once no aircraft is out: until then the new version goes on, however it does."""
        if plan.tries > MOST_TRIES:
            return _stuck(plan, Reason("upgrade.interrupted", times=MOST_TRIES))
        while self._machine.aircraft_out(plan.socket):
            self._machine.sleep(LOOK_S)
        self._machine.hold()
        if trouble := self._machine.install(self._places.old):
            if plan.tries == MOST_TRIES:
                return _stuck(plan, Reason("upgrade.dpkg", text=trouble))
            if self._machine.is_installed(self._places.new):  # refused for an aircraft that left just now
                self._machine.release()
            self._machine.sleep(AGAIN_S)
            return None
        plan.outcome, plan.stage = "rolled_back", "ending"
        if self._machine.migrated(plan):
            plan.aside, plan.stage = self._machine.aside(plan), "restoring"
        return None

    def _restoring(self, plan: Plan) -> None:
        """Whole again where power was cut within it: half of it cannot be told from all of it."""
        if plan.tries > MOST_TRIES:
            return _stuck(plan, Reason("upgrade.interrupted", times=MOST_TRIES))
        if trouble := self._machine.restore(plan):
            if plan.tries == MOST_TRIES:
                return _stuck(plan, Reason("upgrade.no_restore", text=trouble))
            self._machine.sleep(AGAIN_S)
            return None
        plan.stage = "ending"
        return None

    def _unquiet(self, plan: Plan) -> Reason | None:
        """Why not now; where the agent is held already, it was asked before that."""
        return None if self._places.hold.exists() else self._machine.unquiet(plan.socket, nests=plan.nests)

    def _look(self, plan: Plan) -> Look:
        return self._machine.look(plan, self._now_s())


def _refuse(plan: Plan, why: Reason) -> None:
    plan.outcome, plan.why, plan.stage = "refused", [why], "ending"


def _back(plan: Plan, why: list[Reason]) -> None:
    plan.why, plan.stage = why, "going_back"


def _stuck(plan: Plan, why: Reason) -> None:
    plan.outcome, plan.why, plan.stage = "stuck", [*plan.why, why], "ending"


def main() -> int:
    """0 when the upgrade has an outcome."""
    UpgradeRunner(Machine(Places())).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
