"""Sentences stand in the catalogue and in the command line: nowhere else is one written, matched or cut."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.sources import sources
from tests.house.test_reasons import called

SPACED = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")
"""Two words: what is compared with a text that has them is compared with a sentence."""

SENTENCE = re.compile(r"\b[A-Za-z]+( [a-z]+){3}\b")
"""Four words of prose; the name of a job has fewer."""

CUTS = {
    "startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "split", "rsplit", "replace",
    "find", "index", "count", "match", "fullmatch", "search", "sub", "compile",
}  # fmt: skip

OTHERS_WORDS = {
    "drivers/profile/toml_syntax.py": "tomllib says what is wrong by a sentence alone",
    "protocols/mavlink/results.py": "MAVSDK names the result of opening a link in a sentence alone",
}
"""Who reads the sentences of others, because they give nothing else."""

PROSE = {
    "agent/cli/": "the edge: its texts have their Chinese in agent/cli/lang",
    "agent/settings/bearers.py": "what a key means, for the generated reference",
    "agent/settings/devices.py": "likewise",
    "agent/settings/flight.py": "likewise",
    "agent/settings/lines.py": "likewise",
    "agent/settings/models.py": "likewise",
    "agent/settings/terminals.py": "likewise",
    "agent/settings/uplinks.py": "likewise",
    "agent/settings/web.py": "likewise",
    "agent/settings/reference.py": "likewise",
    "agent/settings/schema.py": "likewise",
    "drivers/profile/model.py": "likewise",
    "drivers/profile/point.py": "likewise",
    "drivers/drone/audit/render.py": "the words of a document's table",
    "drivers/profile/toml_syntax.py": "tomllib's sentences",
    "agent/flight/machine/": "what the proof of the table reports to who changes it",
    "agent/runtime/logging_behind.py": "the log itself",
    "agent/supervisor/inhibitor.py": "systemd's own list of who holds a shutdown back, which has no language",
}
"""Where sentences may stand."""

LOGS = {"debug", "info", "warning", "error", "exception", "critical"}
BUGS = {"ValueError", "TypeError", "KeyError", "RuntimeError", "OSError", "EOFError", "AttributeError"}
"""What a mistake of ours, or of a file's bytes, is raised as: for a log."""


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for name, tree in sources().items():
        if not name.startswith("hil/"):
            for node in ast.walk(tree):
                yield name, node


def text_of(node: ast.AST) -> str:
    """A text as it stands in the source, `7` for what is filled in; empty for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def worded(node: ast.AST) -> bool:
    """Whether this is an error or a reason made a text: `str(error)`, `f"{reason}"`."""
    named = ("error", "wrong", "trouble", "reason", "why", "said", "problem", "no", "gone", "text")
    if isinstance(node, ast.Call) and called(node) == "str" and node.args:
        return ast.unparse(node.args[0]).split(".")[-1] in named
    return isinstance(node, ast.JoinedStr) and any(
        isinstance(part, ast.FormattedValue) and ast.unparse(part.value).split(".")[-1] in named for part in node.values
    )


def matched(node: ast.AST) -> list[ast.AST]:
    """What a node compares or cuts."""
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.MatchValue):
        return [node.value]
    if isinstance(node, ast.Call) and called(node) in CUTS:
        receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return [*receiver, *node.args]
    return [node.value] if isinstance(node, ast.Subscript) else []


def found_in(node: ast.AST) -> str:
    """What sentence a node matches or cuts; empty where it does neither."""
    for part in matched(node):
        if SPACED.search(text_of(part)) or worded(part):
            return ast.unparse(node)
    return ""


def test_no_sentence_is_matched_or_cut() -> None:
    wrong = [
        f"{name}:{node.lineno}: {found}"  # type: ignore[attr-defined]  # what is found has a line
        for name, node in nodes()
        if name not in OTHERS_WORDS and (found := found_in(node))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "source",
    [
        'said == "the link is lost"',
        'why.startswith("there is no nest")',
        'str(error).partition(": ")',
        're.compile("no answer to (.*)")',
        "str(no.reason)[:20]",
        'f"{error}".split()',
        '"not armed" in text',
        'match said:\n    case "not armed":\n        pass',
    ],
)
def test_matching_and_cutting_is_found(source: str) -> None:
    assert any(found_in(node) for node in ast.walk(ast.parse(source)))


def unsaid(tree: ast.Module) -> set[int]:
    """Texts nobody but a programmer reads: docstrings, the log, asserts, errors that are bugs, SQL and markup."""
    out: set[int] = set()
    for node in ast.walk(tree):
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        aside = isinstance(node, ast.Call) and called(node) in LOGS | BUGS
        if docstring or aside or isinstance(node, ast.Assert):
            out |= {id(part) for part in ast.walk(node)}
        if isinstance(node, ast.JoinedStr):
            out |= {id(part) for part in ast.walk(node) if part is not node}
    return out


def test_no_sentence_stands_outside_the_catalogue() -> None:
    wrong = []
    for name, tree in sources().items():
        if name.startswith(("hil/", *PROSE)):
            continue
        left_out = unsaid(tree)
        for node in ast.walk(tree):
            text = text_of(node)
            if id(node) in left_out or not SENTENCE.search(text) or re.match(r"\s*([A-Z]{4,} |<|-- )", text):
                continue
            wrong.append(f"{name}:{node.lineno}: {text[:100]}")  # type: ignore[attr-defined]  # a text has a line
    assert not wrong, "\n".join(wrong)


def test_where_sentences_may_stand_there_is_one() -> None:
    for place in PROSE:
        assert any(name.startswith(place) for name in sources()), place
    assert all(any(found_in(node) for node in ast.walk(sources()[name])) for name in OTHERS_WORDS)
