"""Every reason has its sentence in both languages, filled by the code that gives it; the catalogue holds no other."""

import ast
import errno
import re
import string
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.lang import LANGUAGES
from protocols.lang.en import TEXTS as ENGLISH
from protocols.lang.zh import TEXTS as CHINESE
from protocols.modbus.question import EXCEPTIONS
from protocols.reason import Reason, from_json, sentence
from protocols.system import RESOLVER
from protocols.tls import VERIFICATION
from tests.house.sources import sources

CODE = re.compile(r"[a-z][a-z0-9_]*\.[A-Za-z0-9_]+")

MADE_UP: dict[str, set[str]] = {
    "errno": {*errno.errorcode.values(), "other"},
    "dns": set(RESOLVER.values()),
    "tls": {f"certificate_{name}" for name in VERIFICATION.values()},
    "mqtt": {f"reason_{number:02x}" for number in range(0x80, 0xA3)},
    "modbus": {f"exception_{number}" for number in EXCEPTIONS},
}
"""Codes that are put together from a number or name of somebody else's: {topic: what may stand behind the point}."""

NAMED_BY_OTHERS = {"tls": re.compile(r"[A-Z0-9_]+"), "mavlink": re.compile(r"(mav_)?result_[a-z_]+")}
"""Likewise, where there are more of them than anybody needs sentences for."""

PUT_TOGETHER = {
    "protocols/modbus/question.py",
    "protocols/mqtt/reasons.py",
    "protocols/mavlink/exchange.py",
    "protocols/mavlink/results.py",
    "protocols/system.py",
    "protocols/tls.py",
}
"""The modules that may do so."""

OF_FILES = re.compile(
    r"(settings|toml|write|profile|nest_profile|rules|imported|file|bench)\.(?!toml$|json$|py$)[a-z0-9_]+"
)
"""Codes of mistakes in files: given by name, filled by facts that stand elsewhere."""

GIVEN_BESIDE = {"refusal": {"why"}}
"""Functions that take a code and its facts, and what they add."""


class Given(NamedTuple):
    """One place where a reason is given. `facts` None: not all of them are to be seen there."""

    where: str
    code: str
    facts: set[str] | None


@cache
def reasoned() -> frozenset[str]:
    """The names of Reason and of everything that is made of one."""
    found = {"Reason", "Reasoned", *GIVEN_BESIDE}
    bases = {
        node.name: {ast.unparse(base).split(".")[-1] for base in node.bases}
        for tree in sources().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return frozenset(found)


def called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def calls() -> Iterator[tuple[str, ast.Call]]:
    for name, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) in reasoned():
                yield name, node


def reasons() -> Iterator[Given]:
    for name, call in calls():
        texts = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        code = next((text for text in texts if CODE.fullmatch(text)), None)
        if code is None:
            continue
        facts = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
        whole = all(keyword.arg is not None for keyword in call.keywords)
        beside = GIVEN_BESIDE.get(called(call), set())
        yield Given(f"{name}:{call.lineno}", code, facts | beside if whole else None)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_reason_has_both_sentences_and_gives_what_they_want() -> None:
    wrong = []
    for one in reasons():
        for texts in (ENGLISH, CHINESE):
            if one.code not in texts:
                wrong.append(f"{one.where}: {one.code} is not in config/lang")
            elif one.facts is not None and (lacking := fields(texts[one.code]) - one.facts):
                wrong.append(f"{one.where}: {one.code} wants {', '.join(sorted(lacking))}")
    assert not wrong, "\n".join(wrong)


def test_a_reason_is_given_by_a_code_and_never_by_a_sentence() -> None:
    wrong = []
    for name, call in calls():
        for one in call.args:
            if isinstance(one, ast.JoinedStr) and name not in PUT_TOGETHER:
                wrong.append(f"{name}:{call.lineno}: put together: {ast.unparse(one)}")
            elif isinstance(one, ast.Constant) and isinstance(one.value, str) and " " in one.value:
                wrong.append(f"{name}:{call.lineno}: a sentence: {one.value}")
    assert not wrong, "\n".join(wrong)


def test_every_mistake_in_a_file_has_both_sentences() -> None:
    said = {text for text in spoken() if OF_FILES.fullmatch(text)}
    assert len(said) > 150
    assert sorted(said - ENGLISH.keys()) == []


def spoken() -> set[str]:
    """Every text of the sources."""
    return {
        node.value
        for tree in sources().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def made_up(code: str) -> bool:
    topic, _, name = code.partition(".")
    return name in MADE_UP.get(topic, ()) or (topic in NAMED_BY_OTHERS and bool(NAMED_BY_OTHERS[topic].fullmatch(name)))


def test_the_catalogue_holds_nothing_that_nobody_says() -> None:
    said = spoken()
    assert [code for code in ENGLISH if "." in code and code not in said and not made_up(code)] == []


def test_both_languages_say_the_same() -> None:
    assert ENGLISH.keys() == CHINESE.keys()
    assert [code for code in ENGLISH if fields(ENGLISH[code]) != fields(CHINESE[code])] == []
    plain = [code for code, text in CHINESE.items() if "." in code and text.isascii()]
    assert [code for code in plain if re.search(r"[A-Za-z]{3}", re.sub(r"\{.*?\}", "", CHINESE[code]))] == [
        "mqtt.key_files"
    ]


WORDS = ("on", "to", "no", "open", "free", "get local issuer", "outbound", "正在", "{why}", "%s", "a\\b", "")


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_no_fact_is_translated_or_cut(language: str, data: st.DataObject) -> None:
    texts = {"en": ENGLISH, "zh": CHINESE}[language]
    code = data.draw(st.sampled_from(sorted(texts)))
    facts: dict[str, str | float] = {}
    wanted = ""
    for text, name, spec, _ in string.Formatter().parse(texts[code]):
        wanted += text
        if name is not None:
            if name not in facts:
                facts[name] = 7.25 if spec else data.draw(st.sampled_from(WORDS) | st.text(max_size=300))
            wanted += format(facts[name], spec or "")
    assert sentence(Reason(code, **facts), language) == wanted


FACTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.builds(Reason, st.sampled_from(sorted(ENGLISH)), why=inner) | st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=6,
)


@given(FACTS)
def test_a_reason_survives_json(fact: object) -> None:
    reason = Reason("modbus.no_identity", why=fact)  # type: ignore[arg-type]
    assert from_json(reason.as_json()) == reason


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        [],
        {},
        {"code": "a"},
        {"code": 7, "facts": {}},
        {"code": "a", "facts": []},
        {"code": "a", "facts": {}, "x": 1},
    ],
)
def test_what_is_no_reason_is_none(value: object) -> None:
    assert from_json(value) is None


def test_reasons_within_reasons_end_somewhere() -> None:
    deep: object = {"code": "end.of_it", "facts": {}}
    for _ in range(5000):
        deep = {"code": "modbus.no_identity", "facts": {"why": deep}}
    assert str(from_json(deep)).startswith("no identity to read: no identity to read: ")


def test_a_code_of_another_version_shows_what_it_has() -> None:
    assert sentence(Reason("later.invented", line="on", n=3), "zh") == "later.invented (line=on, n=3)"
    assert sentence(Reason("modbus.unplugged", place="on")) == "modbus.unplugged (place=on)"
    assert sentence(Reason("modbus.no_connection", place="p", within_s="soon")).startswith("modbus.no_connection (")


def test_a_reason_does_not_change() -> None:
    reason = Reason("modbus.unplugged", port="p")
    with pytest.raises(AttributeError):
        reason.code = "other"
    assert reason == Reason("modbus.unplugged", port="p") != Reason("modbus.unplugged", port="q")
