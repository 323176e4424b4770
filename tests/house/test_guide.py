"""The documents are true: their commands parse, their links lead somewhere, what can go wrong stands there."""

import argparse
import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from agent.cli import registry, words
from agent.cli.command import Parser, build_group, run_group
from agent.cli.doctor import nests, remedies
from agent.cli.globals import take
from agent.cli.trouble import Trouble
from agent.flight.logbook.flight_log import BAD
from drivers.event import EventKind
from hil.demo.__main__ import main as demo
from protocols.lang import LANGUAGES, template
from protocols.lang.en import TEXTS
from protocols.reason import sentence, word
from tests.house.test_docs import DOCUMENTS, ROOT, blocks

NAMING = ("agent/cli/doctor/*.py", "agent/runtime/clock/*.py", "agent/core/requests/clock.py")
FENCED = re.compile(r"^```(?:sh)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
OTHERS_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
OURS = re.compile(r"(?:sudo (?:-u \w+ )?)?hydronest (.+)")
BESIDE = re.compile(r"\s+#.*|\s{2,}.*")
OPEN = re.compile(r"[][|…]|\.\.\.|\b[A-Z]+\b")
"""A command that is shown with its choices, or with words for what a person puts there."""

INSIDE = {*nests.NOT_YET, "dns.EAI_NONAME"}
"""Never said by themselves."""


class Parsed(Exception):
    """A command line was taken; nothing is run."""


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every parser stops behind its work."""

    def taken(self: Parser, argv: list[str]) -> Any:
        super(Parser, self).parse_args(argv)
        raise Parsed

    language = words.language()
    monkeypatch.setattr(Parser, "parse_args", taken)
    for name in ("_", "ngettext"):
        monkeypatch.setitem(vars(argparse), name, vars(argparse)[name])  # each group puts its own there
    yield
    words.use(language)


def commands(text: str) -> Iterator[str]:
    """What follows `hydronest` wherever a command of it is shown."""
    shown = [line for block in FENCED.findall(text) for line in block.splitlines()]
    shown += SPAN.findall(OTHERS_FENCED.sub("", text))
    for line in shown:
        if (found := OURS.fullmatch(line)) and "\\n" not in line:  # what is signed begins with our name, too
            yield BESIDE.sub("", found[1])


def no(command: str, *, whole: bool) -> str:
    """Why a command is none, or nothing. A name alone (`flight recall`) is one; `whole`: all of it is to parse."""
    words.use("en")
    if not whole and OPEN.search(command):
        command = OPEN.split(command)[0].rpartition(" ")[0] or "help"
    try:
        _, argv = take(shlex.split(command))
        if argv[:1] in ([], ["help"], ["--help"], ["--version"]):
            return ""
        if argv[0] == "demo":
            demo(argv[1:])
        else:
            run_group(argv[0], argv[1:], take([])[0])
    except Parsed:
        return ""
    except ModuleNotFoundError:
        return f"{command}: no such command"
    except Trouble as trouble:
        named = all(re.fullmatch("[a-z-]+", one) for one in argv) and len(argv) <= 2
        unfinished = "required" in trouble.message or "expected one argument" in trouble.message
        if unfinished and (named or not whole):
            return ""
        return f"{command}: {trouble.message}"
    except SystemExit:  # --help
        return ""
    return f"{command}: was not parsed"


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if "decisions" not in p.parts], ids=lambda p: p.name)
def test_every_command_that_is_shown_parses(path: Path, parse: None) -> None:
    text = path.read_text("utf-8")
    assert [why for one in commands(text) if (why := no(one, whole="guide" in path.parts))] == []


def test_a_command_that_is_none_is_found(parse: None) -> None:
    shown = (
        "`sudo hydronest rate tomorrow` `hydronest flight recall`\n```sh\nhydronest bus scan L --bauds  # all\n```\n"
    )
    assert [bool(no(one, whole=True)) for one in commands(shown)] == [True, True, False]
    assert no("alarm shelve H001 leak --for 12h", whole=True)
    assert not no("asset set ID STATE --at TIME", whole=False)


def test_a_command_that_a_sentence_names_is_there() -> None:
    wrong = []
    for code, text in TEXTS.items():
        for group, verb in re.findall(r"(?<!status )(?<!/)hydronest ([a-z]+)(?: ([a-z]+))?", text):
            if group not in registry.names() or (verb and (verbs := verbs_of(group)) and verb not in verbs):
                wrong.append(f"{code}: hydronest {group} {verb}")
    assert wrong == []


@cache
def verbs_of(group: str) -> frozenset[str]:
    return frozenset() if group in registry.VERBATIM else frozenset(build_group(group).verbs)


def table(path: Path, width: int) -> dict[str, list[str]]:
    """The rows whose last cell is one code, by that code; each stands once."""
    found: dict[str, list[str]] = {}
    for block in blocks(path.read_text("utf-8")):
        for row in block:
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
            if len(cells) == width and (code := re.fullmatch(r"`([\w.]+)`", cells[-1])):
                assert code[1] not in found, f"{code[1]} twice"
                found[code[1]] = cells
    return found


def plain(code: str, language: str) -> str:
    """The sentence of a code as the pages show it: what fills it is `…`."""
    text = template(code, language)
    assert text is not None, f"{code} is no code any more"
    text = text.replace("{{", "\0").replace("}}", "\1")
    return re.sub(r"\{[^{}]*\}", "…", text).replace("\0", "{").replace("\1", "}").replace("|", "\\|")


def of_doctor() -> set[str]:
    """Every code that the doctor names by itself, and what the clock says to it."""
    trees = [ast.parse(path.read_text("utf-8")) for pattern in NAMING for path in ROOT.glob(pattern)]
    texts = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
             and isinstance(node.value, str)}  # fmt: skip
    return {text for text in texts if re.fullmatch(r"[a-z_]+\.[A-Za-z0-9_]+", text) and template(text, "en")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_doctor_can_say_stands_in_the_page_with_its_next_step(language: str) -> None:
    page = ROOT / f"docs/guide/{language}/faults.md"
    rows = table(page, 4)
    steps = {code for code in of_doctor() if code.startswith("doctor.do_")}
    assert (of_doctor() - steps) - set(rows) - INSIDE == set()
    told = {plain(code, language) for code in steps}
    for code, (said, _why, step, _code) in rows.items():
        if "." not in code:
            continue  # an alarm
        assert said == plain(code, language), f"{code} in {page.name}"
        if code in remedies.BY_CODE:
            assert step == plain(remedies.BY_CODE[code], language), code
        assert step in told or code in ("file.mistake_at", "interlock.not_met"), code
    locks = {code: cells for code, cells in table(page, 3).items() if code in nests.MENDED_BY}
    assert {code: cells[1] for code, cells in locks.items()} == {
        code: plain(step, language) for code, step in nests.MENDED_BY.items()
    }
    text = page.read_text("utf-8")
    for topic, step in remedies.BY_TOPIC.items():
        assert f"| `{topic}.…` | {plain(step, language)} |\n" in text
    assert f" | {plain(remedies.PLAIN, language)} |\n" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_alarm_and_every_phase_that_is_one_has_its_row(language: str) -> None:
    folder = ROOT / "docs/guide" / language
    alarms = {code: cells[0] for code, cells in table(folder / "faults.md", 4).items() if "." not in code}
    assert alarms == {kind.value: sentence(word(kind.value), language) for kind in EventKind}
    phases = {code: cells[0] for code, cells in table(folder / "nest.md", 4).items()}
    assert phases == {phase.value: sentence(word(phase.value), language) for phase in BAD}


def test_both_languages_have_the_same_pages_with_the_same_commands() -> None:
    told = {}
    for language in LANGUAGES:
        pages = sorted((ROOT / "docs/guide" / language).glob("*.md"))
        told[language] = {
            page.name: [
                re.sub('".*?"|[^ -~]+|\\bNAME\\b|City|Zhang', "_", one) for one in commands(page.read_text("utf-8"))
            ]
            for page in pages
        }
    assert told["en"] == told["zh"]
    assert len(told["en"]) == 7


class Links(HTMLParser):
    """What a page links to, and the places it has."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.hrefs: set[str] = set()
        self.places: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.hrefs |= {value for name in ("href", "src") if (value := said.get(name))}
        self.places |= {value for name, value in attrs if name == "id" and value}


def built(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/docs.py", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def test_the_pages_are_built_and_every_link_leads_within_them(tmp_path: Path) -> None:
    ran = built(tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    pages = {path: Links(path) for path in tmp_path.rglob("*.html")}
    dead = []
    for path, links in pages.items():
        for href in links.hrefs:
            name, _, place = unquote(href).partition("#")
            target = (path.parent / name).resolve() if name else path
            if not re.match("[a-z]+:", href) and (
                not target.is_file() or (place and place not in pages[target].places)
            ):
                dead.append(f"{path.relative_to(tmp_path)}: {href}")
    assert dead == []
    assert {path.relative_to(ROOT).with_suffix(".html") for path in DOCUMENTS} < {
        path.relative_to(tmp_path) for path in pages
    }
    assert all("http" not in href for links in pages.values() for href in links.hrefs if "style" in href)
    assert '<html lang="zh-CN">' in (tmp_path / "docs/guide/zh/faults.html").read_text("utf-8")


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "# A\n[b](b.md) [c](#c) [a](a.md#a) [x](https://x.invalid) `[n](n)`\n\n## Two words!\n"
    )
    (tmp_path / "b.md").write_text("[to](a.md#two-words) [to](a.md#two) [folder](.)\n")
    ran = built(tmp_path / "out", tmp_path)
    assert (ran.returncode, ran.stderr.splitlines()) == (
        1,
        ["a.md: #c leads nowhere", "b.md: a.md#two leads nowhere"],
    )
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    (tmp_path / "a.md").write_text("# A\n")
    assert built(tmp_path, tmp_path).returncode == 1
    assert {path.name for path in tmp_path.iterdir()} == {"a.md", "mine"}
