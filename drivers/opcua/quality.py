"""OPC UA status code → Quality (Part 8, 6.3; Part 4, 7.39). The code's own name is kept by the line's counters."""

from functools import lru_cache
from typing import Final

from drivers.quality import Quality

_OF_CODE: Final = {
    0x0096: Quality.SUBSTITUTED,  # GoodLocalOverride: somebody typed the value in
    0x408F: Quality.STALE,  # UncertainNoCommunicationLastUsableValue: old, however it is dressed
    0x4090: Quality.STALE,  # UncertainLastUsableValue
    0x4091: Quality.SUBSTITUTED,  # UncertainSubstituteValue
    0x8005: Quality.NO_ANSWER,  # BadCommunicationError
    0x800A: Quality.NO_ANSWER,  # BadTimeout
    0x8031: Quality.NO_ANSWER,  # BadNoCommunication
    0x8032: Quality.NO_ANSWER,  # BadWaitingForInitialData
    0x803C: Quality.OUT_OF_RANGE,  # BadOutOfRange
    0x808A: Quality.NO_ANSWER,  # BadNotConnected
}


@lru_cache(maxsize=512)
def quality_of(status: int) -> Quality:
    """The Quality a value with this status code may have at best."""
    known = _OF_CODE.get(status >> 16)
    if known is not None:
        return known
    if status & 0x8000_0000:
        return Quality.REFUSED
    return Quality.UNCERTAIN if status & 0x4000_0000 else Quality.GOOD
