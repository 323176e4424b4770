"""Curves in braille, two values and four heights per cell: one cell wide on every terminal, which blocks are not."""

from __future__ import annotations

from collections.abc import Sequence

_LEFT = (0x40, 0x04, 0x02, 0x01)  # dots 7 3 2 1, from the bottom up
_RIGHT = (0x80, 0x20, 0x10, 0x08)  # dots 8 6 5 4
_ASCII = "_.-=+*#"


def bounds(values: Sequence[float | None], floor: float | None = None, least: float = 0.05) -> tuple[float, float]:
    """The lowest and highest value; spread to at least `least` of the highest, so that noise stays small.

    With a `floor` the curve stands on it: a rate of nothing lies at the bottom.
    """
    known = [value for value in values if value is not None]
    if not known:
        return 0.0, 1.0
    if floor is not None:
        return floor, max(*known, floor + 1e-9)
    low, high = min(known), max(known)
    spare = max(abs(high) * least, 1e-9) - (high - low)
    return (low - spare / 3, high + spare * 2 / 3) if spare > 0 else (low, high)


def spark(values: Sequence[float | None], width: int, ascii_only: bool = False, floor: float | None = None) -> str:
    """One line of `width` cells, newest at the right end; a gap where a value is missing."""
    if ascii_only:
        return _spark_ascii(values, width, floor)
    return plot(values, width, 1, floor)[0]


def plot(values: Sequence[float | None], width: int, height: int, floor: float | None = None) -> list[str]:
    """Filled curve of `width` × `height` cells, top line first, newest at the right end."""
    wanted: list[float | None] = list(values)[-2 * width :]
    wanted[:0] = [None] * (2 * width - len(wanted))
    low, high = bounds(wanted, floor)
    steps = 4 * height
    heights = [0 if v is None else 1 + round((v - low) / (high - low) * (steps - 1)) for v in wanted]
    lines = []
    for row in range(height - 1, -1, -1):
        line = []
        for at in range(0, 2 * width, 2):
            dots = 0
            for column, bits in ((at, _LEFT), (at + 1, _RIGHT)):
                for level in range(min(4, max(0, heights[column] - 4 * row))):
                    dots |= bits[level]
            line.append(chr(0x2800 + dots) if dots else " ")
        lines.append("".join(line))
    return lines


def _spark_ascii(values: Sequence[float | None], width: int, floor: float | None) -> str:
    wanted = list(values)[-width:]
    low, high = bounds(wanted, floor)
    top = len(_ASCII) - 1
    return "".join(" " if v is None else _ASCII[round((v - low) / (high - low) * top)] for v in wanted).rjust(width)
