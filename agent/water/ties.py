"""Which point of the mains each hydrant stands on: by its name, or the nearest pipe that is wide enough."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, hypot
from typing import NamedTuple

from agent.water.ground import Place, plane
from agent.water.network import Link, LinkKind, Network, Node
from agent.water.work import Stand
from protocols.reason import Reason

SAME_NAME_M = 200.0
NEAREST_M = 60.0
"""A hydrant's branch is shorter."""
FAR_M = 25.0
END_M = 25.0
"""Nearer to a node than this it stands on the node; else the pipe is cut in two there."""
THIN_M = 0.1
"""Mains with municipal hydrants are at least DN 100 (GB 50974-2014 8.1.4)."""
THIN_COSTS_M = 30.0
"""A main wide enough is preferred over a thin one that is nearer by less than this."""
APART_M = 3.0
CELL_M = 150.0


class Hydrant(NamedTuple):
    """What is to be tied: a place in WGS 84, and its surveyed height where there is one."""

    id: str
    lon: float
    lat: float
    elevation_m: float | None = None


class Ties(NamedTuple):
    """Hydrants at their nodes, and a doubt of each that may not stand there, by id."""

    stands: list[Stand]
    doubts: list[tuple[str, Reason]]


def tie(network: Network, places: Mapping[str, Place], hydrants: Sequence[Hydrant]) -> Ties:
    """Tie them, cutting pipes where a hydrant stands between two nodes; `network` has those nodes then."""
    if not places:
        return Ties([], [])
    about = next(iter(places.values()))
    at = [None if (place := places.get(node.id)) is None else plane(*place, about) for node in network.nodes]
    by_name = {node.id.casefold(): n for n, node in enumerate(network.nodes)}
    ground = _Ground(network, at)
    stands: list[Stand] = []
    doubts: list[tuple[str, Reason]] = []
    taken: dict[int, str] = {}
    for hydrant in hydrants:
        x, y = plane(hydrant.lon, hydrant.lat, about)
        node, distance, bore = _named(by_name, at, hydrant.id, x, y)
        if node is None:
            node, distance, bore = ground.nearest(x, y)
        if node is None:
            doubts.append((hydrant.id, Reason("network.not_tied", most_m=NEAREST_M)))
            continue
        stands.append(Stand(hydrant.id, node, hydrant.lon, hydrant.lat, x, y))
        doubts += ((hydrant.id, doubt) for doubt in _doubts(network, hydrant, node, distance, bore))
        if node in taken:
            doubts.append((hydrant.id, Reason("network.same_node", other=taken[node])))
        taken.setdefault(node, hydrant.id)
    return Ties(stands, doubts)


def _doubts(network: Network, hydrant: Hydrant, node: int, distance: float, bore_m: float | None) -> Iterator[Reason]:
    if distance > FAR_M:
        yield Reason("network.far_tie", metres=round(distance))
    if bore_m is not None and bore_m < THIN_M - 1e-6:
        yield Reason("network.thin", mm=round(bore_m * 1000))
    drawn = network.nodes[node].elev_m
    if hydrant.elevation_m is not None and abs(hydrant.elevation_m - drawn) > APART_M:
        yield Reason("network.height", surveyed_m=round(hydrant.elevation_m, 1), drawn_m=round(drawn, 1))


def _named(
    by_name: Mapping[str, int], at: Sequence[Place | None], name: str, x: float, y: float
) -> tuple[int | None, float, float | None]:
    node = by_name.get(name.casefold())
    place = None if node is None else at[node]
    if place is None or (distance := hypot(place[0] - x, place[1] - y)) > SAME_NAME_M:
        return None, 0.0, None
    return node, distance, None


class _Ground:
    """The pipes by cells of ground."""

    def __init__(self, network: Network, at: list[Place | None]) -> None:
        self._net, self._at = network, at
        self._cells: dict[tuple[int, int], set[int]] = {}
        for n, link in enumerate(network.links):
            self._lay(n, link)

    def _lay(self, n: int, link: Link) -> None:
        a, b = self._at[link.a], self._at[link.b]
        if a is None or b is None or link.kind > LinkKind.CHECK:
            return
        pieces = max(1, ceil(hypot(b[0] - a[0], b[1] - a[1]) / CELL_M * 2))
        for k in range(pieces + 1):
            self._cells.setdefault(_cell(*_between(a, b, k / pieces)), set()).add(n)

    def nearest(self, x: float, y: float) -> tuple[int | None, float, float | None]:
        """The node, metres to its pipe, and that pipe's bore; a junction only."""
        best: tuple[float, float, int, float] | None = None
        column, line = _cell(x, y)
        near = {n for c in (-1, 0, 1) for r in (-1, 0, 1) for n in self._cells.get((column + c, line + r), ())}
        for n in sorted(near):
            link = self._net.links[n]
            a, b = self._at[link.a], self._at[link.b]
            assert a is not None and b is not None
            share, distance = _foot(a, b, x, y)
            costs = distance + (THIN_COSTS_M if link.diameter_m < THIN_M - 1e-6 else 0.0)
            if distance <= NEAREST_M and (best is None or costs < best[0]):
                best = costs, distance, n, share
        if best is None:
            return None, 0.0, None
        _, distance, n, share = best
        bore = self._net.links[n].diameter_m
        return self._node_on(n, share), distance, bore

    def _node_on(self, n: int, share: float) -> int:
        """The end of a pipe that is near enough, else a new node in it."""
        link = self._net.links[n]
        a, b = self._at[link.a], self._at[link.b]
        assert a is not None and b is not None
        length = hypot(b[0] - a[0], b[1] - a[1])
        nodes = self._net.nodes
        ends = sorted(((share * length, link.a), ((1 - share) * length, link.b)))
        for metres, node in ends:
            if metres <= END_M and nodes[node].head_m is None:
                return node
        new = len(nodes)
        low, high = (nodes[end] for end in (link.a, link.b))
        if low.head_m is not None or high.head_m is not None:  # a reservoir's height is its head, not the ground's
            low = high = high if low.head_m is not None else low
        share = min(0.98, max(0.02, share))
        nodes.append(Node(f"{link.id}@{share:.3f}", low.elev_m + share * (high.elev_m - low.elev_m)))
        self._at.append(_between(a, b, share))
        rest = Link(f"{link.id}+", link.kind, new, link.b, link.diameter_m, link.length_m * (1 - share), link.roughness)
        rest.minor, rest.status = link.minor * (1 - share), link.status
        link.b, link.length_m, link.minor = new, link.length_m * share, link.minor * share
        self._net.links.append(rest)
        self._lay(len(self._net.links) - 1, rest)
        return new


def _cell(x: float, y: float) -> tuple[int, int]:
    return int(x // CELL_M), int(y // CELL_M)


def _between(a: Place, b: Place, share: float) -> Place:
    return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])


def _foot(a: Place, b: Place, x: float, y: float) -> tuple[float, float]:
    """Where on a pipe (0 to 1) a point is nearest to it, and how far that is."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    whole = dx * dx + dy * dy
    share = 0.0 if whole == 0.0 else min(1.0, max(0.0, ((x - a[0]) * dx + (y - a[1]) * dy) / whole))
    return share, hypot(a[0] + share * dx - x, a[1] + share * dy - y)
