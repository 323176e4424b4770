"""A child that does not work is an alarm in core, raised once and cleared."""

from agent.core.child_alarms import ChildAlarms
from agent.runtime.control_wire import Message, News, Say
from protocols.reason import Reason


class Kept:
    def __init__(self) -> None:
        self.told: list[tuple[str, Reason | None]] = []

    def parked(self, job: str, reason: Reason | None) -> None:
        self.told.append((job, reason))

    def unparked(self, job: str) -> None:
        self.told.append((job, None))


def news(name: str, news: News, code: int = 0) -> Message:
    return Message(Say.CHILD, name, news, float(code))


def test_it_is_raised_once_and_cleared_when_it_works() -> None:
    kept = Kept()
    alarms = ChildAlarms(kept)
    alarms.heard(news("uplinks", News.WORKS))
    assert kept.told == []
    for _ in range(3):
        alarms.heard(news("uplinks", News.ENDED, -9))
    alarms.heard(news("opcua", News.SILENT, -9))
    alarms.heard(news("opcua", News.STUCK, -9))
    alarms.heard(news("uplinks", News.WORKS))
    alarms.heard(news("uplinks", News.WORKS))
    alarms.heard(news("uplinks", News.ENDED, 3))
    assert kept.told == [
        ("process uplinks", Reason("process.killed", signal="SIGKILL")),
        ("process opcua", Reason("process.silent")),
        ("process opcua", Reason("process.stuck")),
        ("process uplinks", None),
        ("process uplinks", Reason("process.exited", status=3)),
    ]


def test_what_is_no_news_is_left_alone() -> None:
    kept = Kept()
    alarms = ChildAlarms(kept)
    alarms.heard(Message(Say.REPORT_BUSY, "", 1))
    alarms.heard(Message(Say.CHILD, "uplinks", 99))
    assert kept.told == []
