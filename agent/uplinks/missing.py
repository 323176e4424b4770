"""What the platform lacks: `hydronest/<gateway>/missing`. What is held of it comes again, what is not is told."""

from collections.abc import Callable, Sequence

from agent.link.outbox import Gap
from agent.runtime.signed import MISSING
from agent.uplinks.platforms_word import number, platforms_word, text
from protocols.errors import BadAnswer
from protocols.reason import Reason
from protocols.system import why_failed

LONGEST_BYTES = 16 << 10
MOST_GAPS = 100
"""In one message; a platform that lacks more says so once these are closed."""
EVERY_S = 10.0
"""What comes sooner is not looked at: who asks asks again."""
LAST_SEQ = (1 << 62) - 2


def parse_missing(payload: bytes, platform_key: str | None = None) -> Sequence[Gap]:
    """Read `{"missing": [{"boot", "first", "last"}]}`, signed as an acknowledgement is. BadAnswer for anything else."""
    try:
        message = platforms_word(payload, LONGEST_BYTES, MISSING, platform_key)
        asked = message["missing"]
        if not isinstance(asked, list) or len(asked) > MOST_GAPS:
            raise BadAnswer("uplink.not_so_many_gaps", most=MOST_GAPS)
        return [_gap(one) for one in asked]
    except (ValueError, KeyError, TypeError, AttributeError, BadAnswer) as error:
        raise BadAnswer("uplink.no_gaps_named", why=why_failed(error), payload=repr(payload[:80])) from None


def _gap(one: dict[str, object]) -> Gap:
    first, last = number(one["first"]), number(one["last"])
    if not 1 <= first <= last <= LAST_SEQ:
        raise BadAnswer("uplink.no_gap", first=first, last=last)
    boot = text(one["boot"])
    if not 0 < len(boot) <= 16 or int(boot, 16) < 0:
        raise ValueError(boot)
    return Gap(boot, first, last)


class Missing:
    """`hear` takes a payload, and never raises; `lacks` gets the gaps, `doubt` why a payload names none."""

    def __init__(
        self,
        lacks: Callable[[Sequence[Gap]], None],
        doubt: Callable[[Reason], None],
        platform_key: str | None,
        now: Callable[[], float],
    ) -> None:
        self._lacks = lacks
        self._doubt = doubt
        self._platform_key = platform_key
        self._now = now
        self._next_s = 0.0

    def hear(self, payload: bytes) -> None:
        """The platform asks."""
        if self._now() < self._next_s:
            return
        try:
            gaps = parse_missing(payload, self._platform_key)
        except BadAnswer as wrong:
            self._doubt(wrong.reason)
            return
        self._next_s = self._now() + EVERY_S
        self._lacks(gaps)
