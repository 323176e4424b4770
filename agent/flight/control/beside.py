"""Whether an aircraft that came down beside its nest may hop in by itself, and what keeps it on the ground.

No sensor sees the ground around a nest. That nobody stands there is known of one moment only: when its own rotors have
just run there. So it is asked within `AT_ONCE_S` of that, by the run of the agent that saw it land, and never again.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from agent.flight.control.context import FlightContext
from agent.flight.control.mission import Mission
from agent.flight.control.observation import Observer, energy
from agent.flight.control.status import NestStatus, Now
from agent.flight.machine.table import Phase
from agent.flight.orders.eligibility import NO_MOTION
from agent.flight.orders.incident import Wanted
from agent.flight.orders.interlocks import interlocks
from agent.settings.flight import Aircraft
from agent.settings.flight import Nest as Settings
from drivers.drone.drone import Drone
from drivers.drone.limits import Energy
from drivers.drone.ownership import BY_A_STATION, RETURNS, STOPS
from drivers.drone.ownership import LANDS as LANDS_ITSELF
from drivers.nest.nest import Nest
from protocols.mavlink.plausible import claims_down
from protocols.reason import Reason, word

LANDS = frozenset({Phase.RETURNING, Phase.HOPPING})
"""Phases in which an aircraft that came down beside its nest may be armed there."""
PLAIN = LANDS | {Phase.PREPARING, Phase.LAUNCHING, Phase.OUTBOUND, Phase.ON_SCENE}
"""Phases of a flight that nobody came between: no pilot, no stop, no failsafe, no lost link, no other site."""
AT_ONCE_S = 15.0
"""From its last word of being armed or in the air to the arming. Three of them pass until its nest has not felt it."""
LEVEL_DEG = 15.0
"""More tilt than a pad's surroundings have: a leg is broken or off an edge."""
SAME_HEIGHT_M = 3.0
"""More than a barometer drifts in a flight: it stands on the roof, or fell off it."""
TILT_OLD_S = 3.0
CRITICAL, LATELY_S = 2, 60.0
"""MAV_SEVERITY of a crash or a failsafe; so long before, it forbids, and so does a silence of its heartbeat."""
BY_NO_HAND = RETURNS | LANDS_ITSELF | STOPS | BY_A_STATION
"""Modes that a return of ours ends in and an arming of ours is in; any other was chosen by somebody at the sticks."""
UNARMED = frozenset({"aircraft_down", "armable"})
"""Interlocks that no armed aircraft meets."""
NOT_ASKED = frozenset({"aircraft_present", "battery", "autopilot_settings", "geofence"})
"""Interlocks of a launch that a hop has in another way: it is not in its nest, `energy` tells what its battery allows,
and fence and parameters are those it flew with a moment ago."""


class Attended(Protocol):
    """What this asks of one nest at work."""

    nest: Nest
    drone: Drone
    settings: Settings
    aircraft: Aircraft
    context: FlightContext
    observer: Observer
    phase: Phase
    mission: Mission | None
    plain: bool

    @property
    def withdrawn(self) -> Reason | None:
        """The recall or stop that no row has taken yet."""

    @property
    def wanted(self) -> Wanted | None:
        """The flight in hand."""

    def status(self) -> NestStatus:
        """Nest and aircraft as they stand now."""


def leave_to_arm(post: Attended) -> Reason | None:
    """For this agent's own command and as PX4's second lock: None for yes, else what forbids it.

    The look that chose to launch is older than the disk's sync in between; this one is not.
    """
    if post.phase not in {Phase.LAUNCHING, Phase.HOPPING} or not post.drone.launching:
        return Reason("flight.not_launching")
    return hindrance(post) if post.phase is Phase.HOPPING else _not_met(post)


def leave_to_rise(post: Attended) -> Reason | None:
    """Armed and not in the air yet: None for yes, else what has come up since the arming.

    Of its battery what flight goes by: where a third is lost its last word is soon older than a launch begins with.
    """
    if post.phase is Phase.HOPPING:
        return next(_hindrances(post, post.status(), post.context.moment(), UNARMED), None)
    return _not_met(post, UNARMED | {"battery"}) or (None if _ample(post) else word("energy_not_ample"))


def _not_met(post: Attended, met: frozenset[str] = frozenset()) -> Reason | None:
    """The interlocks of a launch that do not hold now, or the word that came since it was ordered."""
    if post.withdrawn is not None:
        return post.withdrawn
    found = interlocks(replace(post.status(), prepared=True), post.wanted, post.context.moment())
    names = tuple(word(lock.name) for lock in found if not lock.ok and lock.name not in met)
    return Reason("flight.interlocks", interlocks=names) if names else None


def _ample(post: Attended) -> bool:
    link = post.observer.link(post.phase)
    return energy(post.drone, post.aircraft, post.nest.state, link, post.settings.spot) is Energy.AMPLE


def may_hop(post: Attended) -> bool:
    """Whether it lies there, its flight led home until now, and nothing keeps it from being armed beside its nest."""
    return post.phase in LANDS and claims_down(post.drone.state) and hindrance(post) is None


def hindrance(post: Attended) -> Reason | None:
    """The first thing that keeps it on the ground beside its nest; None where it may hop in now."""
    return next(_hindrances(post, post.status(), post.context.moment()), None)


def _hindrances(post: Attended, status: NestStatus, now: Now, met: frozenset[str] = frozenset()) -> Iterator[Reason]:
    drone, craft, most, mission = post.drone, status.craft, post.settings.hops, post.mission
    hops = most if mission is None else mission.hops - (post.phase is Phase.HOPPING)
    if not most:
        yield Reason("hop.off")
    if mission is not None and mission.training:
        yield Reason("hop.training")
    if hops >= most:
        yield Reason("hop.often_enough", hops=hops)
    if not post.plain:
        yield Reason("hop.not_plain")
    if not status.may_move:
        yield NO_MOTION
    off_m = drone.place.distance(drone.limits.home)
    if not off_m <= drone.limits.beside_m:
        yield Reason("hop.not_beside", away_m=off_m)
    if not (craft.aloft_ns is not None and (now.at_ns - craft.aloft_ns) / 1e9 <= AT_ONCE_S):
        yield Reason("hop.too_late", within_s=AT_ONCE_S)
    if not (craft.age_s("ATTITUDE", now.at_ns) <= TILT_OLD_S and craft.tilt_deg <= LEVEL_DEG):
        yield Reason("hop.not_level", most_deg=LEVEL_DEG)
    if not abs(drone.height_over_pad_m) <= SAME_HEIGHT_M:
        yield Reason("hop.other_height", most_m=SAME_HEIGHT_M)
    if craft.mode not in BY_NO_HAND:
        yield Reason("hop.other_mode", mode=craft.mode)
    lately_ns = now.at_ns - round(LATELY_S * 1e9)
    if craft.silent_ns is not None and craft.silent_ns >= lately_ns:
        yield Reason("hop.silent", within_s=LATELY_S)
    if drone.aircraft.texts.worst_since(lately_ns) <= CRITICAL:
        yield Reason("hop.said", said=drone.aircraft.texts.since(lately_ns))
    if not _ample(post):
        yield word("energy_not_ample")
    found = interlocks(status, post.wanted, now)
    yield from (one.why_not for one in found if not one.ok and one.name not in NOT_ASKED | met)
