"""The report speaks Chinese throughout: no sentence of the sources is without its translation."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.profile.mistake import say
from drivers.profile.zh import ZH
from tests.settings.conftest import Checked
from tests.settings.test_mistakes import TEN, TENTH

ROOT = Path(__file__).parents[2]
NAMES = (
    "toml",
    "explain",
    "allowed",
    "load",
    "location",
    "part",
    "point",
    "model",
    "draft",
    "from_telegraf",
    "from_wirenboard",
)
SOURCES = [
    *sorted(file for file in (ROOT / "agent" / "settings").glob("*.py") if file.stem not in ("reference", "schema")),
    *(ROOT / "drivers" / "profile" / f"{n}.py" for n in NAMES),
]
SAID_BY = {"Wrong", "Fault", "Mistake", "shaped", "_wrong", "pair", "_unknown", "leave_out"}
SAID_AS = {
    "what",
    "instead",
    "advice",
    "edge",
    "noun",
    "UNKNOWN_BIT",
    "IDLE",
    "OVERLAP",
    "MOVING",
    "NEARLY_FULL",
    "TOO_FULL",
    "INSTEAD",
}


def sentences(tree: ast.AST) -> Iterator[str]:
    """Texts that end in a report: arguments of what makes a fault, what is yielded, returned or named as one."""
    for node in ast.walk(tree):
        said: list[ast.AST] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            said = list(node.args) if name in SAID_BY else []
        elif (isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple)) or (
            isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple)
        ):
            said = list(node.value.elts)
        elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id in SAID_AS for t in node.targets):
            said = [node.value]
        for part in said:
            whole = [part, part.body, part.orelse] if isinstance(part, ast.IfExp) else [part]
            yield from (c.value for c in whole if isinstance(c, ast.Constant) and isinstance(c.value, str))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_sentence_has_its_chinese(source: Path) -> None:
    missing = [
        text
        for text in sentences(ast.parse(source.read_text()))
        if " " in text and not text.startswith("(") and text not in ZH
    ]
    assert missing == []


def test_the_scan_finds_sentences_at_all() -> None:
    assert sum(1 for source in SOURCES for _ in sentences(ast.parse(source.read_text()))) > 100


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_name_the_same_facts() -> None:
    for english, chinese in ZH.items():
        assert placeholders(chinese) <= placeholders(english), english
        assert placeholders(english) - placeholders(chinese) <= {"name"}, english


def test_the_ten_mistakes_in_chinese(checked: Checked) -> None:
    for mistake in checked(TEN, own=TENTH):
        said = say(mistake.what, mistake.facts, "zh") + say(mistake.instead, mistake.facts, "zh")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in said)
        assert "write" not in said
