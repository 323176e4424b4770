"""Permits, duty and standing orders: who allowed what, where and until when. Without a trusted clock: nothing.

Dates and hours are those of the gateway's time zone: a permit for today holds at three in the morning.
"""

from collections.abc import Sequence

from agent.flight.control.wall import Wall
from agent.settings.flight import Nest, Permit, StandingOrder
from drivers.drone.geometry import Place, inside


def permit_for(
    permits: Sequence[Permit], nest: Nest, wall: Wall, timezone: str, target: Place | None, height_m: float
) -> tuple[Permit | None, str]:
    """A permit that covers a flight to `target` (None: any flight at all) at `height_m` today; else why none does."""
    if not wall.trusted:
        return None, "the clock is not trusted"
    mine = [permit for permit in permits if permit.nest == nest.id]
    if not mine:
        return None, "there is none for this nest"
    why = ""
    today = wall.local(timezone).date()
    for permit in mine:
        ring = tuple(Place(lat, lon) for lon, lat in permit.area) or nest.ring()
        if not permit.start <= today <= permit.until:
            why = f"{permit.id} holds from {permit.start} to {permit.until}"
        elif height_m > permit.max_height_m:
            why = f"{permit.id} ends at {permit.max_height_m:.0f} m"
        elif target is not None and not inside(target, ring):
            why = f"the place is outside the area of {permit.id}"
        elif not inside(nest.spot, ring):
            why = f"the nest is outside the area of {permit.id}"
        else:
            return permit, ""
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
) -> tuple[StandingOrder | None, str]:
    """A standing order that lets this nest fly to this incident; else why none does."""
    mine = [order for order in orders if order.nest == nest.id]
    if not mine:
        return None, "there is no standing order for this nest"
    if not wall.trusted:
        return None, "the clock is not trusted"
    why = ""
    for order in mine:
        away = nest.spot.distance(place)
        if wall.local(timezone).date() > order.until:
            why = f"{order.id} expired on {order.until}"
        elif kind not in order.kinds:
            why = f"{order.id} does not cover incidents of kind {kind}"
        elif away > order.within_m:
            why = f"{away:.0f} m away, {order.id} reaches {order.within_m:.0f} m"
        else:
            return order, ""
    return None, why
