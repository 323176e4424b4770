"""The coverage as a picture: one SVG that any browser and printer shows, readable without colours too."""

from collections.abc import Callable, Iterable, Sequence
from html import escape

from agent.judge.near import AssetStatus
from agent.reports.coverage.cover import Coverage, Plane, Point
from protocols.lang import LANGUAGES
from protocols.reason import Reason, sentence, word

Spot = Callable[[Point], tuple[float, float]]

_WIDTH = 900
_MARGIN = 20
_FOOT = 70
_MARKS = {
    "serviceable": ("#1a7f37", "M-4,0 a4,4 0 1,0 8,0 a4,4 0 1,0 -8,0"),
    "not_serviceable": ("#c0272d", "M-4,-4 L4,4 M-4,4 L4,-4"),
    "unknown": ("#b26a00", "M-4,4 L0,-4 L4,4 Z"),
}


def draw(standings: Iterable[AssetStatus], coverage: Coverage, language: str = "zh") -> str:
    """The map: discs of working hydrants, gaps, every hydrant by its verdict, a scale and a legend."""
    language = language if language in LANGUAGES else "en"  # it is the client's word
    things = list(standings)
    radius = coverage.radius_m
    plane = Plane.about([(s.lon, s.lat) for s in things] + [p for g in coverage.gaps for r in g for p in r], radius)
    points = [plane.to(s.lon, s.lat) for s in things]
    edge = [plane.to(*p) for gap in coverage.gaps for ring in gap for p in ring]
    right = max(x for x, _ in points + edge) + radius
    top = max(y for _, y in points + edge) + radius
    scale = (_WIDTH - 2 * _MARGIN) / right
    height = top * scale + 2 * _MARGIN + _FOOT

    def spot(point: Point) -> tuple[float, float]:
        return _MARGIN + point[0] * scale, _MARGIN + (top - point[1]) * scale

    size = f'width="{_WIDTH}" height="{height:.0f}" viewBox="0 0 {_WIDTH} {height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        '<defs><pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse">',
        '<path d="M0,6 L6,0" stroke="#c0272d" stroke-width="1"/></pattern></defs>',
    ]
    for s, point in zip(things, points, strict=True):
        if s.state == "serviceable" and s.kind != "water_point":
            x, y = spot(point)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius * scale:.1f}" fill="#1a7f37" opacity=".15"/>')
    hatched = 'fill="url(#gap)" fill-rule="evenodd" stroke="#c0272d"'
    parts += [f'<path d="{_path(gap, plane, spot)}" {hatched}/>' for gap in coverage.gaps]
    for s, point in zip(things, points, strict=True):
        colour, mark = _MARKS.get(s.state, _MARKS["unknown"])
        x, y = spot(point)
        why = ", ".join(sentence(word(code), language) for code in (s.state, *s.reasons))
        title = escape(f"{s.id} {s.name}: {why}")
        parts.append(
            f'<path transform="translate({x:.1f},{y:.1f})" d="{mark}" stroke="{colour}" stroke-width="2" '
            f'fill="{colour}"><title>{title}</title></path>'
        )
    parts += _legend(coverage, scale, height, language)
    return "\n".join([*parts, "</svg>", ""])


def _path(gap: Sequence[Sequence[Point]], plane: Plane, spot: Spot) -> str:
    rings = []
    for ring in gap:
        corners = [spot(plane.to(*p)) for p in ring[:-1]]
        rings.append("M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in corners) + " Z")
    return " ".join(rings)


def _legend(coverage: Coverage, scale: float, height: float, language: str) -> list[str]:
    """Marks with their words, the covered share, a scale bar of a round length."""
    y = height - _FOOT / 2
    parts = []
    x = _MARGIN + 5.0
    for state, (colour, mark) in _MARKS.items():
        parts.append(f'<path transform="translate({x:.0f},{y:.0f})" d="{mark}" stroke="{colour}" fill="{colour}"/>')
        parts.append(f'<text x="{x + 10:.0f}" y="{y + 4:.0f}">{sentence(word(state), language)}</text>')
        x += 130
    parts.append(f'<rect x="{x - 5:.0f}" y="{y - 6:.0f}" width="12" height="12" fill="url(#gap)" stroke="#c0272d"/>')
    parts.append(f'<text x="{x + 12:.0f}" y="{y + 4:.0f}">{sentence(word("gap"), language)}</text>')
    share = coverage.share
    if share is not None:
        covered = sentence(Reason("coverage.covered", share=share, radius_m=coverage.radius_m), language)
        parts.append(f'<text x="{x + 80:.0f}" y="{y + 4:.0f}">{covered}</text>')
    bar_m = next(m for m in (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 10**9) if m * scale >= 60 or m == 10**9)
    x2 = _WIDTH - _MARGIN
    x1 = x2 - bar_m * scale
    parts.append(f'<path d="M{x1:.1f},{y - 4:.1f} v8 h{x2 - x1:.1f} v-8" stroke="#000" fill="none"/>')
    parts.append(f'<text x="{x1:.0f}" y="{y + 20:.0f}">{bar_m} m</text>')
    return parts
