"""EPANET as the referee: what is true of a network, whatever the product says (docs/decisions/0290)."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

en: Any = pytest.importorskip(
    "epanet.toolkit", reason="owa-epanet has wheels for x86-64 with Python 3.11 and 3.12 only", exc_type=ImportError
)

KPA = 0.101972
"""Metres of head of a kPa, as EPANET has it."""


class Referee:
    """One network of a file's text, solved at an hour of its day as the day brings tanks and pumps there.

    L/s, kPa and metres.
    """

    def __init__(self, text: str, folder: Path) -> None:
        file = folder / "referee.inp"
        file.write_text(text, "utf-8")
        self._of = en.createproject()
        en.open(self._of, str(file), str(folder / "referee.rpt"), "")
        self._tanks = [
            n for n in range(1, en.getcount(self._of, en.NODECOUNT) + 1) if en.getnodetype(self._of, n) == en.TANK
        ]
        self._smooth = (150.0, 0.001, 0.009)[int(en.getoption(self._of, en.HEADLOSSFORM))]
        self._unit = {en.LPS: 1.0, en.CMH: 1 / 3.6}.get(en.getflowunits(self._of), 1.0)
        self._first = [en.getnodevalue(self._of, n, en.TANKLEVEL) for n in self._tanks]
        en.openH(self._of)

    def close(self) -> None:
        """Give the library back what it holds."""
        en.closeH(self._of)
        en.close(self._of)
        en.deleteproject(self._of)

    def at(self, hour: float) -> None:
        """Solve at this hour from now on: the day is run to there, and tanks then stand as they do."""
        if self._tanks:
            self._begin(0, int(hour * 3600))
            for tank, level in zip(self._tanks, self._first, strict=True):
                en.setnodevalue(self._of, tank, en.TANKLEVEL, level)
            en.initH(self._of, en.INITFLOW)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                while True:
                    now = en.runH(self._of)
                    if now >= hour * 3600 or en.nextH(self._of) <= 0:
                        break
            floors = [en.getnodevalue(self._of, tank, en.ELEVATION) for tank in self._tanks]
            levels = [en.getnodevalue(self._of, tank, en.HEAD) for tank in self._tanks]
            for tank, floor, head in zip(self._tanks, floors, levels, strict=True):
                least, most = (en.getnodevalue(self._of, tank, end) for end in (en.MINLEVEL, en.MAXLEVEL))
                en.setnodevalue(self._of, tank, en.TANKLEVEL, min(max(head - floor, least + 1e-6), most - 1e-6))
        self._begin(int(hour * 3600), 0)

    def _begin(self, start_s: int, duration_s: int) -> None:
        en.settimeparam(self._of, en.DURATION, duration_s)
        en.settimeparam(self._of, en.PATTERNSTART, start_s)

    def _solve(self) -> None:
        en.initH(self._of, en.INITFLOW)
        with warnings.catch_warnings():  # EPANET warns of pumps beyond their curve and of pressures below nothing
            warnings.simplefilter("ignore")
            en.runH(self._of)

    def _value(self, name: str, what: int) -> float:
        return float(en.getnodevalue(self._of, en.getnodeindex(self._of, name), what))

    def pressures(self, names: Iterable[str], drawn: Mapping[str, float] | None = None) -> dict[str, float]:
        """kPa at these nodes, with so many L/s drawn besides at others."""
        with self._drawn(drawn or {}):
            self._solve()
            return {name: self._value(name, en.PRESSURE) / KPA for name in names}

    def raw(self, names: Iterable[str]) -> dict[str, float]:
        """Pressures in the file's own unit."""
        self._solve()
        return {name: self._value(name, en.PRESSURE) for name in names}

    @contextmanager
    def _drawn(self, drawn: Mapping[str, float]) -> Iterator[None]:
        for name, l_s in drawn.items():
            en.adddemand(self._of, en.getnodeindex(self._of, name), l_s / self._unit, "", "fire")
        try:
            yield
        finally:
            for name in drawn:
                index = en.getnodeindex(self._of, name)
                en.deletedemand(self._of, index, en.getnumdemands(self._of, index))

    def gives(self, names: Iterable[str], residual_kpa: float = 100.0) -> dict[str, float]:
        """L/s of each of these hydrants, opened together, with every one of them held at a residual pressure.

        Each is tied by a short, wide check valve to a reservoir at that head: one that would take water in gives none.
        """
        wanted = list(names)
        en.closeH(self._of)
        for name in wanted:
            index = en.getnodeindex(self._of, name)
            head = en.getnodevalue(self._of, index, en.ELEVATION) + residual_kpa * KPA
            tank = en.addnode(self._of, "fire-" + name, en.RESERVOIR)
            en.setnodevalue(self._of, tank, en.ELEVATION, head)
            link = en.addlink(self._of, "hose-" + name, en.CVPIPE, name, "fire-" + name)
            en.setpipedata(self._of, link, 0.01, 2000.0, self._smooth, 0.0)
        en.openH(self._of)
        try:
            self._solve()
            return {
                name: self._unit
                * max(0.0, en.getlinkvalue(self._of, en.getlinkindex(self._of, "hose-" + name), en.FLOW))
                for name in wanted
            }
        finally:
            en.closeH(self._of)
            for name in wanted:
                en.deletelink(self._of, en.getlinkindex(self._of, "hose-" + name), en.UNCONDITIONAL)
                en.deletenode(self._of, en.getnodeindex(self._of, "fire-" + name), en.UNCONDITIONAL)
            en.openH(self._of)


@contextmanager
def referee(text: str, folder: Path) -> Iterator[Referee]:
    """A referee for one network, closed at the end."""
    one = Referee(text, folder)
    try:
        yield one
    finally:
        one.close()
