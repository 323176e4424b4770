"""Permits, duty and standing orders: who allowed what, where and until when. Without a trusted clock: nothing.

Dates and hours are those of the gateway's time zone: a permit for today holds at three in the morning.
"""

from collections.abc import Sequence

from agent.flight.control.wall import Wall
from agent.settings.flight import Nest, Permit, StandingOrder
from drivers.drone.geometry import Place, inside
from protocols.reason import Reason


def permit_for(
    permits: Sequence[Permit], nest: Nest, wall: Wall, timezone: str, target: Place | None, height_m: float
) -> tuple[Permit | None, Reason | None]:
    """A permit that covers a flight to `target` (None: any flight at all) at `height_m` today; else why none does."""
    if not wall.trusted:
        return None, Reason("permit.no_clock")
    mine = [permit for permit in permits if permit.nest == nest.id]
    if not mine:
        return None, Reason("permit.none")
    why: Reason | None = None
    today = wall.local(timezone).date()
    for permit in mine:
        ring = tuple(Place(lat, lon) for lon, lat in permit.area) or nest.ring()
        if not permit.start <= today <= permit.until:
            dates = {"start": permit.start.isoformat(), "until": permit.until.isoformat()}
            why = Reason("permit.dates", permit=permit.id, **dates)
        elif height_m > permit.max_height_m:
            why = Reason("permit.height", permit=permit.id, most_m=permit.max_height_m)
        elif target is not None and not inside(target, ring):
            why = Reason("permit.place_outside", permit=permit.id)
        elif not inside(nest.spot, ring):
            why = Reason("permit.nest_outside", permit=permit.id)
        else:
            return permit, None
    return None, why


def duty_operator(nest: Nest, wall: Wall, timezone: str) -> str:
    """Who is on duty now; empty when nobody, or when the clock is not trusted."""
    if not wall.trusted:
        return ""
    now = wall.local(timezone)
    minute = now.hour * 60 + now.minute
    for duty in nest.duty:
        start, until = _minutes(duty.start), _minutes(duty.until)
        if start <= minute < until or (until < start and (minute >= start or minute < until)):
            return duty.operator
    return ""


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def standing_order_for(
    orders: Sequence[StandingOrder], nest: Nest, wall: Wall, timezone: str, kind: str, place: Place
) -> tuple[StandingOrder | None, Reason | None]:
    """A standing order that lets this nest fly to this incident; else why none does."""
    mine = [order for order in orders if order.nest == nest.id]
    if not mine:
        return None, Reason("standing_order.none")
    if not wall.trusted:
        return None, Reason("permit.no_clock")
    why: Reason | None = None
    for order in mine:
        away = nest.spot.distance(place)
        if wall.local(timezone).date() > order.until:
            why = Reason("standing_order.expired", order=order.id, until=order.until.isoformat())
        elif kind not in order.kinds:
            why = Reason("standing_order.other_kind", order=order.id, kind=kind)
        elif away > order.within_m:
            why = Reason("standing_order.too_far", away_m=away, order=order.id, reach_m=order.within_m)
        else:
            return order, None
    return None, why
