"""What must hold of an aircraft that is armed beside its nest. Part of `invariants.py`."""

from collections.abc import Callable, Mapping

from agent.flight.machine.transition import P, TableStep


def _hops_safely(k: TableStep) -> bool:
    """Nobody can have come to it yet, nobody wants it to stay, and the nest it goes to is open."""
    v, c = k.view, k.core
    stands = k.after is P.HOPPING and v.aircraft == "landed_off_site"
    if P.HOPPING not in k.entered and not stands:
        return True
    return bool(
        c.phase in {P.RETURNING, P.HOPPING} and c.aircraft == "landed_off_site" and v.raw("beside") and v.plc and v.link
        and c.cover == "open" and c.berth == "free" and c.energy == "ample" and v.raw("papers") and v.raw("weather")
        and v.raw("pad") and v.raw("power") and v.raw("gnss") and not v.raw("estop") and not v.pilot
        and v.raw("may_lead") and v.order not in {"recall", "stop"}
    )  # fmt: skip


def _what_hopped_comes_in(k: TableStep) -> bool:
    return k.core.phase is not P.HOPPING or not k.view.goal_reached or k.after is not P.HOPPING


HOPS: Mapping[str, Callable[[TableStep], bool]] = {
    "never arm beside the nest but right after the landing, with all of it good and nobody against it": _hops_safely,
    "what hopped up comes in": _what_hopped_comes_in,
}
