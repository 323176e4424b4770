"""An event is confirmed by the centre within 10 s of its commit, whatever else waits for the centre."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from agent.uplinks.forwarder import Forwarder
from hil.centre import Centre
from tests.gb26875.a_week import HYDRANTS, WEEK_MIN, alarm, backlog, carrying
from tests.waiting import until

PROMISE_S = 10.0
ANALOG, COMPONENT_STATE = 3, 2


@pytest_asyncio.fixture
async def centre() -> AsyncIterator[Centre]:
    centre = Centre()
    await centre.start()
    yield centre
    await centre.stop()


async def confirmed(forwarder: Forwarder, events: int) -> None:
    await until(
        f"{events} events confirmed in time",
        lambda: forwarder.status()["confirmed_records"]["events"] == events,
        seconds=PROMISE_S,
    )


@pytest.mark.parametrize("minutes", [600, pytest.param(WEEK_MIN, marks=pytest.mark.slow)])
async def test_alarms_pass_a_backlog_at_a_centre_that_answers_one_frame_at_a_time(
    tmp_path: Path, centre: Centre, minutes: int
) -> None:
    """One record is sixty frames of 0.2 s: ten hours of them are as far from their end as a week."""
    centre.answer_s = 0.2
    async with backlog(tmp_path, minutes) as journal, carrying(journal, centre) as forwarder:
        await until("the backlog goes out", lambda: len(centre.kept) > 60, progress=lambda: len(centre.kept))
        for number, device in enumerate(HYDRANTS[:3], 1):
            journal.offer_event(alarm(device))
            await confirmed(forwarder, number)
        status = forwarder.status()
        assert journal.outbox("centre").status().unsent["telemetry"] > minutes - 300, "the backlog was still going out"
        assert (status["losses"], status["retried"]) == (0, 0)
    assert [kept.fields["component_address"] for kept in centre.kept if kept.type == COMPONENT_STATE] == [1, 2, 3]


@pytest.mark.parametrize("window", [1, 8])
async def test_an_alarm_does_not_wait_for_readings_the_centre_leaves_unanswered(
    tmp_path: Path, centre: Centre, window: int
) -> None:
    centre.ignores = lambda content: content.type == ANALOG
    async with backlog(tmp_path, minutes=60) as journal, carrying(journal, centre, window, timeout_s=10) as forwarder:
        await until("every place readings may have is taken", lambda: centre.ignored == min(window, 4))
        for number, device in enumerate(HYDRANTS[:10], 1):
            journal.offer_event(alarm(device))
            await confirmed(forwarder, number)
        assert journal.outbox("centre").status().unsent["telemetry"] == 60


async def test_an_alarm_left_unanswered_is_sent_again_and_holds_up_no_other(tmp_path: Path, centre: Centre) -> None:
    centre.ignores = lambda content: content.type == COMPONENT_STATE and not centre.ignored
    async with backlog(tmp_path, minutes=60) as journal, carrying(journal, centre, 1, timeout_s=1) as forwarder:
        journal.offer_event(alarm("H1"))
        await until("the first is left unanswered", lambda: centre.ignored)
        journal.offer_event(alarm("H2"))
        await confirmed(forwarder, 2)
    states = [kept.fields["component_address"] for kept in centre.kept if kept.type == COMPONENT_STATE]
    assert states == [2, 1]
