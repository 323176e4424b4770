"""The one door to mavsdk, opened without what it loads only to say its own version.

`import mavsdk` asks Python's package data for that, which reads archives and mail: 1 MB of a process that does neither.
"""

import contextlib
import importlib
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType


@contextlib.contextmanager
def _bare() -> Iterator[None]:
    """Stand-ins for as long as mavsdk is loaded; what is loaded already stays."""
    wanted: Mapping[str, Mapping[str, object]] = {
        "metadata": {"version": lambda _name: "", "PackageNotFoundError": LookupError},
        "abc": {"MetaPathFinder": object},
    }
    placed = []
    for name, contents in wanted.items():
        if f"importlib.{name}" not in sys.modules:
            module = ModuleType(f"importlib.{name}")
            vars(module).update(contents)
            sys.modules[module.__name__] = module
            setattr(importlib, name, module)
            placed.append(name)
    try:
        yield
    finally:
        for name in placed:
            del sys.modules[f"importlib.{name}"]
            delattr(importlib, name)


with _bare():
    from mavsdk import LogLevel, log_subscribe
    from mavsdk.asyncio import ComponentType, Configuration, Mavsdk, MavsdkConnectionError, MavsdkError, System
    from mavsdk.asyncio.plugins.mavlink_direct import MavlinkDirectAsync, MavlinkMessage

__all__ = [
    "ComponentType",
    "Configuration",
    "LogLevel",
    "MavlinkDirectAsync",
    "MavlinkMessage",
    "Mavsdk",
    "MavsdkConnectionError",
    "MavsdkError",
    "System",
    "log_subscribe",
]
