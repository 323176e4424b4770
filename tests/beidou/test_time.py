"""A receiver's time: near enough, with an honest error, and nothing of a receiver that does not know."""

import random

import pytest

from agent.uplinks.beidou.time import AGREEING, Moment, TerminalTime
from hil.terminals.beidou import sentence
from protocols.beidou.sentence import Sentences

UTC_S = 1_796_083_200  # 2026-12-01 00:00:00
SECOND = 1_000_000_000


def rmc(at_s: int, status: str = "A", talker: str = "GN", date: str = "011226") -> str:
    clock = f"{at_s // 3600 % 24:02}{at_s // 60 % 60:02}{at_s % 60:02}"
    return f"{talker}RMC,{clock}.00,{status},2858.134,N,11852.296,E,0.0,0.0,{date},,,A"


def heard(sentences: list[tuple[int, str]], ear: TerminalTime | None = None) -> list[Moment]:
    """What is told of (CLOCK_BOOTTIME ns, sentence)."""
    ear, wire = ear or TerminalTime(), Sentences()
    found = []
    for at_ns, body in sentences:
        for one in wire.feed(sentence(body)):
            told = ear.hear(one, at_ns)
            if told is not None:
                found.append(told)
    return found


def test_it_is_right_within_its_error_whatever_each_sentence_waited() -> None:
    dice = random.Random(3)
    for _ in range(300):
        offset_s = dice.randrange(10**6)
        late = [dice.uniform(0, 0.9) for _ in range(AGREEING)]
        (told,) = heard([(int((offset_s + at + late[at]) * SECOND), rmc(at)) for at in range(AGREEING)])
        true_ms = UTC_S * 1000 + told.mono_ms - offset_s * 1000
        assert abs(told.wall_ms - true_ms) <= told.err_ms
        assert told.err_ms < 2_000


def test_one_that_was_held_up_for_long_is_not_believed_until_they_agree_again() -> None:
    waited = [(at * SECOND, rmc(at)) for at in range(4)]
    assert heard([*waited, (9 * SECOND, rmc(4))]) == []
    assert heard([*waited, (9 * SECOND, rmc(4)), *((at * SECOND, rmc(at)) for at in range(10, 14))]) == []
    (told,) = heard([*waited, (9 * SECOND, rmc(4)), *((at * SECOND, rmc(at)) for at in range(10, 16))])
    assert told.wall_ms == UTC_S * 1000 + 14_000


@pytest.mark.parametrize(
    "body",
    [rmc(0, status="V"), rmc(0, date="321326"), rmc(0, date=""), "GNRMC,25xx00,A,,,,,,,011226", "GNRMC,A",
     "GNZDA,000000.00,01,12,2026,00,00", "GNRMC,000000." + "9" * 200 + "x,A,,,,,,,011226"],
)  # fmt: skip
def test_what_is_no_valid_fix_has_no_time(body: str) -> None:
    assert heard([(at * SECOND, body) for at in range(20)]) == []


def test_it_is_told_every_ten_minutes_and_not_each_second() -> None:
    told = heard([(at * SECOND, rmc(at)) for at in range(3600)])
    assert len(told) == 6
    assert {one.wall_ms - one.mono_ms for one in told} == {UTC_S * 1000}
