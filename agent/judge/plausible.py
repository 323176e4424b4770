"""Whether a fact can be meant: what is well formed and still a slip of the pen is refused, naming the field."""

from collections.abc import Mapping

from agent.judge.asset import Asset
from agent.judge.facts import BadFact, Fact, Incident, Permit
from agent.judge.flow import FlowTest
from agent.judge.place import distance_m
from protocols.reason import Reason

AHEAD_S = 300.0
"""A clock of whoever says it may be so far ahead of ours; what is dated later has not happened."""
FARTHEST_M = 100_000.0
MOST_KPA = 2500.0
MOST_L_S = 500.0
LEVELS = (1, 5)


def check(fact: Fact, assets: Mapping[str, Asset], utc_s: float | None) -> None:
    """Raise BadFact with the field and what it may be. `utc_s` is None while the clock is not to be trusted."""
    if not isinstance(fact, Incident):
        _asset(fact.asset, assets)
    if isinstance(fact, FlowTest):
        _within("static_kpa", fact.static_kpa, 0, MOST_KPA, "kPa")
        _within("residual_kpa", fact.residual_kpa, 0, MOST_KPA, "kPa")
        _within("flow_l_s", fact.flow_l_s, 0, MOST_L_S, "L/s")
    if isinstance(fact, Incident):
        _within("level", fact.level, *LEVELS)
    if utc_s is not None:
        not_ahead(fact.at_s, utc_s)
    if isinstance(fact, Incident | Permit) and fact.lon is not None and fact.lat is not None:
        _place(fact.lon, fact.lat, assets)


def not_ahead(at_s: float, now_s: float) -> None:
    """Of one thing what is dated last counts: a date that is yet to come would count against everything said till then.

    Raises BadFact.
    """
    if at_s > now_s + AHEAD_S:
        raise BadFact("fact.in_the_future", ahead_s=at_s - now_s, most_s=AHEAD_S)


def _within(field: str, value: float, least: float, most: float, unit: str = "") -> None:
    if not least <= value <= most:
        code = "fact.outside_unit" if unit else "fact.outside"
        raise BadFact(Reason(code, field=field, value=value, least=least, most=most, unit=unit))


def _asset(asset: str, assets: Mapping[str, Asset]) -> None:
    if not asset or asset in assets:
        return
    from difflib import get_close_matches  # for a slip of the pen only

    near = get_close_matches(asset, assets, 1, 0.4)
    if near:
        raise BadFact("fact.no_asset_but", asset=asset, near=near[0])
    raise BadFact("fact.no_asset", asset=asset)


def _place(lon: float, lat: float, assets: Mapping[str, Asset]) -> None:
    """Near some device of the site; where none has a place nothing can be said."""
    places = [asset.place for asset in assets.values() if asset.place is not None]
    nearest_m = min((distance_m(lon, lat, *place) for place in places), default=0.0)
    if nearest_m > FARTHEST_M:
        raise BadFact("fact.far_away", lon=lon, lat=lat, away_km=nearest_m / 1000)
