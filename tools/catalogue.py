"""The sentences' sources, `config/lang/*.po`, into the tables that are loaded: protocols/lang/*.py.

`python tools/catalogue.py` puts the sources in order (by topic, then by code; the English beside each Chinese) and
compiles them; `--check` only says what would change. A code without a point is a word: `out_of_range`.
"""

import string
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = """\
msgid ""
msgstr ""
"Project-Id-Version: hydronest\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def source(language: str) -> Path:
    """Where a language's sentences are written."""
    return ROOT / f"config/lang/{language}.po"


def table(language: str) -> Path:
    """Where they are loaded from."""
    return ROOT / f"protocols/lang/{language}.py"


def read(text: str, name: str) -> dict[str, str]:
    """{msgid: msgstr} of a .po file's text. Exits naming the line that is none, or the code that stands there twice."""
    found: dict[str, str] = {}
    parts: dict[str, str] = {}
    open_part = ""
    for number, line in enumerate([*text.splitlines(), 'msgid "end"'], 1):
        keyword, _, rest = line.strip().partition(" ")
        if keyword == "msgid" and "msgstr" in parts:
            if parts["msgid"] in found:
                sys.exit(f"{name}:{number}: {parts['msgid']} stands there twice")
            found[parts["msgid"]] = parts["msgstr"]
            parts = {}
        if keyword in ("msgid", "msgstr"):
            open_part = keyword
            parts[open_part] = _unquoted(rest, name, number) if rest else ""
        elif line.strip().startswith('"'):
            parts[open_part] += _unquoted(line.strip(), name, number)
        elif line.strip() and not line.startswith("#"):
            sys.exit(f"{name}:{number}: not a line of a .po file: {line}")
    found.pop("", None)
    return found


def _unquoted(text: str, name: str, number: int) -> str:
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        sys.exit(f"{name}:{number}: quotes are missing: {text}")
    text = text[1:-1]
    out, at = "", 0
    back = {value: key for key, value in _ESCAPES.items()}
    while at < len(text):
        pair = text[at : at + 2]
        out += back.get(pair, text[at])
        at += 2 if pair in back else 1
    return out


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(sign, sign) for sign in text) + '"'


def _place(code: str) -> tuple[str, str]:
    topic, dot, _ = code.partition(".")
    return (topic if dot else "", code)


def in_order(texts: dict[str, str], language: str, english: dict[str, str]) -> str:
    """The .po file: a heading for each topic; beside a translation the English, which translators see."""
    out = [HEAD.format(language=language)]
    topic = None
    for code in sorted(texts, key=_place):
        if _place(code)[0] != topic:
            topic = _place(code)[0]
            out.append(f"# -- {topic or 'words'}\n")
        beside = "" if language == "en" else f"#. {english.get(code, '?').replace(chr(10), ' ')}\n"
        out.append(f"{beside}msgid {_quoted(code)}\nmsgstr {_quoted(texts[code])}\n")
    return "\n".join(out)


def compiled(texts: dict[str, str], language: str) -> str:
    """The module that is loaded."""
    lines = [f"    {code!r}: {texts[code]!r},\n" for code in sorted(texts, key=_place)]
    head = f'"""From config/lang/{language}.po by tools/catalogue.py; do not edit."""\n\nTEXTS = {{\n'
    return "".join((head, *lines, "}\n"))


def fields(text: str) -> set[str]:
    """What a template wants filled in."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def faults(english: dict[str, str], chinese: dict[str, str]) -> list[str]:
    """What one language has and the other has not: codes, or facts of one code."""
    out = [f"{code}: no Chinese" for code in english.keys() - chinese.keys()]
    out += [f"{code}: no English" for code in chinese.keys() - english.keys()]
    for code in english.keys() & chinese.keys():
        if fields(english[code]) != fields(chinese[code]):
            out.append(f"{code}: the facts differ: {english[code]!r}, {chinese[code]!r}")
        if not english[code] or not chinese[code]:
            out.append(f"{code}: empty")
    return sorted(out)


def main(arguments: list[str]) -> int:
    """1 if a source is at fault or, with --check, if anything is not as this tool would write it."""
    texts = {name: read(source(name).read_text(encoding="utf-8"), f"config/lang/{name}.po") for name in ("en", "zh")}
    wrong = faults(texts["en"], texts["zh"])
    if not wrong:
        wanted = {source(name): in_order(texts[name], name, texts["en"]) for name in texts}
        wanted |= {table(name): compiled(texts[name], name) for name in texts}
        for path, text in wanted.items():
            if path.is_file() and path.read_text(encoding="utf-8") == text:
                continue
            if "--check" in arguments:
                wrong.append(f"{path.relative_to(ROOT)}: not current: run python tools/catalogue.py")
            else:
                path.write_text(text, encoding="utf-8")
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
