"""The pack for an assessment: the tables of controls, and how this site is set, as the running agent says."""

from __future__ import annotations

from pathlib import Path

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.reasons import trouble_of
from agent.cli.words import _, language
from agent.reports.controls import OPEN, Control, Standard, standards
from protocols.system import file_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ASKED = ("key.list", "clock.show", "uplink.status")
OF_FLIGHT = ("nest.list", "drone.list", "flight.standing")


def write_pack(call: Call) -> int:
    """A folder: `controls.md`, `controls.csv`, `site.json`. 1 where a line is open."""
    folder = Path(call.args.out)
    site = _site(call)
    found = list(standards())
    files = {
        "controls.md": _page(found, site["gateway"]["id"]),
        "controls.csv": _sheet(found),
        "site.json": _json(site),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise trouble_of(exits.CANNOT_WRITE, file_reason(folder, error)) from None
    lines = [one for standard in found for one in standard.controls]
    open_ones = [one.clause for one in lines if one.open]
    value = {"folder": str(folder), "controls": len(lines), "open": open_ones}
    told = _("{n} of {all} controls, {open} are open").format(n=len(lines) - len(open_ones), all=len(lines),
                                                             open=len(open_ones))  # fmt: skip
    call.facts(value, [(_("folder"), str(folder)), (_("held by a test"), told)])
    return exits.DEGRADED if open_ones else exits.OK


def _site(call: Call) -> dict[str, Any]:
    """What is asked of the agent: no secret, and nothing that is not shown to a reader."""
    audit = call.ask("audit.show", last=1)
    site = {name: call.ask(name) for name in ASKED}
    status = call.ask("status")
    if status.get("nests"):
        site |= {name: call.ask_flight(name) for name in OF_FLIGHT}
    head = {name: audit[name] for name in ("count", "head", "identity")}
    return {"gateway": status["gateway"], "audit": head, **site}


def _sentence(one: Control) -> str:
    return one.zh if language() == "zh" else one.en


def _title(standard: Standard) -> str:
    return standard.zh_title if language() == "zh" else standard.title


def _page(found: list[Standard], gateway: str) -> str:
    lines = [f"# {gateway}", "", f"## {_('open: no test holds it')}", ""]
    lines += [f"- {s.name} {one.clause}: {_sentence(one)}" for s in found for one in s.controls if one.open]
    for standard in found:
        heads = (_("clause"), _("control"), _("file"), _("test"))
        lines += ["", f"## {standard.name}: {_title(standard)}", "", f"| {' | '.join(heads)} |", "|---|---|---|---|"]
        for one in standard.controls:
            lines.append(f"| {one.clause} | {_sentence(one)} | {one.where} | {one.test or OPEN} |")
    return "\n".join([*lines, ""])


def _sheet(found: list[Standard]) -> str:
    """With a byte order mark, without which a spreadsheet takes Chinese for something else."""
    import csv
    import io

    rows = [[_("standard"), _("clause"), _("control"), _("file"), _("test")]]
    rows += [[s.name, one.clause, _sentence(one), one.where, one.test or OPEN] for s in found for one in s.controls]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return "\ufeff" + text.getvalue()


def _json(site: dict[str, Any]) -> str:
    import json

    return json.dumps(site, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
