"""tomllib's syntax errors as reasons. It speaks in sentences only: here, and nowhere else, they are taken apart."""

import re
import tomllib

from protocols.reason import Fact, Reason

_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_NAMED = re.compile(r"(?<=declare |mespace |ble key |aracter )[('\"].*[)'\"]")
_INSIDE = re.compile(r"'([^']+)'")

SAYS = {
    "Invalid value": "toml.invalid_value",
    "Invalid statement": "toml.invalid_statement",
    "Cannot overwrite a value": "toml.overwrite",
    "Unterminated string": "toml.unterminated",
    "Unclosed array": "toml.unclosed_list",
    "Unclosed inline table": "toml.unclosed_table",
    "Expected '=' after a key in a key/value pair": "toml.no_equals",
    "Expected newline or end of document after a statement": "toml.no_newline",
    "Expected ']' at the end of a table declaration": "toml.no_bracket",
    "Expected ']]' at the end of an array declaration": "toml.no_brackets",
    "Invalid initial character for a key part": "toml.bad_key",
    "Invalid date or datetime": "toml.bad_date",
    "Invalid hex value": "toml.bad_hex",
    "Escaped character is not a Unicode scalar value": "toml.bad_escape",
    "Unescaped '\\' in a string": "toml.lone_backslash",
    "Expected \"'''\"": "toml.no_quotes",
    "Cannot declare … twice": "toml.declared_twice",
    "Cannot redefine namespace …": "toml.redefined",
    "Cannot mutate immutable namespace …": "toml.immutable",
    "Duplicate inline table key …": "toml.duplicate",
    "Found invalid character …": "toml.invalid_sign",
    "Illegal character …": "toml.illegal_sign",
}
"""Its sentences, what they name taken out, and our codes for them."""

SAID_BEFORE = frozenset({"toml.overwrite", "toml.redefined", "toml.immutable"})
"""The key stands there already: leaving the line out mends it."""


def detail(error: tomllib.TOMLDecodeError, lines: int) -> tuple[int, Reason, dict[str, Fact]]:
    """The line it stands on (of a text of `lines`), what is wrong, and the key it names, if any, under `key`."""
    at = _AT.search(str(error))
    said = _AT.sub("", str(error))
    named = _NAMED.search(said)
    plain = _NAMED.sub("…", said)
    why = Reason(SAYS[plain]) if plain in SAYS else Reason("toml.other", text=said)
    key: dict[str, Fact] = {} if named is None else {"key": ".".join(_INSIDE.findall(named[0])) or named[0]}
    return int(at[1]) if at and at[1] else lines, why, key
