"""UTC as text, as it stands in everything that goes upwards."""

from datetime import UTC, datetime


def utc_text(t_ns: int) -> str:
    """`2026-11-21T23:24:13.005Z`: UTC nanoseconds as ISO 8601 to the millisecond."""
    seconds, rest = divmod(t_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"
