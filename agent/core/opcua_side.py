"""Core's side of the process that reads OPC UA: its samples come in here, its technician's questions go out."""

import asyncio
import logging
from base64 import b64decode
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.core.remote_line import RemoteLine
from agent.core.source_times import SourceTimes
from agent.link import opcua_messages as said
from agent.link.channel import Channel, ChannelGone, Handler
from agent.link.messages import said_in
from agent.link.samples import LAYOUT, SAMPLES, Layouts, SampleReceiver
from agent.runtime.certificate_stages import CertificateStages
from drivers.event import Event, EventKind, Severity, Transition
from drivers.ports import Sink
from drivers.sample import Value
from protocols.clock import NowNs
from protocols.opcua.trust_store import accept, fingerprint
from protocols.reason import Reason, from_json
from protocols.system import file_reason

ASK_WITHIN_S = 50.0
"""A server may take its time; the control socket itself gives up after a minute."""
MOST_NODES = 200
DEEPEST = 10

_log = logging.getLogger("hydronest")


class Intake(Sink, Protocol):
    """Where everything goes."""

    def parked(self, job: str, reason: Reason | None) -> None:
        """A job does not run, and is tried again only each minute."""

    def unparked(self, job: str) -> None:
        """It runs again."""

    def told(self, event: Event) -> None:
        """One turn of an event of the site itself."""


class OpcuaSide:
    """`lines` with where each keeps the certificate it believes. `devices` are those on OPC UA lines: nothing else is
    believed of this process.
    """

    name = "opcua"
    handlers: Mapping[str, Handler] = {}

    def __init__(
        self,
        lines: Mapping[str, Path | None],
        devices: Collection[str],
        intake: Intake,
        times: SourceTimes,
        now_ns: NowNs,
    ) -> None:
        self.lines = [RemoteLine(line) for line in lines]
        self._by_name = {line.name: line for line in self.lines}
        self._trust = lines
        self._devices = frozenset(devices)
        self._intake = intake
        self._times = times
        self._now_ns = now_ns
        self._layouts = Layouts()
        self._receiver = SampleReceiver(self._layouts)
        self._certificates = CertificateStages(intake.told, now_ns)
        self._channel: Channel | None = None
        self._told_to_end = False

    def begun(self, channel: Channel) -> None:
        """Its lines begin where we are."""
        self._channel = channel
        self._receiver = SampleReceiver(self._layouts)
        self._told_to_end = False
        channel.post(said.START, self._times.told())

    def heard(self, kind: str, body: Any) -> None:
        """One message. Raises ValueError, KeyError or TypeError for what is none."""
        if kind == SAMPLES:
            self._samples(body)
        elif kind == LAYOUT:
            self._receiver.named(body)
        elif kind == said.LINE_STATE:
            line, up, reason = body
            self._intake.line_state(self._by_name[line].name, bool(up), _reason(reason))
        elif kind == said.COUNTERS:
            for line, told in body.items():
                self._by_name[line].told = {
                    name: {key: said_in(value) for key, value in counted.items()} for name, counted in told.items()
                }
        elif kind == said.PARKED:
            line, reason = body
            self._intake.parked(f"line {self._by_name[line].name}", _reason(reason))
        elif kind == said.UNPARKED:
            self._intake.unparked(f"line {self._by_name[body].name}")
        elif kind == said.AGAIN:
            self._again(body)
        elif kind == said.CERTIFICATE_DAYS:
            for line, whose, days in body:
                if whose in (said.OWN, said.SERVER):
                    self._certificates.look(f"opcua {self._by_name[line].name} {whose}", float(days))
        elif kind == said.BYE:
            self._told_to_end = True

    def ended(self) -> None:
        """Nobody reads its lines now."""
        self._channel = None
        for line in self.lines:
            line.told = {}
        if not self._told_to_end:
            for line in self.lines:
                self._intake.line_state(line.name, False, Reason("opcua.process_ended"))

    async def ask(self, name: str, line: str, **arguments: Any) -> Any:
        """Relay a technician's question. Raises RequestError."""
        if line not in self._by_name:
            known = tuple(self._by_name)
            here = Reason("opcua.lines_here", lines=known) if known else Reason("opcua.no_lines_here")
            raise RequestError("not_found", Reason("opcua.no_such_line", line=line), here)
        try:
            if self._channel is None:
                raise ChannelGone(self.name)
            return await self._channel.ask(name, ASK_WITHIN_S, line=line, **arguments)
        except ChannelGone:
            raise RequestError("no_answer", Reason("opcua.process_ended")) from None
        except TimeoutError:
            raise RequestError("no_answer", Reason("opcua.too_slow", s=ASK_WITHIN_S)) from None

    def register(self, server: ControlServer) -> None:
        """Offer the asks. Only `opcua.accept` changes anything, so it alone needs the right to operate."""
        server.register(said.OFFERS, self._offers, "read")
        server.register("opcua.accept", self._accept, "operate")
        server.register(said.BROWSE, self._browse, "read")
        server.register(said.READ, self._read, "read")

    def _samples(self, body: Mapping[str, Any]) -> None:
        intake, times, devices = self._intake, self._times, self._devices
        for sample in self._receiver.samples(body):
            if sample.device in devices:
                intake.sample(sample)
                times.took(sample)
            else:
                _log.error("the process that reads OPC UA speaks for %s, which is not its", sample.device[:100])
        gaps = body.get(said.GAPS)
        if gaps:
            times.changed({device: points for device, points in gaps.items() if device in devices})

    def _again(self, not_taken: Mapping[str, int]) -> None:
        """We did not keep up: what was not taken is told, and read back where the server remembers it."""
        for line, samples in not_taken.items():
            evidence: dict[str, Value] = {"samples": int(samples), "why": "not_taken"}
            subject = self._by_name[line].name
            lost = Event(EventKind.DATA_LOST, subject, Severity.WARNING, Transition.NOTED, self._now_ns(), evidence)
            self._intake.told(lost)
        if self._channel is not None:
            self._channel.post(said.START, self._times.told())

    async def _offers(self, request: Request) -> Any:
        return await self.ask(said.OFFERS, request.text("line"))

    async def accept(self, line: str, wanted: str) -> dict[str, str]:
        """Keep the certificate the server shows, if it is the one with the `wanted` fingerprint. Raises RequestError.

        Core writes it: the process that hears the server has no say in whom it believes.
        """
        shown = {fingerprint(der): der for der in map(b64decode, await self.ask(said.CERTIFICATES, line))}
        target = self._trust[line]
        if target is None:
            raise RequestError(
                "bad_data", Reason("opcua.no_certificate_file", line=line), "opcua.name_certificate_file"
            )
        if wanted not in shown:
            raise RequestError("refused", Reason("opcua.shows_another_now"), "opcua.look_again")
        try:
            kept = await asyncio.to_thread(accept, shown[wanted], target)
        except OSError as error:
            raise RequestError("cannot_write", file_reason(target, error)) from None
        return {"kept_at": str(kept), "fingerprint": wanted}

    async def _accept(self, request: Request) -> Any:
        return await self.accept(request.text("line"), request.text("fingerprint"))

    async def _browse(self, request: Request) -> Any:
        depth = int(request.number("depth", 3, low=1, high=DEEPEST))
        return await self.ask(said.BROWSE, request.text("line"), node=request.text("node", "i=85"), depth=depth)

    async def _read(self, request: Request) -> Any:
        nodes = request.args.get("nodes")
        if not isinstance(nodes, list) or not nodes or not all(isinstance(node, str) for node in nodes):
            raise RequestError("bad_request", Reason("request.texts", argument="nodes"))
        if len(nodes) > MOST_NODES:
            raise RequestError("bad_request", Reason("request.at_most", argument="nodes", most=MOST_NODES))
        return await self.ask(said.READ, request.text("line"), nodes=nodes)


def _reason(told: Any) -> Reason:
    reason = from_json(told)
    if reason is None:
        raise ValueError(f"not a reason: {str(told)[:100]}")
    return reason
