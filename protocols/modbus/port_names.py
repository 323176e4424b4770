"""The serial ports of this machine, and the name of each that stays its own whatever is plugged in beside it.

A name by serial number (`/dev/serial/by-id/…`) is no name where two adapters carry the same number, as cheap ones do:
udev gives it to the one found last. There the socket the adapter is plugged into tells them apart (`by-path`).
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from protocols.reason import Reason

BY_SERIAL = ("serial/by-id", "hydronest/by-serial")
BY_SOCKET = ("serial/by-path", "hydronest/by-port")


class SerialPortName(NamedTuple):
    """One port: its kernel `device` (moves), the `name` to write into the settings, the adapter, and why that name.

    `ambiguous`: its name by serial number is another port's too.
    """

    device: str
    name: str
    adapter: str
    serial: str
    why: Reason | None
    ambiguous: bool


class _Adapter(NamedTuple):
    """What the kernel says of the USB device a port belongs to; `at` is where it is plugged in."""

    at: str
    product: str
    serial: str

    @property
    def number(self) -> tuple[str, str]:
        """What udev makes its name by serial number of."""
        return self.product, self.serial


def serial_ports(sys: Path = Path("/sys"), dev: Path = Path("/dev")) -> list[SerialPortName]:
    """Every serial port there is hardware for, by kernel name. Nothing is opened."""
    adapters = {tty.name: _adapter(tty) for tty in sorted(_hardware(sys / "class/tty"))}
    usb = [one for one in adapters.values() if one is not None]
    ports_with = Counter(one.number for one in usb)
    adapters_with = Counter(number for _, number in {(one.at, one.number) for one in usb})
    found = []
    for tty, adapter in adapters.items():
        device = dev / tty
        by_serial, by_socket = (list(_links(dev, folders, device)) for folders in (BY_SERIAL, BY_SOCKET))
        why: Reason | None = None
        if adapter is not None and not adapter.serial:
            why = Reason("modbus.no_serial_number")
        elif adapter is not None and adapters_with[adapter.number] > 1:
            why = Reason("modbus.serial_twice", serial=adapter.serial, adapters=adapters_with[adapter.number])
        elif adapter is not None and ports_with[adapter.number] > 1:
            why = Reason("modbus.ports_of_one_adapter", serial=adapter.serial, ports=ports_with[adapter.number])
        names = by_socket or [str(device)] if why is not None else by_serial or by_socket or [str(device)]
        product, serial = ("", "") if adapter is None else (adapter.product, adapter.serial)
        ambiguous = adapter is not None and ports_with[adapter.number] > 1
        found.append(SerialPortName(str(device), names[0], product, serial, why, ambiguous))
    return found


def _hardware(ttys: Path) -> Iterator[Path]:
    """Those with a device behind them; the kernel also lists sockets of a PC's board that are not there."""
    for tty in ttys.iterdir() if ttys.is_dir() else ():
        if (tty / "device").exists() and _read(tty / "type") != "0":
            yield tty


def _adapter(tty: Path) -> _Adapter | None:
    place = (tty / "device").resolve()
    for folder in (place, *place.parents):
        if (folder / "idVendor").is_file():
            vendor = _read(folder / "manufacturer") or _read(folder / "idVendor")
            product = _read(folder / "product") or _read(folder / "idProduct")
            return _Adapter(str(folder), f"{vendor} {product}", _read(folder / "serial"))
    return None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _links(dev: Path, folders: tuple[str, ...], device: Path) -> Iterator[str]:
    for folder in folders:
        for link in sorted((dev / folder).iterdir()) if (dev / folder).is_dir() else ():
            if link.resolve() == device.resolve():
                yield str(link)
