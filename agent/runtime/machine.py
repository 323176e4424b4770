"""Which machine this is, as far as a card that moves to another one does not bring it along."""

import hashlib
from pathlib import Path

SYSTEM = Path("/sys")
SERIAL = "firmware/devicetree/base/serial-number"
"""Of the board: a Raspberry Pi has one, a PC does not."""
KIND = "addr_assign_type"
GIVEN_BY_MAKER = "0"
"""Of an address that stands in the hardware (kernel, Documentation/ABI/testing/sysfs-class-net)."""


def machine_name(system: Path = SYSTEM) -> str:
    """16 hex digits that say nothing but which; empty where the hardware does not say. Reads a few small files."""
    told = _text(system / SERIAL) or _address(system / "class/net")
    return hashlib.sha256(b"hydronest machine v1\n" + told.encode()).hexdigest()[:16] if told else ""


def _address(links: Path) -> str:
    """Of the first network interface that is built in, by its place on the bus; one on USB may be another tomorrow."""
    try:
        found = {str((link / "device").resolve()): link for link in links.iterdir() if (link / "device").exists()}
    except OSError:
        return ""
    built_in = [link for place, link in sorted(found.items()) if "/usb" not in place]
    return next((_text(link / "address") for link in built_in if _text(link / KIND) == GIVEN_BY_MAKER), "")


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip().strip("\0")
    except OSError:
        return ""
