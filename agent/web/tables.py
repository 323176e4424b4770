"""Records as tables and lists, the same on every page."""

from __future__ import annotations

from collections.abc import Iterable

from agent.web.markup import Markup, joined, tag
from agent.web.records import Record
from agent.web.words import Words


def table(heads: Iterable[str], records: Iterable[Record], words: Words, kind: str = "") -> Markup:
    """A row each: the first cell names it. `heads` are codes of the catalogue; a phone shows them in each row."""
    titles = [words(code) for code in heads]
    rows = [_row(one, titles) for one in records]
    if not rows:
        return tag("p", words("web.nothing_found"))
    head = tag("tr", *(tag("th", title, scope="col") for title in titles))
    return tag("table", tag("thead", head), tag("tbody", *rows), class_=kind or None)


def _row(one: Record, titles: list[str]) -> Markup:
    name, *others = one.cells
    cells = [tag("td", cell, data_is=title) for cell, title in zip(others, titles[1:], strict=True)]
    return tag("tr", tag("th", name, scope="row"), *cells, id=one.id, data_state=one.state)


def facts(records: Iterable[Record]) -> Markup:
    """What is what: two cells each."""
    rows = [
        tag("div", *(tag(name, cell) for name, cell in zip(("dt", "dd"), one.cells, strict=True)),
            id=one.id, data_state=one.state)
        for one in records
    ]  # fmt: skip
    return tag("dl", *rows)


def section(title: str, *inside: object) -> Markup:
    """A part of a page under its heading."""
    return tag("section", tag("h2", title), joined(*inside))
