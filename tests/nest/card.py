"""A memory card that dies and comes back, under everything the flying part writes."""

import errno
import importlib
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self
from unittest.mock import patch

WRITES = (
    "runtime.buffered_appender.append_line", "logbook.index.append_line", "flight.orders.replay_guard.write_whole",
    "flight.control.checkpoint.write_whole", "flight.logbook.record.write_whole", "flight.logbook.record.on_disk",
)  # fmt: skip


class Card:
    """`with Card() as card:` then set `card.dead`."""

    def __init__(self) -> None:
        self.dead = False
        self._held = ExitStack()

    def __enter__(self) -> Self:
        for name in WRITES:
            module, _, function = f"agent.{name}".rpartition(".")
            true = getattr(importlib.import_module(module), function)
            self._held.enter_context(patch(f"{module}.{function}", self._guarded(true)))
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _guarded(self, true: Callable[..., None]) -> Callable[..., None]:
        def write(*args: Any, **kwargs: Any) -> None:
            if self.dead:
                raise OSError(errno.EROFS, "Read-only file system")
            true(*args, **kwargs)

        return write
