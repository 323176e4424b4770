"""The tables as words, written between two marks of docs/nest.md; a test holds the document to them."""

import sys
from pathlib import Path

from drivers.drone.audit.audit import TABLES
from drivers.drone.audit.rules import Bounds, Need
from drivers.drone.pack import Pack

BEGIN = "<!-- made from the tables by `python -m drivers.drone.audit.render docs/nest.md`; do not edit -->"
END = "<!-- end of what is made from the tables -->"
EXAMPLE = Bounds(farthest_m=2828, highest_m=120, return_m=30, cruise_ms=10, ground_id=255, pack=Pack(6, "lipo", 12_000))
"""Of a nest whose settings name none of them, and an aircraft with six cells of 12 Ah."""


def _row(need: Need) -> str:
    names = " or ".join(f"`{named.name}`" for named in need.names)
    needed = str(need.rule.told)
    own = [f"{named.rule.told} of `{named.name}`" for named in need.names if named.rule is not None]
    needed = "; ".join([needed, *own])
    when = f", where `{need.when[0]}` has {need.when[1]} in it" if need.when else ""
    absent = ", where there is one" if need.absent_ok else ""
    return f"| {names} | {needed}{when}{absent} | {need.because} |"


def rendered() -> str:
    """What stands between the marks."""
    lines = []
    for autopilot, needs in TABLES.items():
        lines += ["", f"| {autopilot} | needed | why |", "|---|---|---|", *map(_row, needs(EXAMPLE))]
    return "\n".join([BEGIN, *lines, "", END])


def put_into(text: str) -> str:
    """The document with its made part renewed."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{rendered()}{tail}"


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(put_into(document.read_text(encoding="utf-8")), encoding="utf-8")
