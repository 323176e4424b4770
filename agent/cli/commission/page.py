"""The page at the end: what was put into service here, by whom, and what proves each; for paper or for a file."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from agent.cli import exits
from agent.cli.commission.notes import Notes, Proof
from agent.cli.reasons import in_words
from agent.cli.trouble import Trouble
from agent.cli.words import _, language, term
from agent.settings.settings import Settings
from protocols.system import os_reason

_STYLE = """body{font:14px/1.5 sans-serif;margin:2em;color:#000}h1{font-size:1.4em}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #666;padding:.25em .5em;text-align:left;
vertical-align:top}.no{font-weight:bold}.sign{margin-top:3em}.sign span{display:inline-block;width:45%;
border-top:1px solid #000;margin-right:4%;padding-top:.3em}@media print{body{margin:0}tr{break-inside:avoid}}"""


def html(settings: Settings, notes: Notes, at: str, doctor: Sequence[str]) -> str:
    """The whole page; `at` is when it is made, `doctor` what is not fine now, a line each."""
    gateway = settings.site.gateway
    station = next((one.name for one in settings.site.stations if one.id == gateway.station), gateway.station or "")
    title = _("Commissioning of {station}").format(station=station or gateway.id)
    left = [one for one in settings.site.devices if one.id not in {proof.id for proof in notes.done}]
    heads = (_("id"), _("name"), _("place"), _("where it hangs"), _("it shows"), _("hand gauge"), _("verdict"))
    rows = "".join(_row(one) for one in notes.done)
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(_('gateway {id}, {at}').format(id=gateway.id, at=at))}</p>",
        f"<table><tr>{''.join(f'<th>{escape(head)}</th>' for head in (*heads, _('by, when')))}</tr>{rows}</table>",
    ]
    if left:
        told = _("In the settings and not commissioned: {ids}").format(ids=", ".join(one.id for one in left))
        parts.append(f'<p class="no">{escape(told)}</p>')
    if doctor:
        parts.append(f"<h2>{escape(_('What hydronest doctor says now'))}</h2>")
        parts.append("<ul>" + "".join(f"<li>{escape(line)}</li>" for line in doctor) + "</ul>")
    else:
        parts.append(f"<p>{escape(_('hydronest doctor: all is fine'))}</p>")
    signs = (_("installed by, date"), _("taken over by, date"))
    parts.append('<p class="sign">' + "".join(f"<span>{escape(sign)}</span>" for sign in signs) + "</p>")
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}"><head>{head}</head><body>\n'
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _row(one: Proof) -> str:
    hangs = f"{one.line}, {one.address}, {one.profile}"
    shown = "" if one.shown is None else f"{one.shown:g} {one.unit}"
    held = "" if one.gauge is None else f"{one.gauge:g} {one.unit}"
    verdict = {True: _("agrees"), False: _("does not agree"), None: _("not measured")}[one.agrees]
    point = f"{term(one.point)} {shown}" if shown else ""
    said = f"{one.by}, {one.at}" + (f"; {one.photo} (SHA-256 {one.digest[:16]}…)" if one.photo else "")
    cells = (one.id, one.name, one.place, hangs, point, held, verdict, said)
    style = "" if one.agrees else ' class="no"'
    return f"<tr{style}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>\n"


def write(path: Path, text: str) -> None:
    """Raises Trouble. A page of before is replaced: it is made of the notes, which keep everything."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        told = _("{file} could not be written: {why}").format(file=path, why=in_words(os_reason(error)))
        raise Trouble(exits.CANNOT_WRITE, told, _("Name another file.")) from None
