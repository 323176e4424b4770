"""The settings, read by a process that ends: what checking a site file takes in memory is not kept by what runs on it.

Checking builds some 5 MB of validators, which every child of the agent would inherit for good (docs/performance.md).
"""

import contextlib
import os
import pickle
from pathlib import Path

from agent.settings.settings import Settings
from drivers.profile.mistake import Mistake, SettingsError


def load_apart(path: Path) -> Settings:
    """As `load`. To be called before there are threads. Where no process can be had for it, it is read here."""
    told, tells = os.pipe()
    try:
        reader = os.fork()
    except OSError:
        os.close(told)
        os.close(tells)
        return _load(path)
    if not reader:
        os._exit(_tell(path, told, tells))
    os.close(tells)
    try:
        with os.fdopen(told, "rb") as pipe:
            found = pipe.read()
    finally:
        _, status = os.waitpid(reader, 0)
    if status:
        return _load(path)  # whatever stopped it is met here once more, and told as what it is
    settings: Settings | tuple[Mistake, ...] = pickle.loads(found)  # noqa: S301 - written by this very code a moment ago  # nosec B301
    if isinstance(settings, tuple):
        raise SettingsError(settings)
    return settings


def _load(path: Path) -> Settings:
    from agent.settings.load import load  # what checks is loaded where it checks

    return load(path)


def _tell(path: Path, told: int, tells: int) -> int:
    with contextlib.suppress(BaseException):
        os.close(told)
        found: Settings | tuple[Mistake, ...]
        try:
            found = _load(path)
        except SettingsError as error:
            found = error.mistakes
        with os.fdopen(tells, "wb") as pipe:
            pickle.dump(found, pipe)
        return 0
    return 1
