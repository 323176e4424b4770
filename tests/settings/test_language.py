"""The report speaks Chinese throughout: no sentence of the sources is without its translation."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.kinds import KINDS
from drivers.profile.mistake import say
from drivers.profile.toml import TomlText
from drivers.profile.zh import ZH
from tests.settings.conftest import Checked
from tests.settings.test_mistakes import TEN, TENTH

ROOT = Path(__file__).parents[2]
SOURCES = [
    file
    for room in ("agent", "drivers")
    for file in sorted((ROOT / room).rglob("*.py"))
    if "from drivers.profile.mistake import" in file.read_text() and "agent/cli" not in file.as_posix()
]
"""Whatever finds mistakes in a file."""
NOUNS_OF = {"unknown", "_unknown"}
SAID_BY = {"Wrong", "Fault", "Mistake", "shaped", "_wrong", "_broken", "pair", "leave_out", *NOUNS_OF}
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
            if name in NOUNS_OF:
                yield from (noun for first in said[:1] for noun in whole(first))
        elif isinstance(node, ast.Yield | ast.Return) and isinstance(node.value, ast.Tuple):
            said = list(node.value.elts)
        elif isinstance(node, ast.Assign):
            said = [*named(node.targets[0], node.value)]
        yield from (text for part in said for text in whole(part) if " " in text and not text.startswith("("))


def named(target: ast.AST, value: ast.AST) -> Iterator[ast.AST]:
    """What is given a name that says it is a sentence, in `a, b = …` too."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=False):
            yield from named(one, its)
    elif isinstance(target, ast.Name) and target.id in SAID_AS:
        yield value


def whole(part: ast.AST) -> Iterator[str]:
    """The text, or both of `a if x else b`."""
    for one in (part.body, part.orelse) if isinstance(part, ast.IfExp) else (part,):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_sentence_has_its_chinese(source: Path) -> None:
    assert [text for text in sentences(ast.parse(source.read_text())) if text not in ZH] == []


def test_every_quantity_a_kind_asks_for_has_its_chinese() -> None:
    asked = {quantity for kind in KINDS.values() for name in (*kind.required, *kind.optional)
             if (meaning := kind.meaning(name)) for quantity in meaning.quantities}  # fmt: skip
    assert asked
    assert sorted(asked - set(ZH)) == []


BROKEN = (
    "[a]\n[a]", "a={b=1}\n[a.c]\nd=1", "a.b=1\na.b.c=2", "a={b=1,b=2}", 'a="x\x01"', "a='\x01'", 'a="\\q"', 'a="\\uZZ"',
    'a="\\uD800"', "a=[1,", "a={b=1", "a=1 b", "[a", "[[a]", "= 1", "a=1\na=2", 'a="x', "a=2026-13-40", "a='\''x", '"a',
    "a=b", "a 1", "a",
)  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_what_the_toml_parser_says_has_its_chinese(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    (mistake, *_) = TomlText(tmp_path / "a.toml").mistakes
    assert mistake.facts["detail"] in ZH


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
