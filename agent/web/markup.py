"""HTML without a template: whatever is not markup already is text, and no text becomes markup."""

from __future__ import annotations

from html import escape

VOID = frozenset({"br", "input", "link", "meta"})


class Markup(str):
    """Text of HTML as it stands."""

    __slots__ = ()


def tag(_name: str, *inside: object, **attributes: object) -> Markup:
    """One element. Attributes of None or False are left out, True is written bare; `class_` and `data_x` as in HTML."""
    told = "".join(
        f" {name.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{_name}{told}>" if _name in VOID else f"<{_name}{told}>{joined(*inside)}</{_name}>")


def joined(*parts: object) -> Markup:
    """One after the other."""
    return Markup("".join(part if isinstance(part, Markup) else escape(str(part)) for part in parts))
