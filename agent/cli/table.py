"""Rows as a table that keeps its columns with Chinese in a narrow terminal: no borders, two blanks between columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from agent.cli.terminal import cells, clean, fit, paint, wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GAP = "  "


class Column:
    """One column. `key` names it for --fields; `show` makes the text of a row, by default `row[key]`.

    `priority` 0 is never dropped; higher ones go first when the table is wider than the terminal.
    `style` gives a row's cell a colour: a name of `terminal.STYLES` or "".
    """

    __slots__ = ("key", "priority", "right", "show", "style", "title")

    def __init__(
        self,
        key: str,
        title: str,
        show: Callable[[Any], str] | None = None,
        *,
        priority: int = 0,
        right: bool = False,
        style: Callable[[Any], str] | None = None,
    ) -> None:
        self.key = key
        self.title = title
        self.priority = priority
        self.right = right
        self.style = style
        self.show = show or (lambda row: text_of(row.get(key)))


def text_of(value: object) -> str:
    """A JSON value as people read it: nothing for null, lists with commas."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(text_of(item) for item in value)
    return str(value)


def lines(columns: Sequence[Column], rows: Iterable[Any], width: int | None, colour: bool = False) -> list[str]:
    """The table as lines of at most `width` cells (None: as wide as it needs)."""
    rows = list(rows)
    shown = {column: [clean(column.show(row)) for row in rows] for column in columns}
    wide = {column: max([cells(column.title), *map(cells, shown[column])]) for column in columns}
    kept = list(columns)
    while width is not None and _total(kept, wide) > width:
        spare = max(kept, key=lambda column: (column.priority, kept.index(column)))
        if spare.priority == 0:
            _squeeze(kept, wide, width)
            break
        kept.remove(spare)
    out = [_join([fit(c.title, wide[c], c.right) for c in kept], ["dim"] * len(kept), colour)]
    for at, row in enumerate(rows):
        texts = [fit(shown[c][at], wide[c], c.right) for c in kept]
        out.append(_join(texts, [c.style(row) if c.style else "" for c in kept], colour))
    return out


def pairs(facts: Iterable[tuple[str, str]], width: int | None = None) -> list[str]:
    """`label  text` lines with the texts under each other, none wider than `width` cells (None: as wide as needed)."""
    facts = list(facts)
    wide = max((cells(label) for label, _text in facts), default=0)
    out = []
    for label, text in facts:
        first, *more = [text] if width is None else wrap(text, max(width - wide - len(GAP), 16))
        out.append(f"{fit(label, wide)}{GAP}{first}".rstrip())
        out += [" " * (wide + len(GAP)) + line for line in more]
    return out


def _total(kept: Sequence[Column], wide: dict[Column, int]) -> int:
    return sum(wide[column] for column in kept) + len(GAP) * (len(kept) - 1)


def _squeeze(kept: Sequence[Column], wide: dict[Column, int], width: int) -> None:
    """Nothing may be dropped any more: cut the widest columns instead, never below 4 cells."""
    while (over := _total(kept, wide) - width) > 0:
        widest = max(kept, key=lambda column: wide[column])
        if wide[widest] <= 4:
            return
        wide[widest] = max(4, wide[widest] - over)


def _join(texts: list[str], styles: list[str], colour: bool) -> str:
    texts[-1:] = [text.rstrip() for text in texts[-1:]]
    return GAP.join(paint(text, style, colour) for text, style in zip(texts, styles, strict=True)).rstrip()
