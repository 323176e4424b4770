"""EPANET's input file (.inp, 2.0 to 2.3) → Network, in metres and m³/s. What is left aside is told as a doubt."""

from collections.abc import Callable
from math import pi

from agent.water.headloss import CUBIC_FOOT_M3, FOOT_M, KPA_M
from agent.water.inp_text import BadNetwork, Line, decoded, sections
from agent.water.network import Control, Link, LinkKind, Network, Node, Status, Tank
from protocols.reason import Reason

GALLON_M3 = 3.785411784e-3
FLOWS = {
    "CFS": CUBIC_FOOT_M3,
    "GPM": GALLON_M3 / 60,
    "MGD": GALLON_M3 * 1e6 / 86400,
    "IMGD": 4.54609e-3 * 1e6 / 86400,
    "AFD": 43560 * CUBIC_FOOT_M3 / 86400,
    "LPS": 1e-3,
    "LPM": 1e-3 / 60,
    "MLD": 1e3 / 86400,
    "CMH": 1 / 3600,
    "CMD": 1 / 86400,
    "CMS": 1.0,
}
"""m³/s of each unit a file may name."""
AMERICAN = ("CFS", "GPM", "MGD", "IMGD", "AFD")
PSI_M = 6.894757293 * KPA_M
VALVES = {kind.name: kind for kind in LinkKind if kind >= LinkKind.PRV}
MOST_PARTS = 200_000
WATER_M2_S = 1.022e-6
FOOT_WATER_M2_S = 1.1e-5 * FOOT_M**2


class Read:
    """One file under way. `network` is whole once made; `doubts` is what whoever sent it should hear."""

    def __init__(self, data: bytes) -> None:
        self.parts = sections(decoded(data))
        self.doubts: list[Reason] = []
        self.network = Network([], [])
        self.places: dict[str, tuple[float, float]] = {}
        """The file's own coordinates by node."""
        self._nodes: dict[str, int] = {}
        self._links: dict[str, int] = {}
        self._curves: dict[str, list[tuple[float, float]]] = {}
        self._default_pattern = "1"
        self._options()
        self._patterns_and_curves()
        for section, take in (
            ("JUNCTIONS", self._junction), ("RESERVOIRS", self._reservoir), ("TANKS", self._tank),
            ("PIPES", self._pipe), ("PUMPS", self._pump), ("VALVES", self._valve), ("EMITTERS", self._emitter),
            ("COORDINATES", self._coordinates), ("STATUS", self._status), ("CONTROLS", self._control),
        ):  # fmt: skip
            self._each(section, take)
        self._demands()
        self._whole()

    def _each(self, section: str, take: Callable[[Line], None]) -> None:
        lines = self.parts.get(section, [])
        if len(lines) > MOST_PARTS:
            raise BadNetwork("network.too_many", section=section, most=MOST_PARTS)
        for line in lines:
            take(line)

    def _options(self) -> None:
        net, units, viscosity = self.network, "GPM", 1.0
        for line in self.parts.get("OPTIONS", []):
            first, second = line.upper(0), line.upper(1)
            match first[:4], second[:4]:
                case "UNIT", _:
                    units = second
                case "HEAD", _:
                    if second[:1] not in ("H", "D", "C"):
                        raise BadNetwork("network.no_formula", line=line.number, text=second)
                    net.formula = {"H": "H-W", "D": "D-W", "C": "C-M"}[second[:1]]
                case "VISC", _:
                    viscosity = line.number_at(1)
                case "PATT", _:
                    self._default_pattern = line.word(1)
                case "DEMA", "MULT":
                    net.demand_factor = line.number_at(2)
                case "DEMA", "MODE" if line.upper(2) == "PDA":
                    self.doubts.append(Reason("network.pressure_driven"))
                case "EMIT", "EXPO":
                    net.emitter_exponent = line.number_at(2)
        if units not in FLOWS:
            raise BadNetwork("network.no_unit", text=units[:40], known=tuple(FLOWS))
        self.flow = FLOWS[units]
        american = units in AMERICAN
        self.metre = FOOT_M if american else 1.0
        self.bore = FOOT_M / 12 if american else 1e-3
        self.pressure = PSI_M if american else 1.0
        self.watt = 745.699872 if american else 1000.0
        self.rough = 1.0 if net.formula != "D-W" else FOOT_M / 1000 if american else 1e-3
        if viscosity > 1e-3:  # relative to water's
            net.viscosity_m2_s = viscosity * FOOT_WATER_M2_S
        else:
            net.viscosity_m2_s = viscosity * (FOOT_M**2 if american else 1.0)
        for line in self.parts.get("TIMES", []):
            match line.upper(0)[:4], line.upper(1)[:4]:
                case "PATT", "TIME":
                    net.pattern_step_s = max(60.0, line.seconds(2))
                case "PATT", "STAR":
                    net.pattern_start_s = line.seconds(2)
                case "STAR", "CLOC":
                    net.clock_start_s = line.seconds(2) % 86400.0
        titles = self.parts.get("TITLE", [])
        net.title = " ".join(titles[0].words)[:120] if titles else ""

    def _patterns_and_curves(self) -> None:
        patterns: dict[str, list[float]] = {}
        for line in self.parts.get("PATTERNS", []):
            patterns.setdefault(line.name(0), []).extend(line.real(word) for word in line.words[1:])
        self.network.patterns = {name: tuple(values) for name, values in patterns.items()}
        for line in self.parts.get("CURVES", []):
            points = self._curves.setdefault(line.name(0), [])
            points += [(line.number_at(n), line.number_at(n + 1)) for n in range(1, len(line.words) - 1, 2)]

    def _add(self, line: Line, node: Node) -> int:
        if node.id in self._nodes:
            raise BadNetwork("network.twice", line=line.number, id=node.id)
        self._nodes[node.id] = len(self.network.nodes)
        self.network.nodes.append(node)
        return self._nodes[node.id]

    def _junction(self, line: Line) -> None:
        node = Node(line.name(0), line.number_at(1, 0.0) * self.metre)
        if len(line.words) > 2:
            node.demands.append((line.number_at(2) * self.flow, self._pattern(line, 3)))
        self._add(line, node)

    def _pattern(self, line: Line, place: int) -> str:
        name = line.words[place] if place < len(line.words) else self._default_pattern
        if name not in self.network.patterns and place < len(line.words):
            raise BadNetwork("network.unknown", line=line.number, id=name[:40])
        return name if name in self.network.patterns else ""

    def _reservoir(self, line: Line) -> None:
        head = line.number_at(1) * self.metre
        pattern = self._pattern(line, 2) if len(line.words) > 2 else ""
        self._add(line, Node(line.name(0), head, head_m=head, head_pattern=pattern))

    def _tank(self, line: Line) -> None:
        floor = line.number_at(1) * self.metre
        if len(line.words) <= 3:  # EPANET reads a tank without a width as a reservoir
            self._add(line, Node(line.name(0), floor, head_m=floor))
            return
        level, least, most = (line.number_at(n) * self.metre for n in (2, 3, 4))
        width = line.number_at(5) * self.metre
        if len(line.words) > 7 and line.words[7] != "*":
            self.doubts.append(Reason("network.tank_curve", id=line.word(0)))
        node = self._add(line, Node(line.name(0), floor, head_m=floor + level))
        self.network.tanks.append(Tank(node, level, least, most, pi * width * width / 4))

    def _node(self, line: Line, place: int) -> int:
        name = line.word(place)
        if name not in self._nodes:
            raise BadNetwork("network.unknown", line=line.number, id=name[:40])
        return self._nodes[name]

    def _join(self, line: Line, link: Link) -> None:
        if link.id in self._links:
            raise BadNetwork("network.twice", line=line.number, id=link.id)
        if link.a == link.b:
            raise BadNetwork("network.to_itself", line=line.number, id=link.id)
        self._links[link.id] = len(self.network.links)
        self.network.links.append(link)

    def _pipe(self, line: Line) -> None:
        link = Link(line.name(0), LinkKind.PIPE, self._node(line, 1), self._node(line, 2))
        link.length_m, link.diameter_m = line.number_at(3) * self.metre, line.number_at(4) * self.bore
        link.roughness = line.number_at(5) * self.rough
        if min(link.length_m, link.diameter_m, link.roughness) <= 0:
            raise BadNetwork("network.not_above_nothing", line=line.number, id=link.id)
        for word in line.words[6:8]:
            match word.upper():
                case "OPEN":
                    pass
                case "CLOSED":
                    link.status = Status.CLOSED
                case "CV":
                    link.kind = LinkKind.CHECK
                case _:
                    link.minor = line.real(word)
        self._join(line, link)

    def _curve(self, line: Line, name: str) -> list[tuple[float, float]]:
        if not self._curves.get(name):
            raise BadNetwork("network.unknown", line=line.number, id=name[:40])
        return self._curves[name]

    def _pump(self, line: Line) -> None:
        link = Link(line.name(0), LinkKind.PUMP, self._node(line, 1), self._node(line, 2), setting=1.0)
        for place in range(3, len(line.words) - 1, 2):
            match line.upper(place)[:4]:
                case "HEAD":
                    points = self._curve(line, line.word(place + 1))
                    link.curve = tuple((q * self.flow, h * self.metre) for q, h in points)
                case "POWE":
                    link.power_w = line.number_at(place + 1) * self.watt
                case "SPEE":
                    link.setting = line.number_at(place + 1)
                case "PATT":
                    link.pattern = line.word(place + 1)
        if (not link.curve and link.power_w <= 0) or (link.curve and (link.curve[0][1] <= 0 or link.curve[-1][0] <= 0)):
            raise BadNetwork("network.pump_without", line=line.number, id=link.id)
        self._join(line, link)

    def _valve(self, line: Line) -> None:
        kind = VALVES.get(line.upper(4))
        if kind is None:
            raise BadNetwork("network.no_valve", line=line.number, text=line.upper(4)[:40], known=tuple(VALVES))
        link = Link(line.name(0), kind, self._node(line, 1), self._node(line, 2), status=Status.FREE)
        link.diameter_m, link.minor = line.number_at(3) * self.bore, line.number_at(6, 0.0)
        if link.diameter_m <= 0:
            raise BadNetwork("network.not_above_nothing", line=line.number, id=link.id)
        if kind is LinkKind.GPV:
            points = sorted(self._curve(line, line.word(5)))
            link.curve = tuple((q * self.flow, h * self.metre) for q, h in points)
        else:
            link.setting = self._setting(kind, line.number_at(5, 0.0))
        self._join(line, link)

    def _setting(self, kind: LinkKind, value: float) -> float:
        if kind in (LinkKind.PRV, LinkKind.PSV, LinkKind.PBV):
            return value * self.pressure
        return value * self.flow if kind is LinkKind.FCV else value

    def _emitter(self, line: Line) -> None:
        exponent = self.network.emitter_exponent
        self.network.nodes[self._node(line, 0)].emitter = line.number_at(1) * self.flow / self.pressure**exponent

    def _coordinates(self, line: Line) -> None:
        if line.word(0) in self._nodes:
            self.places[line.word(0)] = line.number_at(1), line.number_at(2)

    def _status(self, line: Line) -> None:
        found = self._links.get(line.word(0))
        if found is not None:
            self._set(self.network.links[found], line, 1)

    def _set(self, link: Link, line: Line, place: int) -> None:
        status, setting = self._said(link, line, place)
        link.status, link.setting = status, link.setting if setting is None else setting

    def _said(self, link: Link, line: Line, place: int) -> tuple[Status, float | None]:
        match line.upper(place):
            case "OPEN":
                return Status.OPEN, 1.0 if link.kind is LinkKind.PUMP else None
            case "CLOSED":
                return Status.CLOSED, None
            case "ACTIVE":
                return Status.FREE, None
        return Status.OPEN if link.kind is LinkKind.PUMP else Status.FREE, self._setting(
            link.kind, line.number_at(place)
        )

    def _control(self, line: Line) -> None:
        """`LINK id status IF NODE id ABOVE x`, `… AT TIME t`, `… AT CLOCKTIME t`."""
        if len(line.words) < 6 or line.word(1) not in self._links:
            raise BadNetwork("network.no_control", line=line.number)
        number = self._links[line.word(1)]
        status, setting = self._said(self.network.links[number], line, 2)
        if line.upper(3) == "IF":
            node = self._node(line, 5)
            fixed = self.network.nodes[node].head_m is not None
            limit = line.number_at(7) * (self.metre if fixed else self.pressure)
            control = Control(number, status, setting, node, line.upper(6) == "ABOVE", limit)
        elif line.upper(4) == "CLOCKTIME":
            control = Control(number, status, setting, clock_s=line.seconds(5) % 86400.0)
        else:
            control = Control(number, status, setting, at_s=line.seconds(5))
        self.network.controls.append(control)

    def _demands(self) -> None:
        """[DEMANDS] stands in place of what [JUNCTIONS] says."""
        begun: set[int] = set()
        for line in self.parts.get("DEMANDS", []):
            if line.upper(0) == "MULTIPLY":
                self.network.demand_factor = line.number_at(1)
                continue
            node = self._node(line, 0)
            if node not in begun:
                begun.add(node)
                self.network.nodes[node].demands.clear()
            self.network.nodes[node].demands.append((line.number_at(1) * self.flow, self._pattern(line, 2)))

    def _whole(self) -> None:
        """What makes it no network; what was left aside."""
        net = self.network
        if all(node.head_m is None for node in net.nodes):
            raise BadNetwork("network.no_source")
        joined = {end for link in net.links for end in (link.a, link.b)}
        if alone := [node.id for n, node in enumerate(net.nodes) if n not in joined]:
            self.doubts.append(Reason("network.alone", count=len(alone), ids=tuple(alone[:5])))
        for section in ("RULES", "LEAKAGE"):
            if self.parts.get(section):
                self.doubts.append(Reason("network.left_aside", section=section, lines=len(self.parts[section])))
