"""The numbers that stand for words in a digest. They are sent: append, never change one. docs/beidou.md lists them."""

from drivers.event import EventKind

KINDS: dict[str, int] = {
    EventKind.PRESSURE_LOW: 1,
    EventKind.PRESSURE_HIGH: 2,
    EventKind.PRESSURE_COLLAPSING: 3,
    EventKind.WATER_DRAWN: 4,
    EventKind.WATER_STOLEN: 5,
    EventKind.CAP_REMOVED: 6,
    EventKind.KNOCKED_OVER: 7,
    EventKind.TILTED: 8,
    EventKind.LEAK: 9,
    EventKind.FREEZE_RISK: 10,
    EventKind.FROZEN: 11,
    EventKind.BURIED: 12,
    EventKind.BATTERY_LOW: 13,
    EventKind.LEVEL_LOW: 14,
    EventKind.VILLAGE_WATER: 15,
    EventKind.SENSOR_FAULT: 16,
    EventKind.SENSOR_STUCK: 17,
    EventKind.SENSOR_DRIFT: 18,
    EventKind.DEVICE_LOST: 19,
    EventKind.WRONG_DEVICE: 20,
    EventKind.LINE_DOWN: 21,
    EventKind.SELF_FAULT: 22,
    EventKind.DATA_LOST: 23,
    EventKind.DAMAGE_FOUND: 24,
    EventKind.UPLINK_REFUSED: 25,
    EventKind.CLOCK: 26,
    EventKind.ASSET: 27,
    EventKind.FLIGHT: 28,
    EventKind.ORDER: 29,
    EventKind.AUDIT: 30,
}
OTHER_KIND = 62
"""A kind this list does not have yet."""
NOT_SERVICEABLE = 63
"""No event: the verdict of an asset of which no alarm stands."""
PHASES = (
    "rest", "preparing", "launching", "outbound", "on_scene", "returning", "diverting", "landing", "holding",
    "manual_override", "autopilot_acts", "reassessing", "securing", "closing", "blocked", "aircraft_lost",
    "landed_off_site", "stopped", "failed", "hopping",
)  # fmt: skip
OTHER_PHASE = 127


def phase_code(phase: str) -> int:
    """127 for one this list does not have."""
    return PHASES.index(phase) if phase in PHASES else OTHER_PHASE


def kind_word(code: int) -> str:
    """What a kind's number stands for."""
    if code == NOT_SERVICEABLE:
        return "not_serviceable"
    return next((str(kind) for kind, number in KINDS.items() if number == code), "unknown")


def phase_word(code: int) -> str:
    """What a phase's number stands for."""
    return PHASES[code] if code < len(PHASES) else "unknown"
