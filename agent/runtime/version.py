"""The version, as pyproject.toml has it; a test holds them together."""

VERSION = "0.1.0"
BUILT_MS = 1_790_812_800_000
"""2026-10-01 UTC: no clock that shows less is right. Set anew with each release; milliseconds since 1970."""
