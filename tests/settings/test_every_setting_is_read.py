"""No key a person can write is without effect: each is read somewhere outside the settings themselves."""

import re
from pathlib import Path

from agent.settings import devices, lines, models, terminals, uplinks
from drivers.profile import model, point
from drivers.profile.part import Part

ROOT = Path(__file__).parents[2]
WHOLE = {"PollOverride", "PollClasses", "Seat"}  # handed over as a whole
CODE = "\n".join(
    file.read_text(encoding="utf-8")
    for room in ("agent", "drivers")
    for file in sorted((ROOT / room).rglob("*.py"))
    if file.parent != ROOT / "agent" / "settings" and file.parent != ROOT / "drivers" / "profile"
) + "".join(
    (ROOT / "agent/settings" / name).read_text(encoding="utf-8")
    for name in ("load.py", "fullness.py", "modbus.py", "named_files.py")
)


def keys() -> list[tuple[str, str]]:
    return [
        (name, field)
        for module in (models, lines, devices, terminals, uplinks, model, point)
        for name, part in vars(module).items()
        if isinstance(part, type) and issubclass(part, Part) and part.__module__ == module.__name__
        for field in part.model_fields
        if field in part.__annotations__ and name not in WHOLE
    ]


def test_keys_are_found() -> None:
    assert len(keys()) > 90


def test_every_key_is_read() -> None:
    assert [f"{part}.{key}" for part, key in keys() if not re.search(rf"\.{key}\b", CODE)] == []
