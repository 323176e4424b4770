"""MQTT 5 reason codes (chapter 2.4 of the standard) as the errors that tell a caller what to do."""

import ssl

from protocols.errors import Busy, NotConnected, Refused, WireError
from protocols.reason import Fact, Reason
from protocols.system import os_reason
from protocols.tls import tls_reason, verification_reason

NOBODY_LISTENING = 0x10
PACKET_TOO_LARGE = 0x95

ASKS_FOR_TIME = frozenset({0x80, 0x83, 0x88, 0x89, 0x8B, 0x91, 0x93, 0x96, 0x97, 0x9F, 0xA1})
"""Unspecified, special to the broker, unavailable, busy, shutting down, id in use, too many, too fast, quota, rate."""


def broker_reason(number: int) -> Reason:
    """The broker's word for no, and what to do about it where that is known."""
    if 0x80 <= number <= 0xA2:
        return Reason(f"mqtt.reason_{number:02x}")
    return Reason("mqtt.reason_other", number=f"0x{number:02x}")


def refusal(code: str, number: int, **facts: Fact) -> WireError:
    """The error for a reason code of 0x80 and above: Busy where time may mend it, else Refused with the number."""
    facts["why"] = broker_reason(number)
    reason = Reason(code, **facts)
    return Busy(reason) if number in ASKS_FOR_TIME else Refused(reason, number=number)


def dial_trouble(place: str, host: str, error: OSError | ValueError) -> WireError:
    """What a failed dial is: a certificate that does not fit `host` is a refusal, all else transient."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Refused("mqtt.certificate", place=place, why=verification_reason(error, host))
    if isinstance(error, ssl.SSLError):
        return NotConnected("mqtt.tls_failed", place=place, why=tls_reason(error))
    if isinstance(error, TimeoutError):
        return NotConnected("mqtt.not_in_time", place=place)
    if isinstance(error, OSError):
        return NotConnected("mqtt.trouble", place=place, why=os_reason(error))
    return NotConnected("mqtt.no_host_name", place=place)
