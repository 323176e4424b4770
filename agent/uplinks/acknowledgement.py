"""The platform's own word on what it holds: `hydronest/<gateway>/ack`, for `confirm = "platform"`."""

from dataclasses import dataclass

from protocols.errors import BadAnswer
from protocols.foreign_json import read_json_object
from protocols.reason import Reason
from protocols.system import why_failed

LONGEST_BYTES = 256 << 10
"""2,000 spans; a platform that holds more than that apart says the rest in its next one."""
MOST_NAMES = 30_000


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What one acknowledgement says: kept spans (boot, from, to), ends included; and refused (boot, seq) → why.

    Why is the platform's own text, or a Reason of ours where it gives none.
    """

    have: tuple[tuple[str, int, int], ...]
    refused: dict[tuple[str, int], str | Reason]

    def holds(self, boot: str, seq: int) -> bool:
        """Whether the platform has this record for good."""
        return any(boot == b and first <= seq <= last for b, first, last in self.have)


def parse_acknowledgement(payload: bytes) -> Acknowledgement:
    """Read `{"have": [{"boot", "from", "to"}], "refused": [{"boot", "seq", "why"}]}`; BadAnswer for anything else."""
    try:
        message = read_json_object(payload, LONGEST_BYTES, MOST_NAMES)
        have = tuple(
            (_text(span["boot"]), _number(span["from"]), _number(span["to"])) for span in message.get("have", ())
        )
        refused = {
            (_text(no["boot"]), _number(no["seq"])): str(no["why"]) if no.get("why") else Reason("uplink.no_reason")
            for no in message.get("refused", ())
        }
    except (ValueError, KeyError, TypeError, AttributeError, BadAnswer) as error:
        raise BadAnswer("uplink.no_acknowledgement", why=why_failed(error), payload=repr(payload[:80])) from None
    return Acknowledgement(have, refused)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BadAnswer("uplink.not_a_text", value=repr(value))
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadAnswer("uplink.not_a_number", value=repr(value))
    return value
