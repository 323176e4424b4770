"""What stands around every page: its head, the way to the others, how old it is, and nothing from anywhere else."""

from __future__ import annotations

from typing import NamedTuple

from agent.web.assets import Assets
from agent.web.markup import Markup, joined, tag
from agent.web.words import LANGUAGES, Words

NAMES = {"zh": "中文", "en": "English"}
"""Of a language, in itself."""
TAGS = {"zh": "zh-Hans", "en": "en"}


def document(words: Words, assets: Assets, title: str, *inside: object, script: str = "", **about: str) -> bytes:
    """A whole page. `about`: what its script is told, as data of the page."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("link", rel="icon", href=assets.address("icon.svg")),
        tag("link", rel="stylesheet", href=assets.address("style.css")),
        tag("script", src=assets.address(script), defer=True) if script else "",
    )
    data = {f"data_{name}": value for name, value in about.items()}
    page = tag("html", head, tag("body", *inside), lang=TAGS[words.language], **data)
    return f"<!DOCTYPE html>\n{page}\n".encode()


class About(NamedTuple):
    """What stands around a page: the station's name, the `ways` to its pages as (address, code of its title), which of
    them is `here`, where its changes come from, and why it is old where it is.
    """

    station: str
    ways: tuple[tuple[str, str], ...]
    here: str
    live: str
    gone: str


def page(words: Words, assets: Assets, title: str, about: About, main: Markup) -> bytes:
    """A page of the station's."""
    gone = about.gone
    languages = [
        tag("a", NAMES[one], href=f"?lang={one}", hreflang=TAGS[one], lang=TAGS[one])
        for one in LANGUAGES
        if one != words.language
    ]
    out = tag("form", tag("button", words("web.sign_out")), method="post", action="/out")
    links = [
        tag("a", words(code), href=f"/{name}", aria_current="page" if name == about.here else None)
        for name, code in about.ways
    ]
    ways = tag("nav", *links, aria_label=words("web.pages"))
    bar = tag("header", tag("strong", about.station), ways, tag("div", *languages, out, class_="side"))
    silent = words("web.silent_since", since="{since}")  # its script puts the time there
    state = tag("p", gone, id="gone", role="status", hidden=not gone, data_text=silent)
    body = tag("main", tag("h1", title), main, id="main")
    told = {"live": about.live, **({"gone": "yes"} if gone else {})}
    return document(words, assets, f"{title} · {about.station}", bar, state, body, script="live.js", **told)


def entry(words: Words, assets: Assets, said: str = "") -> bytes:
    """Where a token is asked for; its script takes it out of the link."""
    form = tag(
        "form",
        tag("label", words("web.token"), for_="token"),
        tag("input", type="password", id="token", name="token", autocomplete="off", required=True, maxlength=100),
        tag("button", words("web.sign_in")),
        method="post",
        action="/in",
        id="in",
    )
    told = tag("p", said, role="alert") if said else Markup()
    inside = joined(tag("h1", words("web.sign_in")), told, tag("p", words("web.ask_for_a_link")), form)
    return document(words, assets, words("web.sign_in"), tag("main", inside), script="in.js")
