"""What the live screen looks like: pure functions from frame, state and size to lines."""

from __future__ import annotations

from collections.abc import Sequence

from agent.cli import curve, show
from agent.cli.reasons import in_words
from agent.cli.terminal import RESET, cells, clip, fit, paint, wrap
from agent.cli.watch.look import Look
from agent.cli.watch.nest_page import head_line, nest_page
from agent.cli.watch.state import State
from agent.cli.watch.town_map import town_map
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SIGNS = {"unknown": "?", "ok": "⣿", "warning": "⣤", "late": "⠒", "silent": "⡀", "bad": "x", "alarm": "!"}
_SIGNS_ASCII = {"unknown": "?", "ok": "#", "warning": "w", "late": "~", "silent": ".", "bad": "x", "alarm": "!"}
MAP_FROM = 12
"""So many lines must be free below the table for the map to be drawn there."""
_WORST_FIRST = ("alarm", "bad", "late", "silent", "unknown", "warning", "ok")


def screen(state: State, look: Look) -> list[str]:
    """Exactly `look.height` lines of at most `look.width` cells; grey under a banner while nobody answers."""
    if state.trouble:
        plain = Look(look.width, look.height - 1, False, look.ascii)
        told = [paint(line, "dim", look.colour) for line in _page(state, plain)[: look.height - 2]]
        return [_banner(state, look), *told, foot(state, look)]
    return _page(state, look)


def _banner(state: State, look: Look) -> str:
    text = _("NO ANSWER for {age}: this is how it stood then").format(age=show.age(state.silent_s))
    return paint(f"\033[1;7m{fit(' ' + text, look.width)}{RESET}", "alarm", look.colour)


def _page(state: State, look: Look) -> list[str]:
    if state.page == "help":
        body = [title(state.frame, look), "", *_help(look)]
    elif state.page == "detail":
        body = [title(state.frame, look), "", *_detail(state, look)]
    elif state.page == "nests":
        body = [title(state.frame, look), "", *nest_page(state, look, look.height - 3)]
    else:
        above = [*head(state, look), *([""] if look.height >= 10 else [])][: max(1, look.height - 3)]
        state.rows = max(1, look.height - len(above) - 2)
        body = [*above, *device_table(state, look, state.rows)]
        if (free := look.height - 1 - len(body)) >= MAP_FROM:
            drawn = {"colour": look.colour, "ascii_only": look.ascii}
            body += ["", *town_map(state.frame, state.tracks, look.width, free - 1, **drawn)]
    body = [clip(line, look.width) for line in body[: look.height - 1]]
    return [*body, *[""] * (look.height - 1 - len(body)), foot(state, look)]


def title(frame: dict[str, Any], look: Look) -> str:
    """The bar on top: who this is, and what time it believes it is."""
    box, clock = frame["gateway"], frame["clock"]
    wall = show.wall(clock)
    right = f"{wall} " if clock["trusted"] else f"{wall} ({_('clock not trusted')}) "
    parts = [f" {box['name']}", box["id"], f"{_('up')} {show.age(box['uptime_s'])}"]
    while len(parts) > 1 and cells("  ".join(parts)) + 2 > look.width - cells(right):
        parts.pop()
    left = "  ".join(parts)
    room = look.width - cells(right)
    line = fit(left, room) + right if room > cells(left) else fit(left, look.width)
    return f"\033[1;7m{line}{RESET}"


def head(state: State, look: Look) -> list[str]:
    """The bar, the devices as a strip and in numbers, the journal, each uplink, what stands elsewhere."""
    frame = state.frame
    out = [title(frame, look)]
    label = max(cells(_("devices")), cells(_("journal")), cells(_("uplink")), cells(_("nest"))) + 1
    out += [
        f"\033[1;7m{fit(' ' + show.notice(one), look.width)}{RESET}"
        for one in frame["notices"][: 2 if look.height >= 10 else 1]
    ]
    out.append(fit(_("devices"), label) + _counted(frame, look, look.width - label))
    if look.height < 12:
        return out  # a strip of a screen is for the devices
    journal = frame["journal"]
    text = _("{committed} committed  {waiting} not yet  {lost} lost").format(**journal)
    if state.committed_per_s:
        rates = state.committed_per_s
        text += f"  {curve.spark(rates, 6, look.ascii, floor=0)} {show.number(rates[-1])}/s"
    out.append(_fact(_("journal"), label, term(journal["state"]), journal["state"], text, look))
    most = max(1, look.height // 5)
    for one in frame["uplinks"][:most]:
        text = _("{backlog} wait  {forwarded} forwarded  {confirmed} confirmed").format(**one)
        if one["backlog"] and one["oldest_s"] is not None and one["oldest_s"] >= 60:
            text += "  " + _("oldest {age}").format(age=show.age(one["oldest_s"]))
        text = "  ".join(part for part in (text, in_words(one["reason"])) if part)
        out.append(_fact(_("uplink"), label, f"{one['id']} {term(one['state'])}", one["state"], text, look))
    at_work_first = sorted(frame.get("nests", []), key=lambda one: one["phase"] == "rest")
    out += [head_line(one, fit(_("nest"), label), look) for one in at_work_first[: max(1, look.height // 8)]]
    for event in show.on_screen(frame["standing"])[: max(1, look.height // 8)]:
        told_one = f"! {term(event['kind'])} {event['subject']} ({show.age(event['age_s'])})"
        out.append(paint(fit(told_one, look.width).rstrip(), event["severity"], look.colour))
    return out


def _counted(frame: dict[str, Any], look: Look, room: int) -> str:
    """The strip and the counts, worst first, as many as there is room for."""
    signs = min(24, room // 3)
    out = strip(frame["states"], signs, look)
    room -= min(len(frame["states"]), signs)
    for state in _WORST_FIRST:
        text = f"  {frame['counts'].get(state, 0)} {term(state)}"
        if frame["counts"].get(state) and cells(text) <= room:
            out += paint(text, show.STYLE_OF[state], look.colour)
            room -= cells(text)
    return out


def _fact(label: str, label_cells: int, state_text: str, state: str, text: str, look: Look) -> str:
    room = look.width - label_cells - cells(state_text) - 2
    shown = show.painted(state_text, state, look.colour)
    return fit(label, label_cells) + shown + "  " + fit(text, max(room, 0)).rstrip()


def strip(states: Sequence[str], width: int, look: Look) -> str:
    """Every device as one sign in its colour; where there are more than cells, a cell shows the worst of its share."""
    signs = _SIGNS_ASCII if look.ascii else _SIGNS
    shares = min(len(states), width)
    out = []
    for at in range(shares):
        share = states[at * len(states) // shares : (at + 1) * len(states) // shares]
        worst = min(share, key=_WORST_FIRST.index)
        out.append(paint(signs[worst], show.STYLE_OF[worst], look.colour))
    return "".join(out)


def device_table(state: State, look: Look, rows: int) -> list[str]:
    """The header and the visible devices, the one under the cursor marked."""
    frame = state.frame
    devices = frame["devices"][state.first - frame["first"] :][:rows] if state.first >= frame["first"] else []
    widths = _widths(frame["devices"], look)
    titles = {
        "id": _("id"),
        "name": _("name"),
        "value": _("reading"),
        "curve": "",
        "age": _("age"),
        "state": _("state"),
        "events": _("events"),
    }
    out = [paint(_row({k: fit(titles[k], w, k in _RIGHT) for k, w in widths.items()}), "dim", look.colour)]
    for at, device in enumerate(devices, start=state.first):
        marked = at == state.cursor
        texts = {key: fit(_text(key, device, width, look), width, key in _RIGHT) for key, width in widths.items()}
        if marked:
            out.append(f"\033[7m{fit('>' + _row(texts)[1:], look.width)}{RESET}")
            continue
        style = show.STYLE_OF[device["state"]]
        for key in ("curve", "state", "events"):
            if key in texts:
                texts[key] = paint(texts[key], style, look.colour)
        out.append(_row(texts))
    if not devices:
        out.append("  " + (_("nothing matches") if frame["devices_total"] else _("no devices")))
    return out


_RIGHT = ("value", "age")


def _text(key: str, device: dict[str, Any], width: int, look: Look) -> str:
    if key == "value":
        return show.reading(device)
    if key == "curve":
        return curve.spark(device["curve"], width, look.ascii)
    if key == "age":
        return show.age(device["age_s"])
    if key == "state":
        return term(device["state"])
    if key == "events":
        return ", ".join(map(term, device["events"]))
    return str(device[key])


def _widths(devices: Sequence[dict[str, Any]], look: Look) -> dict[str, int]:
    """Cells per column: the curve takes what is left, and columns go where little is left."""
    wide = {"id": 4, "name": 4, "value": 10, "curve": 8, "age": 4, "state": 6, "events": 10}
    for key in ("id", "name", "value", "events"):
        wide[key] = min(24, max([wide[key], *(cells(_text(key, device, 0, look)) for device in devices)]))
    wide["state"] = max(wide["state"], *(cells(term(state)) for state in _WORST_FIRST))
    for key, least in (("name", 76), ("age", 50), ("curve", 44), ("events", 36)):
        if look.width < least:
            del wide[key]
    for key in ("name", "age", "events", "curve", "state", "value"):  # what goes first where little is left
        spare = look.width - sum(wide.values()) - 2 * (len(wide) - 1) - 1
        if spare >= 0:
            break
        if key == "events" and wide.get(key, 0) + spare >= 8:
            wide[key] += spare
        else:
            wide.pop(key, None)
    spare = look.width - sum(wide.values()) - 2 * (len(wide) - 1) - 1
    if "curve" in wide:
        extra = min(max(spare, 0), 22)
        wide["curve"] += extra
        spare -= extra
    if "events" in wide:
        wide["events"] += max(spare, 0)
    return wide


def _row(texts: dict[str, str]) -> str:
    return " " + "  ".join(texts.values())


def _detail(state: State, look: Look) -> list[str]:
    one = state.detail
    if not one:
        return []
    place = one["place"]
    facts = [one["name"], term(one["kind"]), one["line"], one["station"]]
    if "lon" in place and "lat" in place:
        facts.append(f"{place['lon']:.6f},{place['lat']:.6f}")
    first = f" {one['id']}  {show.painted(term(one['state']), one['state'], look.colour)}  " + "  ".join(
        filter(None, facts)
    )
    height = max(3, min(10, look.height - len(one["points"]) - len(one["standing"]) - 9))
    body = show.device_body(one, look.width - 1, look.colour, look.ascii, height)
    return [first, "", *[f" {line}" for line in body]]


def _help(look: Look) -> list[str]:
    keys = [
        ("up down  k j", _("move")),
        ("pgup pgdn", _("a page up, a page down")),
        ("home end", _("first, last")),
        ("enter", _("everything about the device under the cursor; again to go back")),
        ("/", _("show only what contains the typed text; Esc shows all again")),
        ("!", _("only what is not well")),
        ("n", _("the nests: phase, aircraft, map")),
        ("?", _("this page")),
        ("q  Ctrl-C", _("leave")),
    ]
    signs = _SIGNS_ASCII if look.ascii else _SIGNS
    told = "  ".join(show.painted(f"{signs[name]} {term(name)}", name, look.colour) for name in reversed(_WORST_FIRST))
    return [*[f" {key:<14}{text}" for key, text in keys], "", f" {told}", "", *_rules(look)]


def _rules(look: Look) -> list[str]:
    text = _("A reading in brackets is no reading: the words say why. A curve shows the last 60 values of its device.")
    return [f" {line}" for line in wrap(text, look.width - 2)]


def foot(state: State, look: Look) -> str:
    """The key bar, what is being typed, or what is wrong."""
    if state.typing:
        return f"\033[7m{fit(' /' + state.find + '_', look.width)}{RESET}"
    if state.trouble:
        return paint(fit(" " + state.trouble, look.width), "alarm", look.colour)
    page = state.page
    if page == "list":
        keys = _("enter details  / find  ! not well  ? help  q leave")
        if state.frame.get("nests"):
            keys = _("n nests") + "  " + keys
        if state.find or state.only_not_ok:
            keys = (f"/{state.find}  " if state.find else "") + _("Esc shows all") + "  " + keys
    else:
        keys = _("Esc back  q leave")
    found = state.frame["found"]
    where = f"{min(state.cursor + 1, found)}/{found} " if page == "list" else ""
    return paint(fit(" " + keys, look.width - cells(where)) + where, "dim", look.colour)
