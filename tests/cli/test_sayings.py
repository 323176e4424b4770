"""Every sentence with which the agent says no, or why, has its Chinese; the table holds none that nobody says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli import words
from agent.cli.sayings import _pattern, in_words

ROOT = Path(words.__file__).parents[2]
SAYING = {"AskError", "Refusal", "Interlock", "OrderStopped", "Report"} | {
    "Refused", "NotConnected", "NoAnswer", "BadAnswer", "Busy", "_drop", "lost", "_refuse", "_gone",
}  # fmt: skip
"""Whoever is called with a sentence for people: a no, a reason, a trouble on a wire."""

WHOLLY = {"agent/flight/interlocks.py", "agent/flight/permits.py", "agent/flight/fleet.py", "drivers/drone/limits.py",
          "drivers/drone/drone.py", "drivers/nest/nest.py"}  # fmt: skip
"""Modules whose every sentence is for people."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    for room in ("agent", "drivers", "protocols"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith("agent/cli/"):
                yield name, ast.parse(path.read_text())


def template(node: ast.AST) -> str:
    """A text as it stands in the source, `{}` for what changes; empty for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def texts(tree: ast.AST) -> set[str]:
    """Every text of a source but its docstrings, and the parts of f-strings."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
              if part is not node and isinstance(part, ast.Constant)}  # fmt: skip
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    told |= {id(node.left) for node in ast.walk(tree) if isinstance(node, ast.Compare)}
    return {template(node) for node in ast.walk(tree) if id(node) not in inside | told} - {""}


def said() -> dict[str, str]:
    """{sentence: where}; a sentence has two words, of which one is not filled in."""
    found: dict[str, str] = {}
    for name, tree in sources():
        if name in WHOLLY:
            found |= dict.fromkeys(texts(tree), name)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if called in SAYING:
                    given = [*node.args, *(keyword.value for keyword in node.keywords)]
                    found |= dict.fromkeys(map(template, given), f"{name}:{node.lineno}")
    sentences = {text: where for text, where in found.items() if re.search(r"[A-Za-z]{2} |[a-z] [A-Za-z{]", text)}
    return {text: where for text, where in sentences.items() if not text.startswith("hydronest ")}  # to be typed


@pytest.fixture
def in_chinese() -> Iterator[None]:
    words.use("zh")
    yield
    words.use("en")


@pytest.mark.usefixtures("in_chinese")
def test_every_sentence_of_the_agent_has_its_chinese() -> None:
    missing = [f"{where}: {text!r}" for text, where in said().items() if in_words(text.replace("{}", "7")).isascii()]
    assert not missing, "no Chinese (agent/cli/lang/zh/sayings.py) for:\n" + "\n".join(missing)


def test_every_saying_is_said_by_the_agent() -> None:
    spoken = [text.strip("; ").replace("{}", "7") for _, tree in sources() for text in texts(tree)]
    dead = [text for text in words._table("sayings") if not any(map(_pattern(text).fullmatch, spoken))]
    assert not dead, "nobody says:\n" + "\n".join(dead)


@pytest.mark.usefixtures("in_chinese")
@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("2897 m away, fires-near reaches 1500 m", "距离 2897 m, fires-near 只到 1500 m"),
        ("it is outbound for incident 119-0001", "正在前往, 警情 119-0001"),
        (
            "aircraft_down is in_air, armed, needed is on ground, disarmed",
            "无人机着陆: 当前 空中, 已解锁, 要求 着陆且未解锁",
        ),
        ("no answer to unit 7, function 3, address 20, count 2", "无应答: 地址 7, 功能码 3, 寄存器 20, 数量 2"),
        ("N1: the place is outside the geofence; N2: it is rest", "N1: 地点在电子围栏之外; N2: 正在待命"),
        ("mqtt://h:1883: Connection refused", "mqtt://h:1883: Connection refused"),
        ("/dev/ttyUSB0: unplugged", "/dev/ttyUSB0: 已拔出"),
        ("east_line: unplugged", "east_line: 已拔出"),
    ],
)
def test_sentences_with_values_in_them(english: str, told: str) -> None:
    assert in_words(english) == told


def test_english_stays_as_it_is_said() -> None:
    words.use("en")
    assert in_words("it is outbound for incident 119-0001") == "it is outbound for incident 119-0001"
