"""MQTT 5 reason codes (chapter 2.4 of the standard) as the errors that tell a caller what to do."""

import ssl

from protocols.errors import Busy, NotConnected, Refused, WireError

NOBODY_LISTENING = 0x10
PACKET_TOO_LARGE = 0x95

ASKS_FOR_TIME = frozenset({0x80, 0x83, 0x88, 0x89, 0x8B, 0x91, 0x93, 0x96, 0x97, 0x9F, 0xA1})
"""Unspecified, special to the broker, unavailable, busy, shutting down, id in use, too many, too fast, quota, rate."""

WHAT_TO_DO = {
    0x84: 'set protocol = "3.1.1" for this broker',
    0x85: "the broker does not accept this client_id",
    0x86: "look at user and password_file",
    0x87: "look at user and password_file, and at the broker's access rules",
    0x8A: "the broker has banned this client",
    0x8E: "another client connected with the same client_id",
    0x95: "a message is larger than the broker accepts",
    0x99: "the broker rejects the payload's format",
}


def told(what: str, code: int, name: str) -> str:
    """One line: what was asked, the broker's own word for no, and what to do about it where that is known."""
    hint = WHAT_TO_DO.get(code)
    return f"{what}: {name.lower()} (0x{code:02x})" + (f"; {hint}" if hint else "")


def refusal(what: str, code: int, name: str) -> WireError:
    """The error for a reason code of 0x80 and above: Busy where time may mend it, else Refused with the code."""
    if code in ASKS_FOR_TIME:
        return Busy(told(what, code, name))
    return Refused(told(what, code, name), code)


def dial_trouble(place: str, error: OSError | ValueError) -> WireError:
    """A connection that could not be made. A certificate that does not fit is a refusal, all else is transient."""
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "; is this gateway's clock right?" if error.verify_code in (9, 10) else ""
        return Refused(f"{place}: the broker's certificate does not hold: {error.verify_message}{hint}")
    if isinstance(error, ssl.SSLError):
        return NotConnected(f"{place}: TLS failed: {error.reason or error}")
    if isinstance(error, TimeoutError):
        return NotConnected(f"{place}: no connection in time")
    return NotConnected(f"{place}: {getattr(error, 'strerror', None) or error}")
