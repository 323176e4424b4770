"""The name of what was there before, beside what is put in its place; needs no library."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


def numbered(path: Path, number: int) -> Path:
    """`NAME.before-1` and so on; the first that is free is taken."""
    return path.with_name(f"{path.name}.before-{number}")
