"""What the documents show as tables are tables."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RULE = re.compile(r"\|(\s*:?-+:?\s*\|)+")


def blocks(text: str) -> Iterator[list[str]]:
    """Lines that follow each other and begin with a bar, outside of code."""
    block: list[str] = []
    code = False
    for line in [*text.splitlines(), ""]:
        code ^= line.lstrip().startswith("```")
        if line.startswith("|") and not code:
            block.append(line)
        elif block:
            yield block
            block = []


def cells(row: str) -> int:
    """How many a row has; a bar that is escaped is none."""
    return len(re.findall(r"(?<!\\)\|", row.rstrip())) - 1


def wrong(text: str) -> list[str]:
    """Rows that stand in no table, and rows that have another number of cells than their heading."""
    out = []
    for block in blocks(text):
        if len(block) < 2 or not RULE.fullmatch(block[1].rstrip()):
            out.append(f"in no table: {block[0][:80]}")
        out += [f"other cells: {row[:80]}" for row in block if cells(row) != cells(block[0])]
    return out


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_row_stands_in_its_table(path: Path) -> None:
    assert wrong(path.read_text(encoding="utf-8")) == []


def test_a_row_on_its_own_is_found() -> None:
    assert wrong("text\n\n| `a` | b |\n") == ["in no table: | `a` | b |"]
    assert wrong("| a | b |\n|---|---|\n| c \\| d | e |\n") == []
    assert wrong("| a | b |\n|---|---|\n| c | d | e |\n") == ["other cells: | c | d | e |"]
