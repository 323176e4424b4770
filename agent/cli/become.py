"""Becoming another program: nothing in the agent imports the simulators."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def become(module: str, argv: list[str]) -> NoReturn:
    """`python -m MODULE ARGV` in this process's place. Raises OSError where it could not begin."""
    if sys.flags.isolated:  # the packaged launcher names its folders itself; other programs learn of them so
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *argv])  # noqa: S606 - fixed program, no shell
