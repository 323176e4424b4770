"""A BeiDou digest as JSON, for whoever receives one; with the list of names both ends have, ids for its numbers."""

from __future__ import annotations

from pathlib import Path

from agent.cli import exits
from agent.cli.trouble import Trouble
from agent.cli.words import _
from agent.link.utc import utc_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from protocols.beidou.digest import Digest, Item, Nest, Place

LONGEST_NAMES = 4 << 20


def names_of(file: str) -> list[str]:
    """The list in a site message (`short_names`), or of a site file's own ids. Trouble says what is wrong with it."""
    if file.endswith(".toml"):
        from agent.cli.site_file import settings_of
        from agent.uplinks.site_message import short_names

        return short_names(settings_of(file).site)
    from protocols.foreign_json import BadJson, read_json_object
    from protocols.system import os_reason

    try:
        with Path(file).open("rb") as text:
            names = read_json_object(text.read(LONGEST_NAMES + 1), LONGEST_NAMES).get("short_names")
    except OSError as error:
        raise Trouble(exits.BAD_DATA, f"{file}: {os_reason(error)}", "") from None
    except BadJson:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        told = _("{file} is no site message with `short_names`, and no site file").format(file=file)
        raise Trouble(exits.BAD_DATA, told, _("Give the gateway's `site` message as it came, or its site file."))
    return names


def told(data: bytes, names: Sequence[str] | None) -> dict[str, Any]:
    """JSON-ready. BadDigest for what is none. Ids are null without the very list, `names` says whether it was."""
    from protocols.beidou.digest import Mark, decode, fingerprint

    digest = decode(data)
    right = names is not None and fingerprint(names) == digest.names
    known = list(names) if names is not None and right else []
    return {
        "verdict": "digest",
        "counter": digest.counter,
        "at": utc_text(digest.utc_s * 1_000_000_000) if digest.utc_s else None,
        "names": "right" if right else "none" if names is None else "another_list",
        "fingerprint": digest.names.hex(),
        "marks": [str(mark.name).lower() for mark in Mark if mark in digest.marks],
        **digest.counts._asdict(),
        "nests": [_nest(nest, known) for nest in digest.nests],
        "items": [_item(item, known, digest) for item in digest.items],
    }


def _nest(nest: Nest, names: Sequence[str]) -> dict[str, Any]:
    from agent.uplinks.beidou.codes import phase_word

    return {
        "id": _name(nest.name, names),
        "number": nest.name,
        "phase": phase_word(nest.phase),
        "aircraft": _place(nest.aircraft),
    }


def _item(item: Item, names: Sequence[str], digest: Digest) -> dict[str, Any]:
    from agent.uplinks.beidou.codes import kind_word

    since = None if item.minutes is None or not digest.utc_s else digest.utc_s - 60 * item.minutes
    return {
        "id": _name(item.name, names),
        "number": item.name,
        "kind": kind_word(item.kind),
        "urgent": item.urgent,
        "since": None if since is None else utc_text(max(0, since) * 1_000_000_000),
        "place": _place(item.place),
    }


def _name(number: int | None, names: Sequence[str]) -> str | None:
    return names[number] if number is not None and number < len(names) else None


def _place(place: Place | None) -> dict[str, float] | None:
    return None if place is None else {"lon": round(place.lon, 5), "lat": round(place.lat, 5)}
