"""Puts a backup in the place of a state directory: whole, or not at all; what was there before is kept aside."""

from __future__ import annotations

import json
import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path

from agent.cli.backup.aside import numbered
from agent.core.whose_card import RESTORED
from agent.flight.control.checkpoint import Kept, told
from agent.flight.orders.epoch import BESIDE, NAME
from agent.runtime.durable import sync

JOURNAL_FILE = "journal.db"
RELEASE_KEY = "release.pem"
"""By whose signature packages are believed: never the agent's to change."""
AGENT = "hydronest"
"""The user whom the package makes."""


def make_ready(state: Path, made: str) -> None:
    """What was true of the aircraft and of orders then is not now.

    The memory of orders begins a new epoch. Of each nest nothing is known: it launches nothing until somebody on site
    has looked, and looks itself first. The next start tells that it was put back.
    """
    flight = state / "flight"
    for name in (NAME, BESIDE):
        (flight / name).unlink(missing_ok=True)
    for nest in flight.glob("nest-*.json"):
        nest.write_bytes(told(Kept(modes=None, doubted=True)))
    (state / RESTORED).write_text(json.dumps({"made": made}), encoding="utf-8")


class Moves:
    """What was done, to be taken back where the rest cannot be: the journal elsewhere, and then no state directory."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def rename(self, old: Path, new: Path) -> None:
        """Raises OSError."""
        old.rename(new)
        self._undo.append(lambda: new.rename(old))

    def bring(self, old: Path, new: Path) -> None:
        """From another file system, too; taken back it is gone. Raises OSError."""
        self._undo.append(lambda: new.unlink(missing_ok=True))
        shutil.move(old, new)

    def take_back(self) -> None:
        """The last first. Raises OSError."""
        while self._undo:
            self._undo.pop()()


def place_journal(unpacked: Path, ready: Path, state: Path, journal: Path, moves: Moves) -> None:
    """Where the site file wants `journal`: in what will be the state directory, or elsewhere. Raises OSError.

    Elsewhere what was there goes aside with its log, which would be taken for the new one's.
    """
    inside = journal.is_relative_to(state)
    home = ready / journal.parent.relative_to(state) if inside else journal.parent
    home.mkdir(parents=True, exist_ok=True)
    owner = home.stat()
    there = [one for end in ("", "-wal", "-shm") if (one := journal.with_name(journal.name + end)).exists()]
    if there and not inside:
        free = next(n for n in range(1, 1000) if not any(numbered(one, n).exists() for one in there))
        for one in there:
            moves.rename(one, numbered(one, free))
    for path in sorted(unpacked.glob(f"{JOURNAL_FILE}*")) if unpacked.is_dir() else ():
        to = home / (journal.name + path.name.removeprefix(JOURNAL_FILE))
        moves.bring(path, to)
        os.chown(to, owner.st_uid, owner.st_gid)


def for_the_agent(settings: Path) -> None:
    """As the package has them: root writes, the agent's group reads; what is secret is the agent's alone.

    Only where root does it on a machine that has the agent's user. Raises OSError.
    """
    try:
        agent = pwd.getpwnam(AGENT)
    except KeyError:
        return
    if os.geteuid() != 0:
        return
    for path in (*settings.rglob("*"), settings):
        ours = path.is_dir() or path.suffix == ".toml" or path.name == RELEASE_KEY
        os.chown(path, 0 if ours else agent.pw_uid, agent.pw_gid)
        path.chmod(0o750 if path.is_dir() else 0o640 if ours else 0o600)


def let_go(lock: int) -> None:
    """Of what `agent.journal.files.hold` gave."""
    os.close(lock)


def beside(state: Path) -> Path:
    """Where it is unpacked."""
    return state.with_name(f".{state.name}.restoring")


def swap(ready: Path, state: Path, moves: Moves) -> Path | None:
    """Let what is ready be the state directory, for whose it was before; where that lies now. Raises OSError."""
    aside = None
    if state.exists():
        owner = state.stat()
        aside = next(path for number in range(1, 1000) if not (path := numbered(state, number)).exists())
        _each(ready, lambda path: os.chown(path, owner.st_uid, owner.st_gid))
        ready.chmod(owner.st_mode & 0o7777)
    _each(ready, sync)
    if aside is not None:
        moves.rename(state, aside)
    moves.rename(ready, state)
    sync(state.parent)
    return aside


def _each(folder: Path, act: Callable[[Path], object]) -> None:
    for path in (*folder.rglob("*"), folder):
        act(path)
