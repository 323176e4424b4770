"""What sets ArduPilot apart from PX4, each quirk a switch of its own so that a test can turn one at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

from hil.vehicle import settings


@dataclass(frozen=True, slots=True)
class Profile:
    """One autopilot's ways. Figures were read off ArduCopter 4.7-dev and PX4 1.17-alpha, both flown headless."""

    name: str
    autopilot: int  # MAV_AUTOPILOT: 3 ArduPilot, 12 PX4
    modes: Mapping[str, int]
    start_mode: str
    params: settings.Settings
    as_delivered: Mapping[str, float]  # what its maker sets otherwise
    params_by_bytes: bool  # PX4 lays an int32 into the float's bytes, ArduPilot casts it
    slot0_is_home: bool
    upload_thins: float  # while it takes an upload its streams come so many times slower
    ask_again_s: float  # an item of an upload that does not come is asked for again after so long
    forget_s: float  # an upload without an item for so long is over
    says_wrong_item: bool  # an item that was not asked for is answered with "invalid sequence", else with silence
    start_denied_s: float  # real seconds after an upload in which a mission start is DENIED
    unarmable: frozenset[str]
    blind_modes: frozenset[str]  # ready in these without a position estimate
    looks_every_s: float  # so often it checks whether it would arm, and says the last answer meanwhile
    acks_on_ground: bool  # takeoff and reposition answered with success though disarmed
    silent_until_asked: bool
    text_tail: str
    prearm_present: bool  # says PREARM_CHECK present and enabled too; PX4 sets its health bit and no other
    gps_fix: int
    fence_active_on_upload: bool
    acks_outside_fence: bool  # answers a reposition beyond the fence with success and stays where it is
    after_landing: str | None  # mode fallen into after a landing; None keeps the mode
    after_mission: str | None
    battery_function: int  # MAV_BATTERY_FUNCTION it says of every pack: 0 not known, 1 all
    keeps_current: bool  # battery current is real (ArduPilot) or -1 (PX4)
    disarm_s: float
    return_off_m: float  # its own return ends so far from home: an estimate moves between launch and landing

    @property
    def brake(self) -> str:
        """The mode a ground station's "hold" lands in."""
        return "brake" if "brake" in self.modes else "hold"


ARDUPILOT = Profile(
    name="ardupilot",
    autopilot=3,
    modes={"stabilize": 0, "auto": 3, "guided": 4, "loiter": 5, "rtl": 6, "land": 9, "brake": 17},
    start_mode="stabilize",
    params=settings.ARDUPILOT,
    as_delivered=settings.ARDUPILOT_NEW,
    params_by_bytes=False,
    slot0_is_home=True,
    upload_thins=4.0,
    ask_again_s=1.0,
    forget_s=8.0,
    says_wrong_item=True,
    start_denied_s=0.0,
    unarmable=frozenset({"brake", "rtl", "land", "auto"}),
    blind_modes=frozenset({"stabilize"}),
    looks_every_s=1.0,
    acks_on_ground=False,
    silent_until_asked=True,
    text_tail="",
    prearm_present=True,
    gps_fix=6,
    fence_active_on_upload=False,
    acks_outside_fence=False,
    after_landing=None,
    after_mission=None,
    battery_function=0,
    keeps_current=True,
    disarm_s=1.0,
    return_off_m=0.04,
)

PX4 = Profile(
    name="px4",
    autopilot=12,
    modes={
        "manual": 1 << 16,
        "takeoff": 4 << 16 | 2 << 24,
        "hold": 4 << 16 | 3 << 24,
        "auto": 4 << 16 | 4 << 24,
        "rtl": 4 << 16 | 5 << 24,
        "land": 4 << 16 | 6 << 24,
    },
    start_mode="hold",
    params=settings.PX4,
    as_delivered=settings.PX4_NEW,
    params_by_bytes=True,
    slot0_is_home=False,
    upload_thins=1.0,
    ask_again_s=0.25,
    forget_s=5.0,
    says_wrong_item=False,
    start_denied_s=0.2,
    unarmable=frozenset(),
    blind_modes=frozenset(),
    looks_every_s=0.5,
    acks_on_ground=True,
    silent_until_asked=False,
    text_tail="\t",
    prearm_present=False,
    gps_fix=3,
    fence_active_on_upload=True,
    acks_outside_fence=True,
    after_landing="hold",
    after_mission="hold",
    battery_function=1,
    keeps_current=False,
    disarm_s=2.0,
    return_off_m=0.5,
)

PROFILES: Mapping[str, Profile] = {"ardupilot": ARDUPILOT, "px4": PX4}
