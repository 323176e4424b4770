"""Whether an order to fly would be taken, and why not: one pure function for all who decide it and all who show it."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from agent.flight.control.status import NestStatus, Now
from agent.flight.machine.stepping import hindrances
from agent.flight.machine.table import Phase
from agent.flight.orders.gate import RANK
from agent.flight.orders.incident import Wanted
from agent.flight.orders.interlocks import blocked, interlocks
from agent.flight.orders.permits import duty_operator, permit_for, standing_order_for
from drivers.drone.geometry import Place
from protocols.reason import Reason, word

NO_MOTION = Reason("order.no_motion")
TILE_M = 1.0
"""Heights of a tile are whole metres."""
ROUND = [(math.cos(math.radians(30 * n)), math.sin(math.radians(30 * n))) for n in range(13)]
TOLD_BY_INTERLOCKS = frozenset({"ordered_to_fly", "interlocks_ok"})
"""Guards of the table that are no reason of their own."""


class Authority(NamedTuple):
    """By whose word a flight would be flown; empty where by nobody's. `lacking`: why that is not enough."""

    operator: str = ""
    standing_order: str = ""
    permit: str = ""
    lacking: Reason | None = None
    unpermitted: Reason | None = None  # why no permit covers it, needed or not


def eligibility(nest: NestStatus, mission: Wanted | None, now: Now) -> list[Reason]:
    """Every reason why `nest` would not take an order to fly `mission` now; empty: it takes it.

    None asks for any flight at all, ordered by somebody with the right to.
    """
    return [*of_the_gateway(mission, now), *_of_the_mission(nest, mission, now), *_of_the_nest(nest, mission, now)]


def of_the_gateway(mission: Wanted | None, now: Now) -> list[Reason]:
    """Reasons that no other nest of this gateway could mend."""
    found: list[Reason] = []
    if now.ending is not None:
        found.append(now.ending)
    if not now.flights_read:
        found.append(Reason("order.flights_not_read_yet"))
    if mission is not None and mission.flown:
        found.append(Reason("order.flown_before", incident=mission.incident.id, flight=mission.flown))
    return found


def authority(nest: NestStatus, mission: Wanted, now: Now) -> Authority:
    """The standing order, where one is needed, who answers for the flight, and the permit that covers it."""
    incident, settings = mission.incident, nest.settings
    standing, lacking = None, None
    if not mission.signed:
        orders, zone = now.standing_orders, now.timezone
        found, lacking = standing_order_for(orders, settings, now.wall, zone, incident.kind, incident.place)
        if found is not None and now.unadopted:
            lacking = Reason("standing_order.not_adopted", order=found.id)
        else:
            standing = found
    answers = standing.operator if standing is not None else duty_operator(settings, now.wall, now.timezone)
    permit, why = permit_for(now.permits, settings, now.wall, now.timezone, incident.place, incident.height_m)
    return Authority(
        answers or mission.operator,
        standing.id if standing is not None else "",
        permit.id if permit is not None else "",
        lacking if standing is None else None,
        why if permit is None else None,
    )


def unmet(nest: NestStatus, mission: Wanted | None, now: Now) -> list[Reason]:
    """Interlocks that forbid to begin, and to go on until the arming."""
    return [lock.why_not for lock in blocked(interlocks(nest, mission, now))]


def _of_the_mission(nest: NestStatus, mission: Wanted | None, now: Now) -> Iterator[Reason]:
    if mission is None:
        return
    if mistake := nest.settings.limits().mistake(mission.incident.place, mission.incident.height_m):
        yield mistake
    if lacking_for := tuple(word(one) for one in mission.incident.needs if one not in nest.aircraft.abilities):
        yield Reason("order.not_equipped", aircraft=nest.aircraft.id, needs=lacking_for)
    if ground := _ground(nest, mission):
        yield ground
    if lacking := authority(nest, mission, now).lacking:
        yield lacking
    yield from _restraint(nest, mission, now)


def _restraint(nest: NestStatus, mission: Wanted, now: Now) -> Iterator[Reason]:
    """What bounds a right to launch; not for whoever leads an aircraft on that is out, nor for somebody on site."""
    if mission.incident.redirect and nest.phase is Phase.ON_SCENE:
        return
    restrained = now.restrained
    if restrained.launches.get(mission.key, 0) >= restrained.most:
        yield Reason("order.too_many_launches", most=restrained.most)
    left_s = restrained.rests_s.get(nest.settings.id, 0.0)
    off_site = mission.rank < RANK["on_site"]
    if left_s > 0 and off_site:
        yield Reason("order.rests", left_s=left_s)
    if restrained.forgotten_s > 0 and off_site and nest.settings.id not in restrained.lifted:
        yield Reason("order.restraint_forgotten", left_s=restrained.forgotten_s)


def _ground(nest: NestStatus, mission: Wanted) -> Reason | None:
    """Why the ground along the way forbids it; None where it does not, or nobody has named a tile."""
    incident, settings, craft = mission.incident, nest.settings, nest.craft
    if nest.terrain is None or isinstance(nest.terrain, Reason):
        return nest.terrain
    out = incident.redirect and nest.phase is Phase.ON_SCENE
    way = [Place(craft.lat, craft.lon) if out else settings.spot, incident.place]
    if incident.orbit_m > 0:
        way += [incident.place.moved(incident.orbit_m * north, incident.orbit_m * east) for north, east in ROUND]
    limits = settings.limits()
    if limits.mistake(incident.place, incident.height_m) is not None:
        return None  # that is said, and leads who knows how far
    over = nest.terrain.over(settings.spot, way, incident.height_m)
    if math.isnan(over.least_m):
        return Reason("flight.ground_not_known")
    if over.least_m < limits.min_height_m:
        return Reason("flight.ground_too_near", over_m=over.least_m, least_m=limits.min_height_m)
    if over.most_m > limits.max_height_m + TILE_M:
        return Reason("flight.ground_too_far", over_m=over.most_m, most_m=limits.max_height_m)
    return None


def _of_the_nest(nest: NestStatus, mission: Wanted | None, now: Now) -> Iterator[Reason]:
    if not nest.attended:
        yield Reason("order.not_attended", nest=nest.settings.id)
    elif nest.seen is None:
        yield Reason("order.not_looked_at_yet", nest=nest.settings.id)
    if nest.doubted:
        yield Reason("order.nest_forgotten", nest=nest.settings.id)
    if not nest.may_move:
        yield NO_MOTION
    if mission is not None and mission.incident.redirect and nest.phase is Phase.ON_SCENE:
        yield from _led_elsewhere(nest, mission, now)
        return
    if nest.phase is not Phase.REST:
        phase = word(nest.phase.value)
        yield (
            Reason("order.busy_for", phase=phase, incident=nest.incident)
            if nest.incident
            else Reason("order.busy", phase=phase)
        )
    elif nest.opening:
        yield Reason("order.busy", phase=word(Phase.PREPARING))
    if mission is not None:
        mission = mission._replace(operator=authority(nest, mission, now).operator)
    yield from unmet(nest, mission, now)
    yield from _of_the_table(nest)


def _led_elsewhere(nest: NestStatus, mission: Wanted, now: Now) -> Iterator[Reason]:
    if mission.rank < nest.rank:
        yield Reason("order.outranked")
    if nest.settings.permit_needed and (why := authority(nest, mission, now).unpermitted):
        yield why
    yield from _of_the_table(nest)


def _of_the_table(nest: NestStatus) -> Iterator[Reason]:
    """What the table itself wants of what was seen last."""
    found = hindrances(nest.phase, nest.seen) if nest.seen is not None else None
    if found is None:
        return
    if found.first:
        yield Reason("order.comes_first", guards=tuple(word(one) for one in found.first))
    if needed := tuple(word(one) for one in found.needed if one not in TOLD_BY_INTERLOCKS):
        yield Reason("order.needs", guards=needed)
