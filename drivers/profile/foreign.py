"""A file somebody else wrote, that is to become a profile: its text, the names of its units, and how it is refused."""

from pathlib import Path

from drivers.profile.mistake import Mistake, SettingsError
from drivers.profile.toml import SIZE_MAX
from protocols.reason import Fact
from protocols.system import os_reason

UNITS = {
    "°C": "Cel", "deg C": "Cel", "V": "V", "mV": "mV", "A": "A", "mA": "mA", "W": "W", "kW": "kW", "%": "%",
    "%, RH": "%", "bar": "bar", "mbar": "mbar", "Pa": "Pa", "kPa": "kPa", "MPa": "MPa", "hPa": "hPa", "m^3": "m3",
    "m³": "m3", "m^3/h": "m3/h", "m^3/hour": "m3/h", "m³/h": "m3/h", "l": "L", "L": "L", "l/min": "L/min", "l/s": "L/s",
    "m": "m", "mm": "mm", "m/s": "m/s", "s": "s", "min": "min", "h": "h", "deg": "deg", "dBm": "dB[mW]",
}  # fmt: skip
"""By the names people and makers use."""


def refused(path: Path, what: str, instead: str, **facts: Fact) -> SettingsError:
    """Why it cannot become one, and what to write or give instead."""
    return SettingsError([Mistake(path, None, "", what, instead, facts)])


def text_of(path: Path) -> str:
    """All of it, from UTF-8 with or without its mark. Raises SettingsError."""
    try:
        if path.stat().st_size > SIZE_MAX:
            raise refused(path, "imported.too_large", "write.one_device")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise refused(path, "file.not_utf8", "write.utf8") from None
    except OSError as error:
        raise refused(path, "file.unreadable", "write.path", why=os_reason(error)) from None
