"""Every text for people has its Chinese, every Chinese text is used, and nothing is lost between the two."""

import argparse
import ast
import inspect
import string
import tomllib
from pathlib import Path

import pytest

from agent.cli import words
from drivers.event import EventKind, Severity, Transition
from drivers.kinds import KINDS
from drivers.quality import Quality
from protocols.lang.zh import TEXTS as CATALOGUE

CLI = Path(words.__file__).parent
CATALOGUES = {
    path.stem: words._table(path.stem) if path.stem != "__init__" else {} for path in (CLI / "lang/zh").glob("*.py")
}


def marked() -> dict[str, set[str]]:
    """{catalogue name: every text its modules give to `_` or `N_`}."""
    found: dict[str, set[str]] = {}
    benches = (CLI.parents[1] / "hil/bench").rglob("*.py")  # what the verbs of `bench` do lies there
    for path in [*CLI.rglob("*.py"), *benches]:
        inside = path.relative_to(CLI.parent).parts[1:] if path.is_relative_to(CLI) else ("bench", path.name)
        if inside[:1] == ("lang",):
            continue
        alone = not inside or inside[0] == "commands"
        group = path.stem if alone else inside[0] if len(inside) > 1 else "base"
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_"):
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found.setdefault(group, set()).add(text.value)
                else:
                    looks_up = path.name in ("front.py", "call.py", "command.py")  # what N_ marked
                    assert looks_up, f"{path}:{node.lineno}: _() takes a plain literal; fill it by .format"
    return found


def test_every_text_has_its_chinese_where_it_is_looked_for() -> None:
    missing = [
        f"{group}: {text!r}"
        for group, texts in marked().items()
        for text in sorted(texts)
        if text not in CATALOGUES["base"] and text not in CATALOGUES.get(group, {})
    ]
    assert not missing, "no Chinese (agent/cli/lang/zh/<group>.py) for:\n" + "\n".join(missing)


def test_every_chinese_text_is_used() -> None:
    used = marked()
    everywhere = set().union(*used.values())
    dead = [f"base: {text!r}" for text in CATALOGUES["base"] if text not in everywhere]
    for group, texts in CATALOGUES.items():
        if group in ("base", "argparse_words", "__init__"):
            continue
        dead += [f"{group}: {text!r}" for text in texts if text not in used.get(group, set())]
    assert not dead, "nobody says:\n" + "\n".join(dead)


@pytest.mark.parametrize("name", sorted(CATALOGUES))
def test_placeholders_survive_translation(name: str) -> None:
    for english, chinese in CATALOGUES[name].items():
        if name == "argparse_words":
            assert english.count("%") == chinese.count("%"), english
            continue
        of = [{field for _, field, _, _ in string.Formatter().parse(text) if field} for text in (english, chinese)]
        assert of[0] == of[1], f"{english!r}: {of[0]} became {of[1]}"


def test_the_words_of_argparse_are_the_ones_this_python_uses() -> None:
    source = inspect.getsource(argparse)
    plain = source.replace("'\n                    '", "").replace("' '", "")
    unknown = [text for text in CATALOGUES["argparse_words"] if text not in plain]
    assert len(unknown) <= 1, unknown  # Python 3.12 and 3.13 changed the wording of one


@pytest.mark.parametrize("codes", [EventKind, Severity, Transition])
def test_every_code_of_the_field_has_a_word(codes: type[EventKind]) -> None:
    assert [code for code in codes if code not in CATALOGUE] == []


def test_every_quality_has_a_word() -> None:
    assert [quality.code for quality in Quality if quality.code not in CATALOGUE] == []


def test_every_point_bit_and_mode_of_the_shipped_profiles_has_a_word() -> None:
    names = set(KINDS) | {point for kind in KINDS.values() for point in (*kind.required, *kind.optional)}
    profiles = sorted((CLI.parents[1] / "config/profiles").rglob("*.toml"))
    assert profiles
    for path in profiles:
        for name, point in tomllib.loads(path.read_text())["points"].items():
            names |= {name, *map(str, point.get("bits", {}).values())}
            if not name.endswith(("unit_code", "_unit")):  # its words are units
                names |= {str(word) for word in point.get("enum", {}).values()}
    assert sorted(names - set(CATALOGUE)) == []


def test_terms_without_a_word_are_readable_codes() -> None:
    words.use("en")
    assert words.term("out_of_range") == "out of range"
    words.use("zh")
    assert words.term("pressure_low") == "欠压"
    assert words.term("never_heard_of") == "never heard of"
    assert words.term("no answer from /dev/tty_A") == "no answer from /dev/tty_A"
