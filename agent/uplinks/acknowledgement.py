"""The platform's own word on what it holds: `hydronest/<gateway>/ack`, for `confirm = "platform"`.

It names each message and the SHA-256 of what arrived: who has not had it cannot say so. Where the settings have the
platform's key, it is signed as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.runtime.signed import ACKNOWLEDGEMENT
from agent.uplinks.platforms_word import number, platforms_word, text
from protocols.errors import BadAnswer
from protocols.reason import Reason
from protocols.system import why_failed

LONGEST_BYTES = 256 << 10
"""2,000 messages; a platform that has more says the rest in its next one."""

Key = tuple[str, int]
"""(boot, seq)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`why` is the platform's own text, or a Reason of ours where it gives none."""

    sha256: str
    why: str | Reason


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What one acknowledgement says of single messages: kept for good, as hex SHA-256 of the payload; and refused."""

    have: Mapping[Key, str]
    refused: Mapping[Key, Refusal]


def parse_acknowledgement(payload: bytes, platform_key: str | None = None) -> Acknowledgement:
    """Read `{"have": [{"boot", "seq", "sha256"}], "refused": [{"boot", "seq", "sha256", "why"}]}`.

    With `platform_key` (base64) that is the text in `{"payload", "signature"}`. BadAnswer for anything else.
    """
    try:
        message = platforms_word(payload, LONGEST_BYTES, ACKNOWLEDGEMENT, platform_key)
        have = {(text(one["boot"]), number(one["seq"])): text(one["sha256"]) for one in message.get("have", ())}
        refused = {
            (text(no["boot"]), number(no["seq"])): Refusal(
                text(no["sha256"]), str(no["why"]) if no.get("why") else Reason("uplink.no_reason")
            )
            for no in message.get("refused", ())
        }
    except (ValueError, KeyError, TypeError, AttributeError, BadAnswer) as error:
        raise BadAnswer("uplink.no_acknowledgement", why=why_failed(error), payload=repr(payload[:80])) from None
    return Acknowledgement(have, refused)
