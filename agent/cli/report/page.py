"""A month's report as one HTML file that prints on A4 and asks for nothing from anywhere. Pure."""

from __future__ import annotations

import contextlib
from html import escape

from agent.cli.judged import percent, seconds_of, time_text, zone_of
from agent.cli.reasons import in_words
from agent.cli.trouble import Trouble
from agent.cli.words import _, language, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo
    from typing import Any

_STYLE = """@page{size:A4;margin:15mm}body{font:10pt/1.4 sans-serif;margin:2em auto;max-width:180mm;color:#000}
h1{font-size:1.6em}h2{font-size:1.2em;break-after:avoid}.rate{font-size:2em}
table{border-collapse:collapse;width:100%}thead{display:table-header-group}tr{break-inside:avoid}
th,td{border:1px solid #666;padding:.2em .5em;text-align:left;vertical-align:top;overflow-wrap:anywhere}
.no{font-weight:bold}@media print{body{margin:0;max-width:none}}"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(month: dict[str, Any], at: str) -> str:
    """The whole page of what `month_of` gives; `at` is when it is made."""
    title = _("Hydrants and flights, {month}").format(month=month["month"])
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    )
    parts = [f"<h1>{escape(title)}</h1>", _p(_("made {at}").format(at=at)), *_rate(month), *_low(month["rate"])]
    parts += _flights(month)
    body = "\n".join(parts)
    return f'<!DOCTYPE html>\n<html lang="{language()}"><head>{head}</head><body>\n{body}\n</body></html>\n'


def _rate(month: dict[str, Any]) -> Iterator[str]:
    rate = month["rate"]
    for group in rate["groups"]:
        yield f'<p class="rate">{escape(_("strict rate"))} {percent(group["strict"])}</p>'
    yield _p(_("by the rules {rules}; unknown never counts as serviceable").format(rules=rate["rules"]))
    days = _("from {first} to {last}").format(first=rate["first_day"], last=rate["last_day"])
    yield _p(f"{days}, {rate['timezone']}")
    heads = (_("station"), _("strict rate"), _("of known"), *map(term, ("serviceable", "not_serviceable", "unknown")))
    groups = [*month["stations"], *rate["groups"]]
    yield _table(heads, ((_named(group, rate), *_sums(group)) for group in groups))
    missing = rate["missing"]
    if missing["minutes"]:
        told = _("of {hours} no verdict is kept, they count as unknown: gateway off, power lost, or clock put right")
        yield _p(told.format(hours=_hours(missing["minutes"])), "no")
    days_missing = [first if first == last else f"{first}..{last}" for first, last in missing["days"]]
    if days_missing := [*days_missing, *(f"{day} ({n} min)" for day, n in missing["of_days"].items())]:
        yield _p(", ".join(days_missing))
    for line in rate["trouble"]:
        yield _p(in_words(line), "no")


def _named(group: dict[str, Any], rate: dict[str, Any]) -> str:
    whole = any(group is one for one in rate["groups"])
    return _("all") if whole else str(group["group"]) or "-"


def _sums(group: dict[str, Any]) -> Iterator[str]:
    yield percent(group["strict"])
    yield percent(group["of_known"])
    for name in ("serviceable", "not_serviceable", "unknown"):
        yield _hours(group[name])


def _low(rate: dict[str, Any]) -> Iterator[str]:
    yield _h2(_("Out of order, or not known, by reason"))
    because = [(asset, why, n) for asset, found in rate["because_min"].items() for why, n in found.items()]
    because.sort(key=lambda row: (-row[2], row[0], row[1]))
    yield _table((_("id"), _("because"), "min"), ((asset, _rule(why), str(n)) for asset, why, n in because))
    yield _h2(_("Below a limit"))
    below = [(asset, term(limit), str(n)) for asset, found in sorted(rate["below_min"].items())
             for limit, n in sorted(found.items())]  # fmt: skip
    yield _table((_("id"), _("limit"), "min"), below)


def _rule(why: str) -> str:
    rule = why.removesuffix("?")
    return _("not known whether: {what}").format(what=term(rule)) if rule != why else term(rule)


def _flights(month: dict[str, Any]) -> Iterator[str]:
    flights, zone = month["flights"], zone_of(month["rate"]["timezone"])
    yield _h2(_("Flights"))
    yield _p(_("{n} flights, {hours} in the air").format(n=len(flights), hours=_hours(month["air_s"] / 60)))
    if month["flights_undated"]:
        told = _("of no known time, and not among these: {ids}")
        yield _p(told.format(ids=", ".join(month["flights_undated"])), "no")
    if month["flights_cut"]:
        yield _p(_("the oldest flights of the month may be missing: there are more than one list holds"), "no")
    heads = (_("flight"), _("begun"), _("class"), _("incident"), _("aircraft"), _("outcome"), _("air s"))
    yield _table(heads, (_flight(one, zone) for one in flights))


def _flight(one: dict[str, Any], zone: tzinfo) -> Sequence[str]:
    text = str(one.get("begun_utc", ""))
    with contextlib.suppress(Trouble):  # no time: as it was written
        text = time_text(seconds_of(text, zone), zone)
    kind, outcome = (term(str(one.get(name) or "")) for name in ("class", "outcome"))
    incident, aircraft = (str(one.get(name) or "") for name in ("incident", "aircraft"))
    return one["id"], text, kind, incident, aircraft, outcome, str(one.get("air_s", ""))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """What stands in a cell is text, whoever wrote it."""
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in rows)
    if not lines:
        return _p(_("none"))
    return f"<table><thead><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr></thead>\n{lines}</table>"


def _h2(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _p(text: str, style: str = "") -> str:
    return f'<p class="{style}">{escape(text)}</p>' if style else f"<p>{escape(text)}</p>"


def _hours(minutes: float) -> str:
    return f"{minutes / 60:.1f} h"
