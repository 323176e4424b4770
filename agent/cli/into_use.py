"""What was edited of one device: shown and asked about, put into the site file, taken into use, told its history."""

from pathlib import Path
from typing import Any, NamedTuple

from agent.cli import exits, terminal
from agent.cli.call import Call
from agent.cli.reloading import asked, lines, tree_of
from agent.cli.site_edit import SiteEdit
from agent.cli.trouble import Trouble
from agent.cli.words import _, language, term

ASSETS = ("hydrant", "fill_stand", "water_point")


class ForHistory(NamedTuple):
    """What goes into the history of the asset `id`; with an empty `state` it stays what it is."""

    id: str
    state: str
    by: str
    note: str


def into_use(call: Call, edit: SiteEdit, old: dict[str, Any], seen: dict[str, Any], told: ForHistory) -> int:
    """`old` is the entry as it was, `seen` goes into the answer for programs. Raises Trouble for a no."""
    changes = changed(old, edit.device(told.id))
    for one in changes:
        gone = _("  {key}: {was} goes") if one["is"] is None else _("  {key}: {was} becomes {now}")
        call.note(gone.format(key=one["key"], was=_plain(one["was"]), now=_plain(one["is"])))
    for doubt in edit.doubts:
        call.note(terminal.paint(doubt.text(language()), "warning", call.colour))
    if changes:
        call.confirm(_("Write this into {file} and take it into use?").format(file=edit.path), call.args.yes)
        edit.put()
        call.note(_("written; the file of before: {file}").format(file=edit.kept))
    else:
        call.confirm(_("Nothing changes in {file}. Tell it to the history?").format(file=edit.path), call.args.yes)
    reloaded = taken_up(call, edit.path) if changes else None
    kept = _kept(call, told) if old.get("kind") in ASSETS else None
    found = {
        "id": told.id, **seen, "changes": changes, "doubts": [one.placed for one in edit.doubts], "reload": reloaded,
        "history": kept,
    }  # fmt: skip
    said = lines(reloaded) if reloaded is not None else []
    if kept is not None:
        said.append(_("kept: {id} is {state}").format(id=told.id, state=term(kept["state"])))
    call.emit(found, lambda: said)
    failed = reloaded is not None and (reloaded["outcome"] == "refused" or reloaded["not_back"])
    return exits.DEGRADED if failed else exits.OK


def changed(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    """What is not as it was: key, was, is; null where it is not there."""
    keys = dict.fromkeys((*old, *new))
    return [{"key": key, "was": old.get(key), "is": new.get(key)} for key in keys if old.get(key) != new.get(key)]


def taken_up(call: Call, site: Path) -> dict[str, Any] | None:
    """What came of the reload; None, with a word why, where no agent runs by this file. Raises Trouble."""
    try:
        tree = tree_of(call)
    except Trouble as trouble:
        call.note(trouble.message)
        return None
    if Path(tree["site"]).resolve() != site:
        call.note(_("the agent that runs here goes by another file: {file}").format(file=tree["site"]))
        return None
    return asked(call, tree)


def _kept(call: Call, told: ForHistory) -> dict[str, Any] | None:
    """The entry; None where nobody took it: then why, and how it is told later."""
    try:
        state = told.state or call.ask("asset.show", asset=told.id)["state"] or "in_service"
        entry: dict[str, Any] = call.ask("asset.set", asset=told.id, state=state, by=told.by, note=told.note)
    except Trouble as trouble:
        call.note(trouble.message)
        later = _("its history has nothing of it yet; tell it later: hydronest asset set {id} {state}")
        call.note(later.format(id=told.id, state=told.state or "in_service"))
        return None
    return entry


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
    return _("nothing") if value is None else terminal.clean(str(value))
