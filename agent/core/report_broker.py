"""Between a client, the supervisor and a report: hands a request over, hears how it went, tells the client."""

import asyncio
import fcntl
import itertools
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from agent.control.request import Request, RequestError
from agent.link.channel import Channel, Handler
from agent.runtime.control_wire import MOST_REPORTS, REPORT_LATE, REPORT_LONGEST_S, Message, Say
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from protocols.clock import NowNs
from protocols.reason import Reason, from_json, plain

ENDS_WITHIN_S = 5.0
"""A report whose channel broke has ended, and the supervisor has heard why, within this."""

ALONE = frozenset({"evidence.export", "network.import", "network.work"})
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE

HandOver = Callable[[int, Sequence[int]], bool]
"""Asks the supervisor for a report: its number; the client, the inputs and a channel as descriptors. False: not now."""


def nobody(_number: int, _descriptors: Sequence[int]) -> bool:
    """No supervisor, no reports."""
    return False


class ReportBroker:
    """`heard` gets what the supervisor says. `handlers` are what a report may ask over its channel.

    A report that did not end by itself is told with `report`, and its client hears of it; nobody else is harmed.
    """

    def __init__(
        self, hand_over: HandOver, handlers: Mapping[str, Handler], report: Callable[[Event], None], now_ns: NowNs
    ) -> None:
        self._hand_over = hand_over
        self._handlers = handlers
        self._report = report
        self._now_ns = now_ns
        self._numbers = itertools.count(now_ns())  # another life of core may have reports under way
        self._running: dict[int, _Running] = {}
        self.made = self.failed = 0

    def refuse_if_busy(self, name: str) -> None:
        """Say no before inputs are gathered for nothing. Of what writes a file, one is enough."""
        at_work = [one.name for one in self._running.values() if not one.told.done()]
        if len(at_work) >= MOST_REPORTS:
            raise _busy()
        if name in ALONE and name in at_work:
            raise RequestError("busy", Reason("report.same", report=name), "report.ask_when_done")

    async def _room(self) -> None:
        """Return once a process may be begun: one that has answered, at its low priority, takes its time to end."""
        async with asyncio.timeout(ENDS_WITHIN_S):
            while len(self._running) >= MOST_REPORTS:
                ending = [one.ended for one in self._running.values() if one.told.done()]
                if not ending:
                    raise _busy()
                await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)

    async def answer(self, request: Request, name: str, inputs: Mapping[str, Any]) -> None:
        """Let a report answer `name` from these inputs and the request's own arguments; return when it has.

        It writes its values to the client itself, as those of a stream; the end of the stream is not its to say.
        """
        client = request.client
        assert client is not None, "a report answers over a connection"
        self.refuse_if_busy(name)
        try:
            await self._room()
        except TimeoutError:
            raise _busy() from None
        number, running = next(self._numbers), _Running(name)
        self._running[number] = running
        handed: list[int] = []
        asked = False
        ours, its = socket.socketpair()
        channel = Channel("report", ours, running.heard, self._handlers)
        talking = asyncio.create_task(channel.run(), name=f"report {name}")
        try:
            handed.append(await client.descriptor())
            handed.append(_sealed(orjson.dumps({"name": name, "args": request.args, "inputs": inputs}, default=plain)))
            asked = self._hand_over(number, [*handed, its.fileno()])
            if not asked:
                raise _busy()
            its.close()
            ends: list[asyncio.Future[Any]] = [talking, running.told]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not running.told.done():
                await asyncio.wait([running.ended], timeout=ENDS_WITHIN_S)
                self._died(running)
                client.cut_off()
            no = running.told.result()
            if running.cut:
                client.cut_off()
            if no is not None:
                raise no
        finally:
            if not asked:
                del self._running[number]
            if not running.told.done():
                running.told.set_result(None)  # nobody waits for it any more: it ends
            its.close()
            for descriptor in handed:
                os.close(descriptor)
            channel.close()
            await asyncio.wait([talking])

    def heard(self, message: Message) -> None:
        """What the supervisor says about a report."""
        match message.say:
            case Say.REPORT_BEGUN:
                self.made += 1
            case Say.REPORT_BUSY | Say.REPORT_ENDED:
                running = self._running.pop(message.number, None)
                if running is not None and message.say is Say.REPORT_ENDED:
                    running.ended.set_result(message)
                elif running is not None and not running.told.done():
                    running.told.set_result(_busy())
            case _:
                return

    def _died(self, running: "_Running") -> None:
        """It did not end by itself: an event counts it, and the client is told why as far as anybody knows."""
        self.failed += 1
        name, code, remedy = running.name, "too_large", "report.ask_for_less"
        late, killed = False, False
        if running.ended.done():
            ended = running.ended.result()
            late, killed = ended.name == REPORT_LATE, ended.value == -signal.SIGKILL
        if late:
            why = Reason("report.late", report=name, most_s=REPORT_LONGEST_S)
        elif killed:
            why = Reason("report.killed", report=name)
        else:
            why, code, remedy = Reason("report.failed", report=name), "failed", "report.ask_again"
        running.told.set_result(RequestError(code, why, remedy))
        evidence: dict[str, Value | Reason] = {"reason": why, "report": name, "failed": self.failed}
        self._report(
            Event(EventKind.SELF_FAULT, "report", Severity.WARNING, Transition.NOTED, self._now_ns(), evidence)
        )


class _Running:
    """One report under way."""

    def __init__(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        self.name = name
        self.cut = False
        """Whether its last line may be half a one."""
        self.told: asyncio.Future[RequestError | None] = loop.create_future()  # by itself: answered, or its no
        self.ended: asyncio.Future[Message] = loop.create_future()  # by the supervisor: its process was waited for

    def heard(self, kind: str, body: Any) -> None:
        """What it posts."""
        if not self.told.done():
            self.cut = kind == "cut"
            self.told.set_result(None if kind == "done" else _no(body))


def _no(body: Sequence[Any]) -> RequestError:
    """What a report posts where it cannot answer."""
    code, why, remedy = body
    return RequestError(code, from_json(why) or Reason("request.no_reason"), from_json(remedy))


def _busy() -> RequestError:
    return RequestError("busy", Reason("report.busy", most=MOST_REPORTS), "report.ask_when_done")


def _sealed(data: bytes) -> int:
    """A descriptor of memory that nobody can change any more."""
    descriptor = os.memfd_create("report", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
