"""What the table's rows may look at, and in which words. Made by `sight` from the world, by `world` for the check."""

from typing import Protocol


class Inputs(Protocol):
    """All the rows may look at. What is not known is None, False or "unknown", and no row takes it for good."""

    @property
    def order(self) -> str:
        """none, fly, recall or stop."""

    @property
    def clear(self) -> bool:
        """A person says the trouble is dealt with."""

    @property
    def timed_out_or_failed(self) -> bool:
        """The phase's time is over, or its order ended without success."""

    @property
    def goal_reached(self) -> bool:
        """The aircraft is where this phase wants it."""

    @property
    def plc(self) -> bool:
        """The nest's state is fresh."""

    @property
    def cover(self) -> str:
        """closed, moving, open, abnormal or unknown."""

    @property
    def berth(self) -> str:
        """clamped, between, free (charger off and rods free) or unknown."""

    @property
    def pad(self) -> bool | None:
        """Nothing but the aircraft on the pad."""

    @property
    def estop(self) -> bool | None:
        """The emergency stop is pressed."""

    @property
    def power(self) -> bool | None:
        """Mains, or enough backup to close."""

    @property
    def weather(self) -> bool | None:
        """Within limits."""

    @property
    def interlocks_ok(self) -> bool:
        """Every launch interlock green and fresh."""

    @property
    def link(self) -> bool:
        """The aircraft's state is fresh."""

    @property
    def aircraft(self) -> str:
        """docked (on the pad, disarmed), armed (there or low over it), airborne, landed_off_site, unknown."""

    @property
    def energy(self) -> str:
        """ample, homeward, critical or unknown."""

    @property
    def gnss(self) -> bool | None:
        """It knows where it is."""

    @property
    def held(self) -> bool:
        """A person has stopped it where it is."""

    @property
    def home_kept(self) -> bool | None:
        """The autopilot's home is where it was when the flight began."""

    @property
    def pilot(self) -> bool | None:
        """A person flies it by hand."""

    @property
    def owner(self) -> str:
        """Whose mode it is in: ours, the autopilot's own (see `drivers.drone.ownership`), pilot, unknown."""

    @property
    def may_lead(self) -> bool:
        """Orders to an aircraft may be given in this run."""

    @property
    def may_hop(self) -> bool:
        """Just landed beside its nest, which is open and free: all that arming it there again asks for."""

    @property
    def prepared(self) -> bool:
        """Geofence aboard and read back, failsafe right, armable."""
