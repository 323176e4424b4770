"""Heads and flows that fit together: Todini and Pilati's gradient method, as EPANET has it. Metres and m³/s."""

from collections.abc import Mapping, Sequence

from agent.water.headloss import minor_m, piecewise, power, pump_of, shutoff_m
from agent.water.network import Link, LinkKind, Status
from agent.water.sparse import Factor
from agent.water.system import ACTIVE, CLOSED, OPEN, SHUT_OFF, NoBalance, Settings, Solved, System

HOLD = 1e5
"""How hard an outlet's head is held, m²/s: at 100 L/s it is a micrometre off."""
SHUT = 1e-8
"""What a closed link still lets through, m²/s, as in EPANET."""
BREAK = 1e8
"""How hard a valve that breaks pressure holds its loss, m²/s."""
CLOSE_ENOUGH = 1e-5
"""The changes of all flows over their sum; EPANET's own default is 1e-3."""
MOST_ROUNDS = 150
_HEAD_M = 1e-4
_FLOW = 1e-6
_HOLDERS = (LinkKind.PRV, LinkKind.PSV, LinkKind.FCV)


class Balance:
    """One solution under way."""

    def __init__(
        self,
        of: System,
        moment: Settings,
        outlets: Sequence[tuple[int, float]],
        drawn: Mapping[int, float],
        like: Solved | None,
    ) -> None:
        self.of, self.net, self.moment = of, of.network, moment
        self.outlets = tuple(outlets)
        links = self.net.links
        self.closed = [s is Status.CLOSED for s in moment.status]
        self.loss = list(of.loss)
        for n, link in enumerate(links):
            if link.kind is LinkKind.PUMP:
                if moment.setting[n] <= 0.0:
                    self.closed[n] = True
                else:
                    self.loss[n] = pump_of(link, moment.setting[n])
            elif link.kind is LinkKind.TCV and moment.status[n] is Status.FREE:
                self.loss[n] = power(minor_m(moment.setting[n], link.diameter_m), 2.0, 0.0)
            elif link.kind is LinkKind.GPV:
                self.loss[n] = piecewise(link.curve, 1.0, 1.0)
        self.breaks = {
            n
            for n, link in enumerate(links)
            if link.kind is LinkKind.PBV and moment.status[n] is Status.FREE and moment.setting[n] > 0.0
        }
        self.draws = [moment.draws[node] + drawn.get(node, 0.0) for node in of.junctions]
        self.movable = [
            n for n, link in enumerate(links)
            if not self.closed[n] and (
                link.kind in (LinkKind.CHECK, LinkKind.PUMP) or n in moment.one_way
                or (link.kind in _HOLDERS and moment.status[n] is Status.FREE)
            )
        ]  # fmt: skip
        self.flows: list[float]
        if like is None:
            self.flows = [_first_flow(link, moment.setting[n]) for n, link in enumerate(links)]
            self.states = [CLOSED if shut_ else OPEN for shut_ in self.closed]
            for n in self.movable:
                if links[n].kind in _HOLDERS:
                    self.states[n] = ACTIVE
            self.open = [True] * len(self.outlets)
        else:
            self.flows = list(like.flows)
            self.states = [
                CLOSED if shut_ else (OPEN if state == CLOSED and n not in self.movable else state)
                for n, (shut_, state) in enumerate(zip(self.closed, like.states, strict=True))
            ]
            self.open = [True] * len(self.outlets)
        self.emitted = [0.001] * len(of.emitters)
        self.heads = [0.0 if head is None else head for head in moment.heads]
        self.slopes = [0.0] * len(links)
        self.gives = [0.0] * len(self.outlets)

    def solved(self) -> Solved:
        """Rounds until nothing moves."""
        factor: Factor | None = None
        for number in range(1, MOST_ROUNDS + 1):
            factor, change = self._round(0.6 if number > 40 else 1.0)
            moved = self._look() if number % 2 == 0 or change < CLOSE_ENOUGH else False
            if change < CLOSE_ENOUGH and not moved:
                return Solved(
                    heads=self.heads,
                    flows=self.flows,
                    gives=self.gives,
                    factor=factor,
                    slopes=self.slopes,
                    states=self.states,
                    outlets=self.outlets,
                    open_outlets=self.open,
                    rounds=number,
                )
        raise NoBalance

    def _round(self, share: float) -> tuple[Factor, float]:
        of, links, states = self.of, self.net.links, self.states
        unknown, fixed = of.unknown, self.moment.heads
        size = of.pattern.size
        diagonal = [1e-9] * size
        right = [-draw for draw in self.draws]
        beside = [0.0] * of.pattern.entries
        steps: list[tuple[float, float]] = []
        net_in: list[float] | None = None
        if any(state == ACTIVE for state in states):
            net_in = self._excess()
        for n, ((a, b), flow, slot) in enumerate(zip(of.ends, self.flows, of.slot, strict=True)):
            state = states[n]
            ua, ub = unknown[a], unknown[b]
            if state == ACTIVE and links[n].kind is not LinkKind.FCV:
                assert net_in is not None
                steps.append(self._hold(n, ua, ub, net_in, diagonal, right))
                continue
            if n in self.breaks:
                p, y = BREAK, BREAK * self.moment.setting[n]
            elif state == OPEN:
                lost, steep = self.loss[n](flow)
                p = 1.0 / steep
                y = lost * p
            elif state == ACTIVE:  # a flow control valve gives its setting
                p, y = SHUT, flow - self.moment.setting[n]
            else:
                p, y = SHUT, flow
            self.slopes[n] = p
            steps.append((p, y))
            rest = flow - y
            if ua >= 0:
                diagonal[ua] += p
                right[ua] -= rest
                if ub < 0:
                    right[ua] += p * (fixed[b] or 0.0)
            if ub >= 0:
                diagonal[ub] += p
                right[ub] += rest
                if ua < 0:
                    right[ub] += p * (fixed[a] or 0.0)
            if slot >= 0:
                beside[slot] -= p
        for n, (place, elev, loss) in enumerate(of.emitters):
            lost, steep = loss(self.emitted[n])
            p = 1.0 / steep
            y = lost * p
            diagonal[place] += p
            right[place] += p * elev - (self.emitted[n] - y)
            steps.append((p, y))
        for (node, head), is_open in zip(self.outlets, self.open, strict=True):
            place = unknown[node]
            if is_open and place >= 0:
                diagonal[place] += HOLD
                right[place] += HOLD * head
        factor = of.pattern.factor(diagonal, beside)
        found = factor.solve(right)
        for node, place in enumerate(unknown):
            if place >= 0:
                self.heads[node] = found[place]
        return factor, self._move(steps, share)

    def _move(self, steps: list[tuple[float, float]], share: float) -> float:
        """Take the flows on by what the heads say; how much moved, as a share of all."""
        heads, moved, whole = self.heads, 0.0, 1e-12
        for n, (a, b) in enumerate(self.of.ends):
            p, y = steps[n]
            step = (y - p * (heads[a] - heads[b])) * (share if self.states[n] != ACTIVE else 1.0)
            flow = self.flows[n] - step
            if self.net.links[n].power_w > 0.0 and flow <= 0.0 and self.states[n] == OPEN:
                flow = self.flows[n] / 2.0
            self.flows[n] = flow
            moved += abs(step)
            whole += abs(flow)
        first = len(self.of.ends)
        for n, (place, elev, _) in enumerate(self.of.emitters):
            p, y = steps[first + n]
            step = (y - p * (heads[self.of.junctions[place]] - elev)) * share
            self.emitted[n] -= step
            moved += abs(step)
            whole += abs(self.emitted[n])
        given = 0.0
        for n, (node, head) in enumerate(self.outlets):
            gives = HOLD * (heads[node] - head) if self.open[n] else 0.0
            moved += abs(gives - self.gives[n])
            given += abs(gives)
            self.gives[n] = gives
        return moved / (whole + given)

    def _excess(self) -> list[float]:
        """By junction place: what flows in less what flows out and is drawn."""
        excess = [-draw for draw in self.draws]
        unknown = self.of.unknown
        for (a, b), flow in zip(self.of.ends, self.flows, strict=True):
            if unknown[a] >= 0:
                excess[unknown[a]] -= flow
            if unknown[b] >= 0:
                excess[unknown[b]] += flow
        for (node, _), gives in zip(self.outlets, self.gives, strict=True):
            if unknown[node] >= 0:
                excess[unknown[node]] -= gives
        for emitted, (place, _, _) in zip(self.emitted, self.of.emitters, strict=True):
            excess[place] -= emitted
        return excess

    def _hold(
        self, n: int, ua: int, ub: int, net_in: list[float], diagonal: list[float], right: list[float]
    ) -> tuple[float, float]:
        """A valve that holds a pressure on one side: that side's head is given, its flow what the side wants."""
        link = self.net.links[n]
        held, other, at = (ub, ua, link.b) if link.kind is LinkKind.PRV else (ua, ub, link.a)
        sign = 1.0 if link.kind is LinkKind.PRV else -1.0
        self.slopes[n] = 0.0
        flow = self.flows[n]
        if held < 0:
            return 0.0, 0.0
        lacks = -net_in[held] * sign
        diagonal[held] += HOLD * 1e3
        right[held] += HOLD * 1e3 * (self.net.nodes[at].elev_m + self.moment.setting[n])
        wanted = flow + lacks
        if other >= 0:
            right[other] -= wanted * sign
        return 0.0, flow - wanted

    def _look(self) -> bool:
        """Whether a check valve, pump, valve or outlet changes its state."""
        changed = False
        for n in self.movable:
            state = self._state(n)
            if state != self.states[n]:
                self.states[n] = state
                changed = True
        for n, (node, head) in enumerate(self.outlets):
            stays = self.gives[n] >= -_FLOW if self.open[n] else self.heads[node] > head + _HEAD_M
            if stays != self.open[n]:
                self.open[n] = stays
                if not stays:
                    self.gives[n] = 0.0
                changed = True
        return changed

    def _state(self, n: int) -> int:
        link, flow, state = self.net.links[n], self.flows[n], self.states[n]
        high, low = self.heads[link.a], self.heads[link.b]
        setting = self.moment.setting[n]
        if way := self.moment.one_way.get(n, 0.0):
            return _checked(state, way * flow, way * (high - low))
        match link.kind:
            case LinkKind.CHECK:
                return _checked(state, flow, high - low)
            case LinkKind.PUMP:
                return SHUT_OFF if low - high > shutoff_m(link, setting) + _HEAD_M else OPEN
            case LinkKind.FCV:
                if high - low < -_HEAD_M or flow < -_FLOW:
                    return OPEN
                return ACTIVE if state == OPEN and flow >= setting else state
        wanted = self.net.nodes[link.b if link.kind is LinkKind.PRV else link.a].elev_m + setting
        if link.kind is LinkKind.PRV:
            return _held(state, flow, high < wanted - _HEAD_M, low >= wanted + _HEAD_M, high, low, wanted)
        return _held(state, flow, low > wanted + _HEAD_M, high < wanted - _HEAD_M, -low, -high, -wanted)


def _checked(state: int, flow: float, fall: float) -> int:
    """The next state of what lets water through one way."""
    if flow < -_FLOW or fall < -_HEAD_M:
        return CLOSED
    return OPEN if fall > _HEAD_M else state


def _held(state: int, flow: float, starved: bool, over: bool, high: float, low: float, wanted: float) -> int:
    """The next state of a valve that holds `low` at `wanted`; one that holds its upstream side is turned round."""
    if state == ACTIVE:
        return CLOSED if flow < -_FLOW else OPEN if starved else ACTIVE
    if state == OPEN:
        return CLOSED if flow < -_FLOW else ACTIVE if over else OPEN
    if high >= wanted + _HEAD_M and low < wanted - _HEAD_M:
        return ACTIVE
    return OPEN if high < wanted - _HEAD_M and high > low + _HEAD_M else CLOSED


def _first_flow(link: Link, setting: float) -> float:
    """Something to begin with: a foot a second in a pipe, a pump's own point."""
    if link.kind is LinkKind.PUMP:
        if link.power_w > 0.0:
            return 0.03
        middle = link.curve[len(link.curve) // 2][0]
        return max(middle * setting, 1e-4)
    return 0.3048 * 0.785398 * link.diameter_m**2
