"""What it takes for zero: home, its own altitude, and how both go wrong."""

from drivers.drone.geometry import Place
from hil.vehicle.orders import Result
from hil.vehicle.physics import Body


class Heights:
    """Home and altitudes of one aircraft, in metres above sea level where not said otherwise."""

    def __init__(self, pad: Place, altitude_m: float, body: Body) -> None:
        self.pad = self.home = pad
        self.pad_altitude_m = self.home_altitude_m = altitude_m
        self.body = body
        self.home_locked = False
        """Another station has set it: arming leaves it where it is."""
        self.gnss_off_m, self.gnss_error_m = 3.0, 1.8
        """By how much its receiver's height is off, and what that says of it."""
        self.drift_m = 2.0
        """By how much its height is off after standing for days under a changing weather; arming sets it right."""

    @property
    def place(self) -> Place:
        """Where it truly is."""
        return self.pad.moved(self.body.n, self.body.e)

    @property
    def altitude_m(self) -> float:
        """As it has it."""
        return self.pad_altitude_m + self.body.u + self.drift_m

    @property
    def height_m(self) -> float:
        """Above home, as it has both."""
        return self.altitude_m - self.home_altitude_m

    def set_home(self, place: Place, altitude_m: float) -> Result:
        """By MAV_CMD_DO_SET_HOME of any station, at any time: taken without a word."""
        self.home, self.home_altitude_m, self.home_locked = place, altitude_m, True
        return Result.ACCEPTED

    def _home_here(self) -> None:
        if not self.home_locked:
            self.home, self.home_altitude_m, self.drift_m = self.place, self.pad_altitude_m, 0.0
