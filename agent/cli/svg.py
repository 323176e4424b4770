"""A curve as an SVG file, drawn without a plotting library: line, band of good values, gaps, axes."""

from __future__ import annotations

from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo

_WIDTH, _HEIGHT = 960, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 40, 40
_TICKS = 5


def curve(
    title: str,
    unit: str,
    points: Sequence[tuple[float, float | None]],
    longest_gap_s: float,
    zone: tzinfo | None = None,
) -> str:
    """`points` are (UTC seconds, value or None), oldest first; a gap longer than `longest_gap_s` breaks the line.

    Its times are those of `zone`, which stands in the title; without one of this machine.
    """
    from datetime import datetime

    known = [value for _t, value in points if value is not None]
    offset = f"{datetime.fromtimestamp(points[0][0] if points else 0, zone).astimezone(zone):UTC%z}"
    t0, t1 = (points[0][0], points[-1][0]) if points else (0.0, 1.0)
    t1 = t1 if t1 > t0 else t0 + 1
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    spare = (high - low) * 0.08 or abs(high) * 0.02 or 1.0
    low, high = low - spare, high + spare
    plot_w, plot_h = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(t: float) -> float:
        return round(_LEFT + (t - t0) / (t1 - t0) * plot_w, 1)

    def y(value: float) -> float:
        return round(_TOP + (high - value) / (high - low) * plot_h, 1)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="24" font-size="16">{_escaped(f"{title}  {offset}")}</text>',
    ]
    for i in range(_TICKS):
        level = low + (high - low) * i / (_TICKS - 1)
        out.append(f'<path d="M{_LEFT} {y(level)}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        text = f"{level:.4g} {_escaped(unit)}".strip()
        out.append(f'<text x="{_LEFT - 6}" y="{y(level) + 4}" font-size="11" text-anchor="end">{text}</text>')
        at = t0 + (t1 - t0) * i / (_TICKS - 1)
        text = f"{datetime.fromtimestamp(at, zone).astimezone(zone):%m-%d %H:%M:%S}"
        anchor = "start" if i == 0 else "end" if i == _TICKS - 1 else "middle"
        out.append(f'<text x="{x(at)}" y="{_HEIGHT - 14}" font-size="11" text-anchor="{anchor}">{text}</text>')
    path = []
    last: float | None = None
    for t, value in points:
        if value is None or (last is not None and t - last > longest_gap_s):
            last = None
        if value is not None:
            path.append(f"{'M' if last is None else 'L'}{x(t)} {y(value)}")
            last = t
    out.append(f'<path d="{" ".join(path)}" fill="none" stroke="#06c" stroke-width="1.5" stroke-linejoin="round"/>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
