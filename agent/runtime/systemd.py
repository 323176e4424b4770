"""Tells systemd how we are: ready, alive, stopping. Does nothing where systemd did not start us."""

import os
import socket


def notify(state: str) -> bool:
    """Send one sd_notify(3) state, such as `READY=1`, without waiting. False where systemd takes nothing now.

    A vanished systemd is not our trouble.
    """
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return True
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto(state.encode(), socket.MSG_DONTWAIT, address)
        except BlockingIOError:
            return False
        except OSError:
            return True
    return True


def watchdog_interval_s() -> float | None:
    """How often to feed the watchdog: half of what systemd allows, or None where it does not watch."""
    allowed_us = os.environ.get("WATCHDOG_USEC", "")
    if not allowed_us.isdigit() or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(allowed_us) / 2_000_000
