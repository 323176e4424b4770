"""mavsdk is never destroyed under a call that is being carried out: that ends the process."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from mavsdk.asyncio import Mavsdk

from hil.ports import free_udp_port
from protocols.errors import NotConnected
from protocols.mavlink import ground as module
from protocols.mavlink.calls import CallThreads
from protocols.mavlink.ground import GroundStation
from tests.waiting import until


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happened, in turn: `destroyed` by mavsdk, the rest by the test."""
    told: list[str] = []

    def destroy(mavsdk: Mavsdk) -> None:
        if "destroyed" not in told:
            told.append("destroyed")
        really(mavsdk)

    really = Mavsdk.destroy
    monkeypatch.setattr(Mavsdk, "destroy", destroy)
    return told


async def test_a_call_under_way_ends_before_it_is_closed(order: list[str]) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        goes_on.wait(10)
        order.append("called")

    async with GroundStation.open([f"udpin://127.0.0.1:{free_udp_port()}"]):
        calling = asyncio.get_running_loop().run_in_executor(None, call)
        await until("the call is under way", begun.is_set)
        asyncio.get_running_loop().call_later(0.05, goes_on.set)
    assert order == ["called", "destroyed"]
    await calling


async def test_one_that_stands_still_holds_nothing_up(order: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLE_S", 0.05)
    goes_on = threading.Event()
    async with GroundStation.open([f"udpin://127.0.0.1:{free_udp_port()}"]) as ground:
        calling = asyncio.get_running_loop().run_in_executor(None, goes_on.wait, 10)
    assert order == ["destroyed"]
    with pytest.raises(NotConnected):
        await ground.system(1)
    goes_on.set()
    assert await calling


async def test_the_dead_man_lets_a_call_end_too(order: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        goes_on.wait(10)
        order.append("called")

    async with GroundStation.open([f"udpin://127.0.0.1:{free_udp_port()}"], hung_s=0.2) as ground:
        calling = asyncio.get_running_loop().run_in_executor(None, call)
        await until("the call is under way", begun.is_set)
        monkeypatch.setattr(ground._deadman, "alive", lambda: None)  # as where the loop hangs
        await until("it lets go", lambda: ground.released)
        goes_on.set()
        await until("and it is destroyed", lambda: "destroyed" in order)
    assert order[:2] == ["called", "destroyed"]
    await calling


async def test_an_error_and_a_cancelled_call_are_counted_out() -> None:
    calls = CallThreads()

    def bad() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        await asyncio.get_running_loop().run_in_executor(calls, bad)
    assert await asyncio.to_thread(calls.settle, 5.0)
    assert calls.idle


@pytest.mark.parametrize("fails", [False, True])
async def test_what_a_call_holds_last_is_destroyed_before_the_call_counts_as_ended(*, fails: bool) -> None:
    """As a plugin of mavsdk is, in whichever thread: after it everything may be destroyed."""
    calls = CallThreads()
    idle: list[bool] = []
    goes_on = threading.Event()

    class Plugin:
        def call(self) -> None:
            goes_on.wait(10)
            if fails:
                raise ValueError

        def __del__(self) -> None:
            idle.append(calls.idle)

    def held() -> Callable[[], None]:
        plugin = Plugin()
        return lambda: plugin.call()

    future = calls.submit(held())
    del future
    goes_on.set()
    assert await asyncio.to_thread(calls.settle, 5.0)
    assert idle == [False]
