"""Where an upgrade keeps what it needs: root's own folder, which neither the agent nor the package owns."""

from __future__ import annotations

import fcntl
import shutil
from contextlib import contextmanager
from pathlib import Path

from agent.cli.upgrade.signature import NotProven
from agent.runtime import durable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

UNIT: Final = "hydronest-upgrade.service"
ROOMS: Final = ("agent", "drivers", "protocols")
"""What the watch needs of this version, once dpkg has put another one in its place; none of it needs a library."""
LAUNCHER = """\
#!{python} -IS
import sys

sys.path[:0] = [{code!r}]

from {module} import main

sys.exit(main())
"""
KEEPER = """\
[Unit]
Description=hydronest: an upgrade that is being watched
# Goes on after a power cut; without a plan it lets go of what an earlier one held.
ConditionPathExists=|{plan}
ConditionPathExists=|{hold}
RequiresMountsFor={home}
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={keep}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
"""
DROP_IN = """\
# While files of two versions may lie beside each other nothing of them begins.
[Unit]
ConditionPathExists=!{hold}
"""


class Places:
    """Everything below `root`, which is `/` but for a test."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root
        self.home = root / "var/lib/hydronest-upgrade"
        self.plan = self.home / "plan.json"
        self.outcome = self.home / "outcome.json"
        self.hold = self.home / "unsettled"
        self.old = self.home / "old.deb"
        self.new = self.home / "new.deb"
        self.lock = self.home / "lock"
        self.save = self.home / "before.tar.gz"
        self.words = self.home / "words"
        self.code = self.home / "code"
        self.command = self.home / "hydronest"
        self.keep = self.home / "keep"
        self.key = root / "etc/hydronest/release.pem"
        self.unit = root / "etc/systemd/system" / UNIT
        self.drop_in = root / "etc/systemd/system/hydronest.service.d/upgrade.conf"
        self.sums = root / "var/lib/dpkg/info/hydronest.md5sums"
        self.systemd = root / "run/systemd/system"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One at a time proves and lays out: two would write the same files. Raises NotProven, OSError."""
        self.home.mkdir(mode=0o755, parents=True, exist_ok=True)
        with self.lock.open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NotProven("upgrade.at_work") from None
            yield

    def lay_out(self, python: str, rooms: Path) -> None:
        """The code that watches, a copy of what lies in `rooms`, and the units that begin it. Raises OSError."""
        shutil.rmtree(self.code, ignore_errors=True)
        for room in ROOMS:
            shutil.copytree(rooms / room, self.code / room)
        for path, module in ((self.command, "agent.cli.main"), (self.keep, "agent.cli.upgrade.keeper")):
            path.write_text(LAUNCHER.format(python=python, code=str(self.code), module=module), "utf-8")
            path.chmod(0o700)
        for path, text in ((self.drop_in, DROP_IN), (self.unit, KEEPER)):
            told = text.format(plan=self.plan, hold=self.hold, home=self.home, keep=self.keep)
            durable.write_whole(path, told.encode())

    def clear(self, *, with_save: bool, with_new: bool) -> None:
        """Away with the plan and the units; with the new package and the copy of the state but `with` them.

        What a power cut after the plan leaves does nothing, and the next upgrade writes it anew. Raises OSError.
        """
        new, save = () if with_new else (self.new,), () if with_save else (self.save, self.words)
        for path in (*new, *save, self.plan, self.drop_in, self.unit):
            path.unlink(missing_ok=True)
