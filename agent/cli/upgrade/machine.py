"""What an upgrade does to the machine: dpkg, systemd, the copy of the state. Each act may be done twice."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path

from agent.cli.backup.aside import numbered
from agent.cli.call import flight_socket
from agent.cli.upgrade.packages import NAME, is_installed, told
from agent.cli.upgrade.places import UNIT, Places
from agent.cli.upgrade.vitals import Look, status_of
from agent.control.client import Connection, NotRunning, RequestFailed
from agent.journal.files import stored_version
from agent.runtime import durable
from agent.supervisor.tree_file import read_tree
from protocols.reason import Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from agent.cli.upgrade.packages import Run
    from agent.cli.upgrade.plan import Plan

    Ask = Callable[[str, str], Any]

SERVICE = "hydronest.service"
ASK_S = 5.0
LOCKED = "lock"
"""In dpkg's complaint when another dpkg or apt is at work."""
CLOSED, AT_REST = "closed", "rest"


def asked(socket: str, what: str) -> Any:
    """One question at one of the agent's sockets. Raises NotRunning, RequestFailed."""
    with Connection(socket, ASK_S) as agent:
        return agent.ask(what)


class Machine:
    """`run` runs a command and `ask` a question: what a test puts others in the place of."""

    def __init__(
        self, places: Places, run: Run = subprocess.run, ask: Ask = asked, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self.places = places
        self.run = run
        self._ask = ask
        self.sleep = sleep

    def tell(self, *command: str) -> tuple[int, str, str]:
        """As `packages.told`."""
        return told(self.run, *command)

    # -- the agent

    def look(self, plan: Plan, at_s: float) -> Look:
        """How it does now."""
        shown = self.tell("systemctl", "show", SERVICE, "-p", "ActiveState", "-p", "NRestarts")[1]
        fields = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
        status = status_of(lambda what: self._ask(plan.socket, what))
        active = fields.get("ActiveState") in ("active", "reloading")
        return Look(at_s, active, int(fields.get("NRestarts") or 0), self.tree(plan.socket), status)

    def tree(self, socket: str) -> dict[str, Any] | None:
        """What the supervisor tells."""
        return read_tree(Path(socket).with_name("tree.json"))

    def aircraft_out(self, socket: str) -> bool:
        """As its supervisor last told; nothing of it is taken away from under it."""
        tree = self.tree(socket)
        return tree is not None and any(one.get("aircraft_out", 0) > 0 for one in tree["children"])

    def unquiet(self, socket: str, *, nests: bool) -> Reason | None:
        """Why the agent may not be stopped now; what cannot be known counts as no."""
        if self.aircraft_out(socket):
            return Reason("upgrade.aircraft_out")
        if not nests:
            return None
        try:
            rows = self._ask(flight_socket(socket), "nest.list")
        except (NotRunning, RequestFailed) as error:
            return Reason("upgrade.nests_unknown", why=error.reason)
        for one in rows:
            if one["cover"] != CLOSED or one["flight"]:
                return Reason("upgrade.nest_open", nest=one["id"])
        return None

    # -- what may not begin meanwhile

    def hold(self) -> None:
        """Nothing of the agent begins, after a power cut too, until `release`. Raises OSError."""
        durable.write_whole(self.places.hold, b"")
        self.tell("systemctl", "daemon-reload")

    def release(self) -> None:
        """Let it begin, and begin it. Raises OSError."""
        self.places.hold.unlink(missing_ok=True)
        if self.places.home.exists():
            durable.sync(self.places.home)
        self.tell("systemctl", "daemon-reload")
        self.tell("systemctl", "start", SERVICE)

    def stop(self) -> None:
        """In order; waits until it has ended."""
        self.tell("systemctl", "stop", SERVICE)

    # -- packages

    def is_installed(self, package: Path) -> bool:
        """Whether it is this very one, whole."""
        return is_installed(self.run, package, self.places.sums)

    def install(self, package: Path) -> str:
        """dpkg's last words where it does not succeed, else nothing; another dpkg at work is waited for."""
        for wait_s in (5.0, 15.0, 30.0, 60.0, 0.0):
            code, _text, why = self.tell("dpkg", "--force-downgrade", "-i", str(package))
            if code == 0 or LOCKED not in why:
                break
            self.sleep(wait_s)
        return "" if code == 0 else why or f"dpkg: {code}"

    # -- what is kept

    def save(self, plan: Plan) -> str:
        """The state into a file of root's, with its secrets; what hinders it, or nothing."""
        named = ("--site", plan.site, "--socket", plan.socket, "--secrets", str(self.places.words))
        code, _text, why = self.tell("hydronest", "backup", "make", str(self.places.save), *named)
        return "" if code == 0 else why or f"hydronest backup: {code}"

    def restore(self, plan: Plan) -> str:
        """Put it back, with the agent stopped; what hinders it, or nothing. What was there stays beside it."""
        self._home_of(Path(plan.state))
        named = ("--site", plan.site, "--socket", plan.socket, "--secrets", str(self.places.words))
        code, _text, why = self.tell("hydronest", "backup", "restore", str(self.places.save), "--yes", *named)
        return "" if code == 0 else why or f"hydronest backup: {code}"

    def migrated(self, plan: Plan) -> bool:
        """Whether the journal is none that the old version can open, or gone."""
        now = stored_version(Path(plan.journal_file))
        return plan.journal is not None and (now is None or now > plan.journal)

    def aside(self, plan: Plan) -> str:
        """Where what the new version kept will lie, once the copy of before is put back."""
        state = Path(plan.state)
        return str(next(path for number in range(1, 1000) if not (path := numbered(state, number)).exists()))

    def _home_of(self, state: Path) -> None:
        """A power cut between the two names of a state directory leaves none: what follows takes its owner from it."""
        if state.exists() or os.geteuid() != 0:
            return
        state.mkdir(mode=0o755, parents=True)
        try:
            who = pwd.getpwnam(NAME)
        except KeyError:
            return
        os.chown(state, who.pw_uid, who.pw_gid)

    # -- whoever watches

    def begin(self) -> None:
        """The unit that watches, from now on at every start of the machine."""
        self.tell("systemctl", "daemon-reload")
        self.tell("systemctl", "enable", UNIT)
        self.tell("systemctl", "start", "--no-block", UNIT)

    def free_bytes(self) -> int:
        """On the file system of what an upgrade keeps. Raises OSError."""
        return shutil.disk_usage(self.places.home).free
