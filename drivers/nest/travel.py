"""Whether the end a limit switch shows can be true: nothing goes from one end to the other in no time."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from drivers.nest.state import Ends
from protocols.reason import Reason

End = TypeVar("End", bound=Ends)


class Travel(Generic[End]):
    """One thing between two ends, such as the cover. An end seen too soon after the other is `abnormal`, not that end.

    `least_s`: by the end arrived at, seconds from the other end's switch letting go. The doubt lasts until neither end
    is seen, or the one it was last at. A first look has nothing to compare with; a gap in reading only makes the time
    longer.
    """

    def __init__(self, least_s: Mapping[End, float], moving: End, abnormal: End) -> None:
        self.doubt: Reason | None = None
        self._least_s = least_s
        self._moving = moving
        self._abnormal = abnormal
        self._end: End | None = None
        self._there_ns = 0  # when it was last seen at `_end`, or with switches that contradict each other

    def judge(self, shown: End, asked_ns: int, read_ns: int) -> End:
        """What to believe of `shown`, which was so at some time between `asked_ns` and `read_ns` of boot time."""
        if shown == self._moving:
            self.doubt = None
        elif shown == self._abnormal:
            self._there_ns = asked_ns
        elif shown in self._least_s:
            return self._arrived(shown, asked_ns, read_ns)
        return shown

    def _arrived(self, end: End, asked_ns: int, read_ns: int) -> End:
        if self._end is not None and end != self._end:
            took_s, least_s = (read_ns - self._there_ns) / 1e9, self._least_s[end]
            if not self.doubt and took_s < least_s:
                there = self._end.told
                self.doubt = Reason("nest.too_soon", end=end.told, other=there, took_s=took_s, least_s=least_s)
            if self.doubt:
                return self._abnormal
        self._end, self._there_ns, self.doubt = end, asked_ns, None
        return end
