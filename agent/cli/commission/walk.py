"""One device: found on its line, given a make, an id, a name and a place, and held against a hand gauge."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from agent.cli import exits, table, terminal, unit_says
from agent.cli.call import Call
from agent.cli.commission import gauge
from agent.cli.commission.makes import Makes
from agent.cli.commission.notes import Notes
from agent.cli.questions import ask, one_of, shaped, wrong, yes_or_no
from agent.cli.site_edit import SiteEdit
from agent.cli.trouble import Trouble
from agent.cli.words import _, language, term
from agent.settings.settings import Settings
from drivers.profile.model import ModbusProfile

MOST_UNITS = 32
"""Addresses that are tried: what a line of RS-485 bears without a repeater."""
T = TypeVar("T")


class Bound(NamedTuple):
    """Who answers where, by which make, and what it said."""

    line: str
    unit: int
    profile: ModbusProfile
    points: list[dict[str, Any]]


class Walk:
    """Asks, and keeps each answer in the notes before the next question."""

    def __init__(self, call: Call, site: Path, settings: Settings, notes: Notes) -> None:
        self._call = call
        self._site = site
        self._settings = settings
        self._notes = notes
        self._makes = Makes(site, settings)
        self._lines = [
            name for name, line in settings.lines.items() if line.kind != "opcua" and name not in settings.nest_lines
        ]
        if not self._lines:
            told = _("{file} has no Modbus line").format(file=site)
            raise Trouble(exits.BAD_DATA, told, _("Write one there: hydronest bus ports shows the serial ports."))

    def ask(self, key: str, question: str, default: str, meant: Callable[[str], T]) -> T:
        """As `questions.ask`; what was typed stays where the walk is broken off, and is offered again."""

        def kept(text: str) -> T:
            found = meant(text)
            self._notes.keep(key, text)
            return found

        return ask(question, self._notes.draft.get(key) or default, kept)

    def found(self) -> Bound:
        """Somebody on a line, and his make: until the person says that what he says is right."""
        line = self._lines[0]
        if len(self._lines) > 1:
            line = self.ask("line", _("Line: {lines}").format(lines=", ".join(self._lines)), line, one_of(self._lines))
        if line != self._notes.draft.get("unit of", line):
            self._notes.draft.pop("unit", None)
        self._notes.keep("unit of", line)
        make = next((one.profile for one in reversed(self._settings.site.devices) if one.line == line), "")
        while True:
            unit = self._unit(line)
            name = self.ask("profile", _("Make (hydronest profile list)"), make, self._makes.known)
            profile = self._makes.read(name)
            with unit_says.on_line(self._call, line, str(self._site)) as wire:
                points = unit_says.points_of(wire, unit, profile)
            if not points:
                self._call.note(_("  nobody answers there by this make"))
                self._notes.draft.pop("unit", None)
                continue
            for row in table.lines(unit_says.columns(), points, self._call.width, self._call.colour):
                self._call.note(f"  {row}")
            if ask(_("Is that this device? yes or no"), _("yes"), yes_or_no):
                return Bound(line, unit, profile, points)
            self._notes.draft.pop("unit", None)

    def _unit(self, line: str) -> int:
        offered = ""
        while True:
            question = _("Its address, 1 to 247 (nothing: look who is there)")
            unit: int | None = self.ask("unit", question, offered, _address)
            if unit is not None:
                return unit
            there = self._strangers(line)
            numbers = ", ".join(map(str, there))
            self._call.note("  " + (_("not written down yet: {units}").format(units=numbers) if there else _("nobody")))
            offered = str(there[0]) if there else ""

    def _strangers(self, line: str) -> list[int]:
        """Addresses that answer and are nobody's in the site file."""
        known = {one.unit for one in self._settings.site.devices if one.line == line}
        units = [unit for unit in range(1, MOST_UNITS + 1) if unit not in known]
        there = []
        with (
            unit_says.on_line(self._call, line, str(self._site)) as wire,
            self._call.progress(len(units), _("looking")) as bar,
        ):
            for unit in units:
                bar.step(1, str(unit))
                if unit_says.is_somebody(wire, unit):
                    there.append(unit)
        return there

    def written(self, bound: Bound) -> str:
        """Its id, once its entry is in the site file: asked for again where that has mistakes, or is doubted."""
        kind = bound.profile.kind or "hydrant"
        while True:
            letters = _("letters, digits and . _ - only, at most 40")
            name = self.ask("id", _("Its id, in every message"), next_id(self._settings, kind), shaped(_ID, letters))
            title = self.ask(
                "name",
                _("Where is that, for people (nothing: none)"),
                "",
                shaped(r".{1,100}", _("100 letters at most"), may_be_empty=True),
            )
            datum = self._settings.site.gateway.datum
            place = self.ask(
                "place", _("Its place, LON,LAT in {datum} (nothing: later)").format(datum=datum), "", _place
            )
            entry: dict[str, Any] = {"id": name, "kind": kind, "profile": bound.profile.profile, "line": bound.line}
            entry["unit"] = bound.unit
            if title:
                entry["name"] = title
            if place is not None:
                entry["place"] = {"lon": place[0], "lat": place[1]}
            try:
                with SiteEdit(self._site) as edit:
                    edit.add(entry)
                    self._settings = edit.check()
                    for doubt in edit.doubts:
                        self._call.note(terminal.paint(f"  {doubt.text(language())}", "warning", self._call.colour))
                    if not edit.doubts or ask(_("Keep it so? yes or no"), _("no"), yes_or_no):
                        edit.put()
                        return name
            except Trouble as trouble:
                if trouble.code != exits.BAD_SETTINGS:
                    raise
                self._call.note(f"  {trouble.message}")
            for key in ("id", "place"):
                self._notes.draft.pop(key, None)

    def measured(self, line: str, unit: int, profile: ModbusProfile) -> tuple[str, str, float | None, float | None]:
        """The point, its unit, what the device showed, and the hand gauge: asked for again where the two disagree."""
        point, given = gauge.WHAT.get(profile.kind or "", ("", ""))
        if not point:
            return "", "", None, None
        word = term(point)
        question = _("{point} by a hand gauge, in {unit} or 0.31 MPa, 3.1 bar (nothing: not measured)")
        while True:
            typed = ask(question.format(point=word, unit=given), "", lambda text: gauge.typed(given, text))
            with unit_says.on_line(self._call, line, str(self._site)) as wire:
                shown = unit_says.value_of(wire, unit, profile, point, given)
            if typed is None or shown is None:
                if shown is None:
                    self._call.note(_("  the device gives no {point} now").format(point=word))
                return point, given, shown, typed
            found = gauge.compared(typed, shown, given)
            told = _("  gauge {gauge:g}, device {shown:g} {unit}").format(gauge=typed, shown=shown, unit=given)
            self._call.note(told + ("" if found.agrees else ": " + _("they do not agree")))
            if found.agrees or ask(_("Leave it so? no: measure again"), _("no"), yes_or_no):
                return point, given, shown, typed


_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"


def next_id(settings: Settings, kind: str) -> str:
    """One more than the newest of its kind: H012 gives H013."""
    for one in reversed(settings.site.devices):
        if one.kind == kind and (found := re.fullmatch(r"(.*?)([0-9]{1,9})", one.id)):
            number = int(found[2]) + 1
            while (name := f"{found[1]}{number:0{len(found[2])}}") in settings.devices:
                number += 1
            return name
    return "" if settings.devices else "H001"


def _address(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text[:4]) <= 247:
        raise wrong(_("addresses go from {least} to {most}").format(least=1, most=247))
    return int(text)


def _place(text: str) -> tuple[float, float] | None:
    from agent.cli.judged import place_of

    return place_of(text, "wgs84") if text else None  # as it was typed: the file names its datum
