"""What language the command line speaks, and its texts in it.

`_("English text")` is what every text for people goes through; the Chinese stands in `lang/zh/<group>.py`.
JSON keys, codes and exit codes are never translated.
"""

from __future__ import annotations

from collections.abc import Mapping

from protocols.lang import word

LANGUAGES = ("zh", "en")
_texts: dict[str, str] = {}
_language = "en"


def choose(option: str | None, environment: Mapping[str, str]) -> str:
    """`zh` or `en`: --lang, HYDRONEST_LANG, then the locale; one without a language (C, POSIX, none) means Chinese."""
    locale = next((environment[n] for n in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(n)), "")
    for wish in (option, environment.get("HYDRONEST_LANG"), locale):
        tag = (wish or "").replace("-", "_").partition(".")[0].partition("_")[0].lower()
        if tag and tag not in ("c", "posix"):
            return "zh" if tag == "zh" else "en"
    return "zh"


def use(language: str, group: str | None = None) -> None:
    """Speak `language` from here on; `group` adds that command group's own texts."""
    global _language
    _language = language
    _texts.clear()
    if language == "zh":
        _texts.update(_table("base"))
        if group is not None:
            _texts.update(_table(group))


def language() -> str:
    """The language in use: `zh` or `en`."""
    return _language


def _(text: str) -> str:
    """`text` in the language in use. Fill placeholders afterwards: `_("{n} kept").format(n=3)`."""
    return _texts.get(text, text)


def N_(text: str) -> str:  # noqa: N802 - gettext's name for "to be translated later", which readers know
    """Marks a text that is looked up later by `_`."""
    return text


def term(code: str) -> str:
    """A code of the field (`pressure_low`, `out_of_range`, `hydrant`) as people say it: a word of the catalogue."""
    return word(code, _language)


def argparse_texts() -> dict[str, str]:
    """argparse's own words in the language in use, by their English text."""
    return _table("argparse_words") if _language == "zh" else {}


def _table(name: str) -> dict[str, str]:
    try:
        module = __import__(f"agent.cli.lang.zh.{name}", fromlist=("TEXTS",))
    except ModuleNotFoundError as error:
        if error.name != f"agent.cli.lang.zh.{name}":
            raise
        return {}  # a group that says nothing of its own
    texts: dict[str, str] = module.TEXTS
    return texts
