"""What pydantic would show as JSON, without it."""

from pathlib import Path

from agent.settings.load import load
from drivers.profile.plain import plain

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config" / "hydronest.example.toml"


def test_it_is_what_pydantic_shows() -> None:
    settings = load(EXAMPLE)
    assert plain(settings.site.flight) == settings.site.flight.model_dump(mode="json")
    for part in (*settings.site.devices, *settings.site.uplinks, settings.rules):
        assert plain(part) == part.model_dump(mode="json")


def test_nothing_that_runs_asks_pydantic() -> None:
    """Each process that does builds validators for itself: 1.5 MB a process."""
    asking = [
        path.relative_to(ROOT).as_posix()
        for room in ("agent", "drivers", "protocols")
        for path in (ROOT / room).rglob("*.py")
        if ".model_dump" in path.read_text("utf-8")
    ]
    assert asking == []
