"""From when to when an X.509 certificate is good, read without a library: whoever only watches dates loads none.

DER by X.690, as far as the way to the dates in a certificate of RFC 5280 goes.
"""

import base64
import binascii
from datetime import UTC, datetime
from typing import NamedTuple

from protocols.errors import Reasoned

LONGEST = 1 << 20
SEQUENCE, VERSION, UTC_TIME, GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
BEGIN, END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


class BadCertificate(Reasoned, ValueError):
    """Bytes that are no certificate."""


class Dates(NamedTuple):
    """UTC seconds."""

    start_s: float
    end_s: float


def dates_of(content: bytes) -> Dates:
    """Of a file in PEM (its first certificate) or DER. BadCertificate."""
    try:
        if len(content) > LONGEST:
            raise ValueError(len(content))
        if BEGIN in content:
            content = base64.b64decode(content.split(BEGIN, 1)[1].split(END, 1)[0], validate=False)
        whole = _inside(content, 0, SEQUENCE)
        signed = _inside(whole, 0, SEQUENCE)
        at = _after(signed, 0) if signed[0] == VERSION else 0
        for _ in ("serial number", "algorithm", "issuer"):
            at = _after(signed, at)
        found = _inside(signed, at, SEQUENCE)
        return Dates(_time(found, 0), _time(found, _after(found, 0)))
    except (ValueError, IndexError, binascii.Error, OverflowError):
        raise BadCertificate("certificate.none") from None


def _bounds(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at `at` begins and ends."""
    first, start = data[at + 1], at + 2
    if first & 0x80:
        count = first & 0x7F
        if not 1 <= count <= 4:
            raise ValueError(first)
        first, start = int.from_bytes(data[start : start + count], "big"), start + count
    if start + first > len(data):
        raise ValueError(first)
    return start, start + first


def _inside(data: bytes, at: int, tag: int) -> bytes:
    if data[at] != tag:
        raise ValueError(data[at])
    start, end = _bounds(data, at)
    return data[start:end]


def _after(data: bytes, at: int) -> int:
    return _bounds(data, at)[1]


def _time(data: bytes, at: int) -> float:
    text = _inside(data, at, data[at]).decode("ascii")
    if data[at] == UTC_TIME:
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    elif data[at] != GENERALIZED_TIME:
        raise ValueError(data[at])
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
