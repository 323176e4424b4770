"""The catalogue: {code: sentence with its {facts}} of each language, compiled from `config/lang/*.po`.

`tools/catalogue.py` compiles it. A language is loaded when its first sentence is wanted.
"""

LANGUAGES = ("en", "zh")
_loaded: dict[str, dict[str, str]] = {}


def template(code: str, language: str) -> str | None:
    """The sentence of a code before its facts are filled in; None where the catalogue has none."""
    texts = _loaded.get(language)
    if texts is None:
        texts = _loaded[language] = __import__(f"protocols.lang.{language}", fromlist=("TEXTS",)).TEXTS
    return texts.get(code)


def known(code: str) -> bool:
    """Whether a code made of somebody else's name, such as `errno.ENOSPC`, has a sentence of its own."""
    return template(code, "en") is not None


def word(code: str, language: str) -> str:
    """A code of the field (`pressure_low`, `out_of_range`, `hydrant`) as people say it; what is no code as it is."""
    if language == "zh" and "." not in code and (found := template(code, "zh")):
        return found
    is_code = code.isascii() and code.islower() and code.replace("_", "").isalnum()
    return code.replace("_", " ") if is_code else code  # a path or a sentence is left as it is
