"""The settings read anew while everything runs: a child of its own reads and checks them and leaves what it found.

The supervisor parses nothing: what the child leaves in memory they share is a pickle that this very program wrote.
"""

import logging
import os
import pickle
from collections.abc import Callable, Sequence
from typing import NamedTuple

from agent.runtime.child import Child
from agent.settings.settings import Settings
from agent.supervisor.concerns import changes, concerned, needs_restart
from agent.supervisor.life import Spec
from drivers.profile.mistake import SettingsError
from protocols.reason import Reason

LONGEST_S = 60.0
"""A site file of any size is read in this time, from a slow card too."""

_log = logging.getLogger("hydronest")


class Found(NamedTuple):
    """What a look at the site file gave. `settings` None: nothing is to change, and `refused` says why not."""

    settings: Settings | None
    changes: tuple[Reason, ...] = ()
    concerned: frozenset[str] = frozenset()
    refused: tuple[Reason, ...] = ()


class Renewal:
    """`make` gives the children of settings, as at the start."""

    def __init__(self, settings: Settings, make: Callable[[Settings], Sequence[Spec]]) -> None:
        self._settings = settings
        self._make = make
        self._memory = -1

    @property
    def site(self) -> str:
        """The file that is read."""
        return str(self._settings.path)

    def spec(self) -> tuple[Spec, int]:
        """Whoever reads it, and the descriptor he leaves it behind. Raises OSError."""
        self._forget()
        self._memory = os.memfd_create("settings", os.MFD_CLOEXEC)
        return Spec("settings", self._read), self._memory

    def _read(self, _child: Child) -> None:
        with os.fdopen(self._memory, "wb") as left:
            left.write(pickle.dumps(found(self._settings)))

    def taken(self, code: int) -> Found:
        """What he left. `code` is his exit status."""
        try:
            if code == 0:
                size = os.fstat(self._memory).st_size
                told = pickle.loads(os.pread(self._memory, size, 0))  # noqa: S301 - our own child's, by no other way  # nosec B301
                if isinstance(told, Found):
                    return told
        except (OSError, ValueError, EOFError, pickle.PickleError) as error:
            _log.error("what was read of the settings is lost: %s", error)
        finally:
            self._forget()
        return Found(None, refused=(Reason("process.exited", status=code),))

    def take(self, settings: Settings) -> Sequence[Spec]:
        """These are the settings from now on; their children."""
        self._settings = settings
        return self.made(settings)

    def made(self, settings: Settings) -> Sequence[Spec]:
        """The children that a site of these settings has."""
        return self._make(settings)

    def _forget(self) -> None:
        if self._memory >= 0:
            os.close(self._memory)
            self._memory = -1


def found(old: Settings) -> Found:
    """Read the file `old` came from and hold both against each other."""
    from agent.settings.load import load  # what checks is loaded where it checks, not where everybody inherits it

    try:
        new = load(old.path)
    except SettingsError as error:
        return Found(None, refused=tuple(mistake.placed for mistake in error.mistakes if not mistake.doubtful))
    if (why := needs_restart(old, new)) is not None:
        return Found(None, refused=(why,))
    return Found(new, tuple(changes(old, new)), concerned(old, new))
