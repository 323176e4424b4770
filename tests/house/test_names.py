"""Classes are called as their field calls them (docs/glossary.md): no name that was given up comes back."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("agent", "drivers", "protocols", "hil")

GIVEN_UP = frozenset(
    re.findall(
        r"\w+",
        """Latch Court Hearing Told Standing Board Card Turn Shape Lane Room Seal Carve Postbox Post Desk Task Hand Acts
        Sight Lookout Seen View World Core Book Pen Keeper Papers Gate Once Shelf Case Page Town Rehearsal Stage""",
    )
)

MEANS_SOMETHING_ELSE = {
    "agent/uplinks/gate.py: Gate": "who may send next where only so many may at once",
    "drivers/publish.py: Gate": "a point's dead-band: what it lets through is kept",
    "drivers/nest/profile.py: Told": "how a PLC tells what became of a command",
    "protocols/gb26875/session.py: Told": "what a centre tells that asks for no answer",
    "protocols/modbus/turn.py: Turn": "whose turn on the wire it is",
}


def classes() -> set[str]:
    """`file: Class` of every class of the rooms."""
    return {
        f"{path.relative_to(ROOT).as_posix()}: {node.name}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }


def test_no_class_has_a_name_that_was_given_up() -> None:
    found = {one for one in classes() if one.rpartition(" ")[2].lstrip("_") in GIVEN_UP}
    assert found == MEANS_SOMETHING_ELSE.keys()


def test_every_class_of_the_glossary_is_there() -> None:
    """The glossary names a class for each of its words; one that is gone from the code must go from there too."""
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    named = {
        word.strip("` ")
        for line in text.splitlines()
        if line.startswith("|") and line.count("|") == 5
        for word in line.split("|")[3].split(",")
        if word.strip("` ")[:1].isupper() and "`" in word
    }
    assert len(named) > 30
    there = {one.rpartition(" ")[2] for one in classes()}
    assert named <= there, named - there
