"""The card dies: what flies comes home all the same, what rests stays, and what was seen is written once it is back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.flight.control.checkpoint import read as read_checkpoint
from agent.flight.machine.table import Phase
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.eligibility import eligibility
from agent.flight.orders.gate import OrderVerifier, Refusal
from agent.flight.orders.replay_guard import ReplayGuard
from agent.logbook.index import read
from agent.logbook.reading import entries, points, verify
from hil.flight_sim import FlightSim
from hil.virtual_time import run
from protocols.reason import word
from tests.nest.agent_rig import EPOCH, GATEWAY, fire, key_settings
from tests.nest.card import Card
from tests.nest.test_controller import phases, rehearse
from tests.nest.test_dispatch import signed


@pytest.fixture
def card() -> Iterator[Card]:
    with Card() as card:
        yield card


@pytest.mark.parametrize("back_again", [True, False], ids=["it comes back", "it stays dead"])
def test_an_aircraft_comes_home_though_the_card_died(tmp_path: Path, card: Card, back_again: bool) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        card.dead = True
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert r.truth.cover == 0.0
        assert not r.auto.armed
        card.dead = not back_again
        await asyncio.sleep(3)

    r = rehearse(tmp_path, story)
    flight = tmp_path / "flights/n1-000001"
    if back_again:
        assert verify(flight) == []
        assert read(tmp_path / "flights").flights[0]["outcome"] == "home"
        told = [entry["to"] for entry in entries(flight) if entry["kind"] == "phase"]
        assert told == phases(r)
        assert len(points(flight)) > 60


def test_where_it_is_at_rest_is_kept_once_the_card_is_back_and_nothing_is_ready_before(
    tmp_path: Path, card: Card
) -> None:
    """A card that was full for the end of a flight: the disk must not say for ever that it is under way."""

    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        card.dead = True
        await r.until(lambda: r.controller.phase is Phase.REST)
        await asyncio.sleep(20)
        now = r.controller.context.moment()
        told = [reason.facts["interlock"] for reason in eligibility(r.controller.status(), None, now)]
        assert word("journal_writable") in told
        assert read_checkpoint(tmp_path / "nest-n1.json").phase is not Phase.REST
        card.dead = False
        await r.until(lambda: r.controller.status().record_ok)
        assert read_checkpoint(tmp_path / "nest-n1.json").phase is Phase.REST

    rehearse(tmp_path, story)


def test_nothing_opens_that_cannot_be_kept(tmp_path: Path, card: Card) -> None:
    async def story(r: FlightSim) -> None:
        card.dead = True
        with pytest.raises(Refusal, match="cannot be begun: Read-only file system"):
            await r.fly()
        await asyncio.sleep(20)
        assert r.truth.cover == 0.0
        card.dead = False
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.REST)

    assert rehearse(tmp_path, story).auto.arm_count == 1


def test_nothing_is_armed_that_cannot_be_kept(tmp_path: Path, card: Card) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await asyncio.sleep(5)
        card.dead = True
        await r.until(lambda: r.controller.phase not in {Phase.PREPARING, Phase.LAUNCHING})

    assert rehearse(tmp_path, story).auto.arm_count == 0


def test_a_recall_is_obeyed_without_a_card_and_a_launch_is_not(tmp_path: Path, card: Card) -> None:
    async def whole() -> None:
        r = FlightSim(tmp_path)
        async with r.running():
            await r.until(lambda: r.ready)
            r.arms_allowed = 1
            context = r.controller.context
            guard = ReplayGuard(tmp_path / "seen", context.writer)
            guard.load()
            guard.epoch = EPOCH
            verifier = OrderVerifier(key_settings(), GATEWAY, context.wall, context.now_ns, guard)
            fleet = Fleet([r.controller], verifier, context)
            card.dead = True
            order = signed(r, "fly", **fire())
            assert (await fleet.submit(order))["code"] == "not_kept"
            card.dead = False
            assert (await fleet.submit(order))["status"] == "accepted"  # it was never let through
            await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
            card.dead = True
            recall = signed(r, "recall")
            assert (await fleet.submit(recall))["phase"] == "returning"
            assert (await fleet.submit(recall))["phase"] == "returning"  # again, as if it were the first time
            await r.until(lambda: r.controller.phase is Phase.REST)
        assert r.accidents == []

    run(whole())


def test_a_stop_does_not_wait_for_a_slow_card(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        r.writer.takes_s = lambda: 30.0 if r.controller.phase is Phase.BLOCKED else 0.0
        await r.fly()
        await r.until(lambda: r.truth.cover > 0.2)
        r.truth.pad_clear = False
        await asyncio.sleep(2)
        assert r.truth.cover_goal is None
        assert r.truth.cover < 0.6
        r.truth.pad_clear = True
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)


def test_a_card_that_hangs_does_not_keep_an_aircraft_out(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        r.writer.takes_s = lambda: 600.0 if r.controller.phase is Phase.RETURNING else 0.0
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.controller.recall(1)
        begun = r.loop.time()
        await r.until(lambda: r.auto.mode in {"rtl", "auto_rtl"})
        assert r.loop.time() - begun < 0.5
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)


def test_a_slow_write_is_not_overtaken_by_a_later_one(tmp_path: Path) -> None:
    """Else a failure that was to wait for a person would be forgotten by a restart."""

    async def story(r: FlightSim) -> None:
        r.writer.takes_s = lambda: 5.0 if r.controller.phase is Phase.PREPARING else 0.0
        await r.fly()
        await asyncio.sleep(1)
        r.truth.emergency_stop = True
        await r.until(lambda: r.controller.phase is Phase.STOPPED)
        await asyncio.sleep(10)
        await r.restart()
        await r.controller.attached.wait()
        assert r.controller.phase is Phase.STOPPED

    rehearse(tmp_path, story)


@pytest.mark.parametrize("order", ["recall", "stop"])
def test_a_launch_that_waits_for_the_card_is_called_off_by_a_word(tmp_path: Path, order: str) -> None:
    async def story(r: FlightSim) -> None:
        r.writer.takes_s = lambda: 10.0
        launch = asyncio.create_task(r.fly())
        await asyncio.sleep(1)
        (r.controller.recall if order == "recall" else r.controller.stop)(3, "li")
        with pytest.raises(Refusal, match=f"{order} came before it was begun"):
            await launch
        assert r.controller.phase is Phase.REST

    r = rehearse(tmp_path, story)
    assert (r.auto.arm_count, r.truth.cover_motions) == (0, 0)


def test_a_launch_the_card_kept_waiting_for_too_long_is_no_longer_meant(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        r.writer.takes_s = lambda: 31.0
        with pytest.raises(Refusal, match="waited 93 s for the card"):
            await r.fly()
        r.writer.takes_s = lambda: 1.0
        await asyncio.sleep(300)  # what waited is written
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.REST)

    assert rehearse(tmp_path, story).auto.arm_count == 1


def test_a_second_order_finds_the_nest_busy_while_the_first_waits_for_the_card(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        r.writer.takes_s = lambda: 3.0
        launch = asyncio.create_task(r.fly())
        await asyncio.sleep(1)
        with pytest.raises(Refusal, match="n1 is preparing"):
            await r.fly()
        r.arms_allowed = 1
        await launch
        await r.until(lambda: r.controller.phase is Phase.REST)

    assert rehearse(tmp_path, story).auto.arm_count == 1


def test_nothing_opens_before_it_is_kept_and_nothing_but_that_waits(tmp_path: Path) -> None:
    """Every write takes five seconds: the cover and the arming wait for theirs, the way home for none."""

    async def story(r: FlightSim) -> None:
        r.writer.takes_s = lambda: 5.0
        await r.fly()
        begun = r.loop.time()
        await r.until(lambda: r.truth.cover > 0)
        assert r.loop.time() - begun > 4.9
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.controller.recall(1)
        called = r.loop.time()
        await r.until(lambda: r.auto.mode in {"rtl", "auto_rtl"})
        assert r.loop.time() - called < 0.5
        await r.until(lambda: r.controller.phase is Phase.REST)
        await asyncio.sleep(300)

    rehearse(tmp_path, story)
    assert verify(tmp_path / "flights/n1-000001") == []
