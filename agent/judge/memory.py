"""What the judge must remember over a restart so that it does not begin by doubting everything."""

from collections.abc import Iterator, Mapping
from typing import Any

from agent.judge.judge import Judge
from agent.judge.verdict import Outcome

_S = 10**9


def remember(judge: Judge, utc_ns: int) -> dict[str, Any]:
    """Everything `recall` needs, with times as UTC seconds so that a reboot does not matter; `things` stands apart."""
    return {
        "rules": judge.rules.version,
        "at_s": utc_ns / _S,
    }


def things(judge: Judge, now_ns: int, utc_ns: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """What `recall` finds under `things`, one by one."""
    for w, bench in judge.watched():
        held = [
            [channel, value, (utc_ns - (now_ns - w.held_ns[channel])) / _S]
            for channel, value in enumerate(w.held)
            if value is not None
        ]
        rules = {
            rule.id: [int(state.settled), state.turning_min, list(state.window), state.fire_min, int(state.supply)]
            for rule, state in zip(bench.rules, bench.states, strict=True)
        }
        yield w.asset.id, {"held": held, "rules": rules}


def recall(judge: Judge, memory: Mapping[str, Any], now_ns: int, utc_ns: int | None) -> None:
    """Go on from `remember`: values and half-made decisions, while they are young.

    Raises KeyError, ValueError or TypeError where this is not such a memory.
    """
    if utc_ns is None or memory["rules"] != judge.rules.version:
        return
    age_s = utc_ns / _S - memory["at_s"]
    if not 0 <= age_s <= judge.rules.held_max_min * 60:
        return
    for w, bench in judge.watched():
        known = memory["things"].get(w.asset.id)
        if known is None:
            continue
        for channel, value, at_s in known["held"]:
            w.held[channel] = float(value)
            w.held_ns[channel] = now_ns - (utc_ns - int(at_s * _S))
        for rule, state in zip(bench.rules, bench.states, strict=True):
            if rule.id in known["rules"]:
                settled, turning, window, fire_min, supply = known["rules"][rule.id]
                state.settled, state.turning_min = Outcome(settled), int(turning)
                state.fire_min, state.supply = int(fire_min), Outcome(supply)
                state.window.extend(map(float, window))
