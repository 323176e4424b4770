"""A fire centre over two bearers: the standard has no greeting, so a bearer is known by what it leaves unanswered."""

import asyncio
import time

from agent.link.record import PriorityClass
from agent.uplinks.bearers import Bearers
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.way import Way
from hil.centre import Centre
from hil.proxy import Proxy
from tests.gb26875.test_conformance import CentreFarEnd, record
from tests.uplinks.conformance import FAST, GATEWAY
from tests.uplinks.memory import MemoryOutbox
from tests.waiting import until


async def test_an_alarm_comes_by_the_other_bearer_once_one_swallows_it() -> None:
    centre = Centre()
    await centre.start()
    outbox = MemoryOutbox()
    async with Proxy(centre.port) as fibre, Proxy(centre.port) as mobile:
        ways = [Way("fibre", "127.0.0.1", fibre.port), Way("4g", "localhost", mobile.port, interface="lo")]
        several = Bearers(CentreFarEnd(centre).uplink(), ways, lambda _event: None, now_ns=time.monotonic_ns)
        forwarder = Forwarder(GATEWAY, several, outbox, lambda _event: None, FAST, bearers=several)
        task = asyncio.create_task(forwarder.run())
        outbox.offer(record("D1", 1, PriorityClass.TELEMETRY))
        await until("the first comes by the best", lambda: len(outbox.confirmed) == 1)
        assert forwarder.status()["bearer"] == "fibre"
        fibre.freeze()
        outbox.offer(record("D2", 2, PriorityClass.EVENT))
        await until("the alarm comes by the other", lambda: len(outbox.confirmed) == 2)
        status = forwarder.status()
        task.cancel()
        await asyncio.wait([task])
    await centre.stop()
    assert status["bearer"] == "4g"
    assert status["bearers"][0]["reason"].code == "uplink.bearer_swallows"
    assert status["bearers"][0]["carried_bytes"] > 200
    assert [kept.fields["component_address"] for kept in centre.kept] == [1, 2]
