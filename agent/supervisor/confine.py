"""What each child may reach after the fork; everything else it gives up, as far as the kernel enforces it.

The table is `agent/supervisor/reaches.py`. What cannot be enforced is named in docs/processes.md.
"""

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_log = logging.getLogger("hydronest")


@dataclass(frozen=True, slots=True)
class Reach:
    """One child's. `write` and `read` name files, or folders with everything below; a folder to write is made, and so
    is one it `awaits` a file in, to read: what is not there when it gives the rest up is closed to it for ever.

    `devices`: ttys. `names`: it looks host names up, which takes all of /etc. `dials`, `listens`: over TCP.
    `signals`: to processes that are not its own. `traceable`: it reads figures of its own that the kernel else hides.
    """

    write: tuple[Path, ...] = ()
    read: tuple[Path, ...] = ()
    awaits: tuple[Path, ...] = ()
    devices: bool = False
    names: bool = False
    dials: bool = True
    listens: bool = False
    signals: bool = False
    traceable: bool = False
    everything: bool = False


EVERYTHING = Reach(everything=True)

SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/opt", "/proc", "/sys")
RUN = ("/run/systemd", "/run/resolvconf", "/run/NetworkManager", "/run/nscd", "/run/dbus")
ETC = (
    "/etc/localtime", "/etc/timezone", "/etc/ssl", "/etc/ca-certificates", "/etc/pki", "/etc/ld.so.cache",
    "/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/gai.conf", "/etc/services",
    "/etc/protocols", "/etc/passwd", "/etc/group", "/etc/os-release", "/etc/machine-id",
)  # fmt: skip
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")


def confine(name: str, reach: Reach) -> None:
    """Give the rest up, for ever. What this system cannot enforce, or refuses, is said in the log and left."""
    if reach.everything:
        return
    from agent.supervisor import landlock  # after the fork: the supervisor needs none of it

    for folder in (*reach.write, *reach.awaits):
        _make(folder)
    scope = landlock.ABSTRACT_SOCKETS | (0 if reach.signals else landlock.SIGNALS)
    no_tcp = (0 if reach.listens else landlock.BIND_TCP) | (0 if reach.dials else landlock.CONNECT_TCP)
    try:
        missing = landlock.restrict(allowed(reach), no_tcp=no_tcp, scope=scope)
        landlock.no_new_privileges()
        if not reach.traceable:
            landlock.untraceable()
    except OSError as error:
        missing = [f"files: {error}"]
    if missing:
        _log.warning("%s is not confined by this kernel: %s", name, ", ".join(missing))


def allowed(reach: Reach) -> Mapping[Path, int]:
    """What is open to it, and for what."""
    from agent.supervisor.landlock import DEVICE, READ, READ_FILE, WRITE, WRITE_FILE

    code = {Path(__file__).resolve().parents[2], *(Path(place) for place in (sys.prefix, sys.base_prefix, *sys.path))}
    open_to_read = [*code, *map(Path, SYSTEM), *map(Path, RUN), *map(Path, ("/etc",) if reach.names else ETC)]
    out = dict.fromkeys((path for path in open_to_read if path.is_absolute()), READ)
    out |= dict.fromkeys(map(Path, DEVICES), READ_FILE | WRITE_FILE)
    if reach.devices:
        out[Path("/dev")] = DEVICE
    for paths, rights in ((reach.read, READ), (reach.awaits, READ), (reach.write, WRITE)):
        for path in paths:
            out[path] = out.get(path, 0) | rights
    return out


def _make(folder: Path) -> None:
    try:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - one call
    except OSError as error:
        _log.debug("%s cannot be made: %s", folder, error)
