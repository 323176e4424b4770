"""Bearers: the ways to one far end, the best first."""

from typing import Annotated, Literal

from pydantic import Field

from agent.settings.lines import Host, Id, Port
from drivers.profile.part import Part, pattern_hint, shaped

_INTERFACE = r"[A-Za-z0-9._@-]{1,15}"  # IFNAMSIZ of linux/if.h, with its end

Carries = Literal["all", "present", "events"]


class Bearer(Part):
    """One way to the uplink's far end. The first in the file is the best; the last may be slow and dear."""

    name: Id = Field(description="what people call it: fibre, 4g, satellite")
    interface: Annotated[str, shaped(_INTERFACE, "write.interface"), pattern_hint(_INTERFACE)] | None = Field(
        None, description="network interface, as `ip link` calls it; the system's own routes when left out"
    )
    host: Host | None = Field(None, description="where the same far end is on this way; the uplink's host otherwise")
    port: Port | None = Field(None, description="the uplink's port otherwise")
    carries: Carries = Field(
        "all", description="events: alarms and other events only; present: readings of now, too; all: what waited, too"
    )
    most_mb_per_day: float | None = Field(
        None, ge=0.1, le=100_000, description="once so much went over it, only events go; nothing holds those up"
    )
