"""The uplink to a city fire monitoring centre (GB/T 26875.3): what of a record it understands, and the talking."""

from agent.uplinks.gb26875.duty import DutyChecks
from agent.uplinks.gb26875.mapping import Mapper, Seat
from agent.uplinks.gb26875.uplink import Centre, Gb26875Uplink

__all__ = ["Centre", "DutyChecks", "Gb26875Uplink", "Mapper", "Seat"]
