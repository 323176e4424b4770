"""Which files belong into a backup, and that only one is being made."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.cli import exits, show
from agent.cli.backup.sealed import LONGEST_BYTES
from agent.cli.backup.writing import is_secret, kept_in
from agent.cli.trouble import Trouble
from agent.cli.words import _
from agent.settings.settings import Settings


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Two at once would take the agent's copy of the journal from each other. Raises Trouble, OSError."""
    if not state.is_dir():  # nothing was kept yet: the settings alone
        yield
        return
    folder = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Trouble(exits.TRY_AGAIN, _("another backup of this gateway is being made")) from None
    finally:
        os.close(folder)


def settings_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The site file, and what is TOML beside and below it."""
    home, state = settings.path.parent, settings.site.gateway.state_dir
    for path in sorted({settings.path, *home.rglob("*.toml")}):
        if path.is_file() and not path.is_relative_to(state):
            yield f"settings/{path.relative_to(home)}", path


def state_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """What is kept, but for its secrets and the journal."""
    state, journal = settings.site.gateway.state_dir, settings.journal_path
    for path in kept_in(state):
        if not is_secret(path) and not path.name.startswith(journal.name):
            yield f"state/{path.relative_to(state)}", path


def secrets_of(settings: Settings) -> dict[str, bytes]:
    """Keys of the state directory, and whatever is no TOML beside the site file: passwords, certificates, keys.

    Raises Trouble where that is more than secrets can be, OSError.
    """

    state, home = settings.site.gateway.state_dir, settings.path.parent
    found = {f"state/{path.relative_to(state)}": path for path in kept_in(state) if is_secret(path)}
    beside = (path for path in home.rglob("*") if path.is_file() and path.suffix != ".toml")
    found |= {f"settings/{path.relative_to(home)}": path for path in beside if not path.is_relative_to(state)}
    sizes = sum(path.stat().st_size for path in found.values())
    if sizes > LONGEST_BYTES // 4:
        told = _("beside the site file there are {size} that are no settings: more than secrets can be")
        raise Trouble(exits.BAD_DATA, told.format(size=show.size(sizes)))
    return {name: path.read_bytes() for name, path in found.items()}
