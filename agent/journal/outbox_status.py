"""How far one uplink is behind, for people and metrics."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """How far one uplink is behind. Counts are records unless named otherwise; ages are seconds, None for nothing."""

    uplink: str
    unsent: dict[str, int]  # lane code → records not yet confirmed
    unsent_readings: dict[str, int]  # lane code → readings (or events) in them
    oldest_s: dict[str, float | None]  # lane code → age of the oldest unconfirmed record
    in_flight: int  # taken, neither confirmed nor given back
    parked: int  # refused for ever by the far end, kept aside
    confirmed_seq: int  # every record up to here is confirmed, parked or counted as lost
