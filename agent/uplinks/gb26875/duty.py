"""查岗: the centre asks whether somebody is there; only a person may answer, and only in time."""

from collections.abc import Callable
from dataclasses import dataclass

from protocols.clock import NowNs, boottime_ns


@dataclass(frozen=True, slots=True)
class DutyCheck:
    """One question of one centre. Times are CLOCK_BOOTTIME nanoseconds."""

    centre: str
    asked_ns: int
    until_ns: int


class DutyChecks:
    """Holds what is open, one per centre, until it is answered or its time is over."""

    def __init__(self, now_ns: NowNs = boottime_ns) -> None:
        self._now_ns = now_ns
        self._open: dict[str, tuple[DutyCheck, Callable[[int], None]]] = {}
        self.answered = 0
        self.missed = 0

    def ask(self, centre: str, minutes: int, answer: Callable[[int], None]) -> None:
        """A centre asks; `answer(operator)` is called if a person answers within `minutes`."""
        self.open()
        now = self._now_ns()
        self._open[centre] = (DutyCheck(centre, now, now + max(minutes, 1) * 60_000_000_000), answer)

    def open(self) -> list[DutyCheck]:
        """What waits for a person, most urgent first. What is overdue is counted as missed and gone."""
        now = self._now_ns()
        for centre, (check, _) in list(self._open.items()):
            if check.until_ns <= now:
                del self._open[centre]
                self.missed += 1
        return sorted((check for check, _ in self._open.values()), key=lambda check: check.until_ns)

    def answer(self, operator: int, centre: str | None = None) -> list[str]:
        """A person answers: every open check, or one centre's. Returns the centres answered, none if none was open."""
        done = []
        for check in self.open():
            if centre in (None, check.centre):
                _, tell = self._open.pop(check.centre)
                tell(operator)
                self.answered += 1
                done.append(check.centre)
        return done
