"""The kernel's own name for this boot."""

import os
from pathlib import Path

KERNEL_BOOT = "HYDRONEST_KERNEL_BOOT"
"""The unit's environment: `%b`."""


def kernel_boot_id() -> str:
    """The kernel's own name for this boot: 32 hex digits. Systemd tells it where /proc hides it."""
    return os.environ.get(KERNEL_BOOT, "") or Path("/proc/sys/kernel/random/boot_id").read_text(
        "ascii"
    ).strip().replace("-", "")
