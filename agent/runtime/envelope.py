"""One envelope for small state files and lines: JSON with a sum of its own in front, so that what was bent is no truth.

`{"sum":"0123456789abcdef","kind":"restraint","format":1,"of":{…}}`: the first 64 bits of the SHA-256 over everything
behind the sum. What an earlier version wrote has none and is taken as it is, until it is written anew.
"""

from __future__ import annotations

from hashlib import sha256

from protocols.foreign_json import MOST_NAMES, BadJson, read_json_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1
_HEAD = b'{"sum":"'
_DIGITS = 16
_LONGEST_HEAD = 72
_SIGNS = (_HEAD, b'"kind":"', b'"format":', b'"of":')
"""One changed byte spoils one of them, never all: no envelope passes for what an earlier version wrote."""


def enclosed(kind: str, content: bytes) -> bytes:
    """A JSON object, in its envelope; without a line's end."""
    rest = _rest(kind) + content.strip() + b"}"
    return _HEAD + _sum(rest) + b'",' + rest


def content_of(raw: bytes, kind: str) -> bytes:
    """The JSON text inside. Raises BadJson where it is not as it was written, or of another kind or format."""
    text = raw.strip()
    if not any(sign in text[:_LONGEST_HEAD] for sign in _SIGNS):
        return text
    rest = text[len(_HEAD) + _DIGITS + 2 :]
    if text != _HEAD + _sum(rest) + b'",' + rest:
        raise BadJson("state.spoilt")
    if not rest.startswith(_rest(kind)):
        raise BadJson("state.of_another_kind", kind=kind)
    return rest[len(_rest(kind)) : -1]


def opened(raw: bytes, kind: str, most_bytes: int, most_names: int = MOST_NAMES) -> dict[str, Any]:
    """The object inside, through the door for strangers' JSON. Raises BadJson."""
    return read_json_object(content_of(raw, kind), most_bytes, most_names)


def _rest(kind: str) -> bytes:
    return b'"kind":"%s","format":%d,"of":' % (kind.encode(), FORMAT)


def _sum(rest: bytes) -> bytes:
    return sha256(rest).hexdigest()[:_DIGITS].encode()
