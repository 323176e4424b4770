"""One request of a browser's, and its answer. What a stranger sends is bounded before it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

LONGEST_HEAD = 8192
"""Bytes: the request line and all header fields."""
LONGEST_TARGET = 1024
LONGEST_BODY = 1024
MOST_FIELDS = 8
"""Of a query or a form."""
LONGEST_FIELD = 120


class BadRequest(Exception):
    """It is none of ours. `status` says why."""

    def __init__(self, status: int = 400) -> None:
        super().__init__(status)
        self.status = status


class Request(NamedTuple):
    """`headers` by their names in lower case, one each; `query` and `form` likewise."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def cookies(self) -> dict[str, str]:
        """Those it brought; of two of a name the first."""
        found: dict[str, str] = {}
        for part in self.headers.get("cookie", "").split(";"):
            name, equals, value = part.strip().partition("=")
            if equals:
                found.setdefault(name, value)
        return found

    @property
    def form(self) -> dict[str, str]:
        """What was typed in. Raises BadRequest."""
        if not self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise BadRequest(415)
        return fields(self.body.decode("ascii", "replace"))


class Answer(NamedTuple):
    """A whole answer. `fields` beside those that every answer has."""

    body: bytes
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    fields: tuple[tuple[str, str], ...] = ()


def request_of(method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> Request:
    """What was sent. Raises BadRequest for what no browser sends, two fields of one name that count once among it."""
    found: dict[str, str] = {}
    for raw, value in headers:
        name = raw.decode("ascii").lower()
        if name in found and name in ("host", "origin", "content-type", "sec-fetch-site"):
            raise BadRequest
        found[name] = f"{found[name]}; {text_of(value)}" if name in found else text_of(value)
    if len(target) > LONGEST_TARGET:
        raise BadRequest(414)
    if "content-length" in found and "transfer-encoding" in found:
        raise BadRequest  # two lengths: a proxy before us may go by the other one
    line = text_of(target)
    if not line.startswith("/") or line.startswith("//") or not line.isascii():
        raise BadRequest
    try:
        parts = urlsplit(line)
    except ValueError:
        raise BadRequest from None
    return Request(method.decode("ascii"), parts.path, fields(parts.query), found, body)


def fields(text: str) -> dict[str, str]:
    """Of a query or a form, each once. Raises BadRequest."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadRequest from None
    found = dict(pairs)
    if len(found) < len(pairs) or any(len(name) > 20 or len(value) > LONGEST_FIELD for name, value in pairs):
        raise BadRequest
    return found


def text_of(raw: bytes) -> str:
    """Header fields are Latin-1 by the book, and a browser sends no more than ASCII."""
    return raw.decode("latin-1")
