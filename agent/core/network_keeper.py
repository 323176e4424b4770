"""Keeps what was worked out of the network young: a report of our own each day, and where a new flow test says more."""

import asyncio
import logging
import os
import socket

from agent.control.request import Request, RequestError
from agent.control.rights import Peer
from agent.core.report_broker import ReportBroker
from agent.core.requests.network import ABOUT, NetworkRequests
from agent.judge.service.service import AssessmentService
from agent.water.table import FOLDER, BadTable, Table, read

WORK = "network.work"
EVERY_S = 600.0
DAY_S = 86_400.0

_log = logging.getLogger("hydronest")


class NetworkKeeper:
    """`run` looks each ten minutes; without a network there is nothing to keep."""

    def __init__(self, broker: ReportBroker, assessments: AssessmentService, asks: NetworkRequests) -> None:
        self._broker = broker
        self._assessments = assessments
        self._asks = asks
        self._tests: int | None = None

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.look()

    async def look(self) -> bool:
        """Work it out anew if it is time; whether it was. A machine that is busy is asked again later."""
        tests = self._newest_test()
        if not await self._due(tests):
            return False
        try:
            await self._work()
        except RequestError as no:
            if no.code != "busy":
                _log.warning("%s: %s", WORK, no)
            return False
        self._tests = tests
        return True

    def _newest_test(self) -> int:
        """How many different flow tests there have been, as far as anybody can tell: a new one changes it."""
        return hash(frozenset((test.asset, test.at_s) for test in self._assessments.store.facts.flow_tests.values()))

    async def _due(self, tests: int) -> bool:
        folder = self._assessments.state_dir / FOLDER
        if not await asyncio.to_thread((folder / ABOUT).exists):
            return False
        try:
            table: Table | None = await asyncio.to_thread(read, folder, 0.0, 0.0, 1.0)
        except BadTable:
            table = None
        if self._tests is None and table is not None:
            self._tests = tests
        if table is None or not table.head.get("complete") or tests != self._tests:
            return True
        utc, made_s = self._assessments.utc_ns(), table.head.get("made_s")
        return utc is not None and (made_s is None or utc / 1e9 - made_s > DAY_S)

    async def _work(self) -> None:
        """Ask for the report as a client would, and let its answer go. Raises RequestError."""
        client = _Nobody()
        draining = asyncio.create_task(client.drain(), name="network.work's answer")
        request = Request({}, Peer(os.getpid(), os.getuid(), os.getgid()), client)
        try:
            self._broker.refuse_if_busy(WORK)
            await self._broker.answer(request, WORK, await self._asks.working(request))
        finally:
            client.close()
            await draining


class _Nobody:
    """The end of a connection at which nobody reads what is said."""

    def __init__(self) -> None:
        self._ours, self._its = socket.socketpair()
        self._ours.setblocking(False)

    async def descriptor(self) -> int:
        """As of a client."""
        return os.dup(self._its.fileno())

    def cut_off(self) -> None:
        """What is said next is no better."""

    async def drain(self) -> None:
        """Until nobody can write any more."""
        while await asyncio.get_running_loop().sock_recv(self._ours, 65_536):
            pass
        self._ours.close()

    def close(self) -> None:
        """Our copy of the writer's end; the report's own ends with it."""
        self._its.close()
