"""On which line a thing stands, and reading past what is broken."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.profile.load import SHIPPED, names
from drivers.profile.toml import TomlText

FILES = [SHIPPED.parent / "hydronest.example.toml", *names([SHIPPED]).values()]


def paths(node: Any, where: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield (*where, key)
            yield from paths(value, (*where, key))
    elif isinstance(node, list) and node and isinstance(node[0], dict):
        for index, value in enumerate(node):
            yield from paths(value, (*where, index))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_every_key_is_found_on_a_line_that_names_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    rows = text.split("\n")
    toml = TomlText(file)
    found = list(paths(tomllib.loads(text)))
    assert len(found) > 15
    for where in found:
        line = toml.line(where)
        assert line is not None, where
        assert str(where[-1]) in rows[line - 1], where


LAYOUT = '''
top = 1
[a]
list = [
  1, # [not.a.table]
  "[nor.this]",
]
text = """
[inside.a.text]
key = 3
"""
"quoted key" = 1
dotted.key = 2
[[b]]
x = 1
[[b]]
x = 2
[b.inner]
y = 3
  [[ b . deep ]]
  z = 4
[after."x.y"]
k = { a = 1, b = [ { c = 2 } ] }
'''


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (("top",), 2),
        (("a", "list"), 4),
        (("a", "text"), 8),
        (("a", "quoted key"), 12),
        (("a", "dotted", "key"), 13),
        (("b", 0, "x"), 15),
        (("b", 1, "x"), 17),
        (("b", 1, "inner", "y"), 19),
        (("b", 1, "deep", 0, "z"), 21),
        (("after", "x.y", "k", "b", 0, "c"), 23),
        (("b", 1, "nowhere"), 16),
        (("nowhere",), None),
        (("inside", "a", "text"), None),
        (("a", "key"), 3),
    ],
)
def test_lines_of_a_tangled_layout(tmp_path: Path, where: tuple[str | int, ...], line: int | None) -> None:
    file = tmp_path / "a.toml"
    file.write_text(LAYOUT, encoding="utf-8")
    assert TomlText(file).line(where) == line


def test_a_value_that_breaks_the_syntax_is_taken_as_a_text(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text("a = H001\nb = 2\nc = 1.2.3 # why\nd = 4\n", encoding="utf-8")
    toml = TomlText(file)
    assert toml.tables == {"a": "H001", "b": 2, "c": "1.2.3", "d": 4}
    assert [mistake.line for mistake in toml.mistakes] == [1, 3]


def test_too_large_a_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    with file.open("wb") as handle:
        handle.truncate(5 * 1024 * 1024)
    toml = TomlText(file)
    assert toml.tables is None
    assert "larger than 4 MB" in toml.mistakes[0].text()
