"""Items mended one by one: what is suspected, what is looked for, who is believed again; and calls made smaller."""

from collections.abc import Sequence

import pytest

from drivers.opcua.line import OpcuaLine
from drivers.opcua.mending import AGAIN_S, Mending
from drivers.quality import Quality
from hil.opcua.server import HydrantServer, wave
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.library import ua
from protocols.opcua.session import Session
from protocols.opcua.trouble import TooMuch, explain
from tests.opcua.conftest import hydrants, nodes, running

UNKNOWN = 0x80340000
TOO_MANY_ITEMS = 0x80DB0000


def test_a_missing_node_is_looked_for_and_then_given_an_item() -> None:
    mending = Mending()
    mending.created(1, UNKNOWN, 0.0)
    assert mending.gone == {1}
    assert not mending.due(1000.0)
    mending.found(1)
    assert mending.waits(1), "its span of missing values stays open until its item tells"
    assert mending.due(1.0) == {1: None}
    mending.created(1, 0, 1.0)
    assert mending.has_item(1)
    assert not mending.due(1000.0)


def test_what_is_refused_for_another_reason_is_tried_again_each_minute() -> None:
    mending = Mending()
    mending.created(1, TOO_MANY_ITEMS, 5.0)
    assert not mending.gone
    assert not mending.has_item(1)
    assert not mending.due(5.0 + AGAIN_S - 1)
    assert mending.due(5.0 + AGAIN_S) == {1: None}


def test_a_value_that_is_notified_in_time_was_never_suspect() -> None:
    mending = Mending()
    mending.differs(1, 10.0, 1.0, before=100, ticks=200)
    mending.differs(2, 10.0, 30.0, before=100, ticks=200)  # its server looks at it each quarter of a minute
    assert not mending.due(10.5)
    mending.differs(1, 10.8, 1.0, before=200, ticks=300)
    assert mending.due(11.0) == {1: (100, {200, 300})}
    mending.created(1, 0, 11.0)
    mending.differs(1, 12.0, 1.0, before=300, ticks=400)  # rests: whatever its server does, it is not done each second
    assert not mending.due(20.0)
    mending.differs(1, 12.0 + AGAIN_S, 1.0, before=300, ticks=400)
    mending.suspects.clear()
    assert not mending.due(100.0)


async def test_calls_are_halved_and_what_is_too_much_alone_is_refused() -> None:
    session = Session(Endpoint("opc.tcp://127.0.0.1:1/"))
    asked: list[int] = []

    async def ask(some: Sequence[int]) -> list[int]:
        asked.append(len(some))
        if len(some) > 3 or 7 in some:
            raise TooMuch("opcua.refuses", UNKNOWN, status="x")
        return [10 * one for one in some]

    session.most["read"] = 20
    answers = await session.in_parts("read", range(10), ask, lambda code: -code)
    assert answers == [0, 10, 20, 30, 40, 50, 60, -UNKNOWN, 80, 90]
    assert asked[:4] == [10, 5, 2, 2]
    assert session.most["read"] == 1


@pytest.mark.parametrize("name", ["BadTooManyOperations", "BadResponseTooLarge", "BadEncodingLimitsExceeded"])
def test_every_way_to_say_too_much_is_known(name: str) -> None:
    problem = getattr(ua.uaerrors, name)()
    told = explain(problem, Endpoint("opc.tcp://127.0.0.1:1/"))
    assert isinstance(told, TooMuch)
    assert name in str(told)


async def test_a_device_that_is_silent_about_itself_disturbs_no_other_and_is_filled() -> None:
    """Its identity is Bad for a while: it is not believed, the connection stays, and then nothing of it is missing."""
    identity = ({"node": "s={unit}.Type", "is": "Hydrant H?"},)
    shown = nodes(2) | {"H1.Type": "Hydrant H1", "H2.Type": "Hydrant H2"}
    async with HydrantServer(shown, values=wave(["H1.Pressure", "H2.Pressure"]), period_s=0.05) as server:
        line = OpcuaLine("opc", Endpoint(server.url), hydrants(2, identity=identity))
        async with running(line) as kept:
            await kept.until(lambda: len(kept.good("h1", "pressure")) > 5)
            await server.set_status("H1.Type", 0x80310000)
            await kept.until(lambda: kept.values("h1", "pressure")[-1][1] == Quality.NO_ANSWER)
            had = len(kept.good("h1", "pressure"))
            await server.shown("H1.Pressure", len(server.truth.values["H1.Pressure"]) + 20)
            assert len(kept.good("h1", "pressure")) == had
            await server.set_status("H1.Type", 0, "Hydrant H1")
            await kept.until(lambda: len(kept.good("h1", "pressure")) > had + 30)
            await kept.until(lambda: not line.counters()["opc"]["backfill_waiting"])
        assert kept.turns == [True]
        good = kept.good("h1", "pressure")
        times = [at for _, at, _ in good if at is not None]
        assert sorted(times) == [at for at, _ in server.truth.between("H1.Pressure", min(times) - 1, max(times) + 1)]
        assert not [back for _, _, back in kept.good("h2", "pressure") if back]
