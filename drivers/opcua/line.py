"""One OPC UA server and the devices behind it: connected for ever, every value under its own time, gaps filled."""

import asyncio
import logging
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from drivers.opcua.epoch import Epoch
from drivers.opcua.gaps import Kept
from drivers.opcua.line_memory import LineMemory
from drivers.opcua.rows import OpcuaDevice, Rows, end_of_moment
from drivers.ports import Sink
from drivers.quality import Quality
from drivers.sample import Value
from protocols.clock import NowNs, boottime_ns
from protocols.errors import WireError
from protocols.opcua.back_off import BackOff, Failure
from protocols.opcua.certificate import Untrusted
from protocols.opcua.change import ns_to_ticks
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.session import Session
from protocols.opcua.status import status_name
from protocols.opcua.trouble import Ended
from protocols.reason import Reason, word

REPEAT_ABSENT_S: Final = 60.0  # how often a device that stays away is said to be away
CLOCK_LOOK_S: Final = 1.0
TRUST_LOOK_S: Final = 1.0

_log = logging.getLogger(__name__)


class OpcuaLine:
    """A `Driver` for one server. By (device, point): `last_known` is the source_ns of the newest sample kept before a
    restart, `missing` what an earlier life had still to read back (`take_gaps`).

    `clock_trusted` says whether wall time means anything yet: certificates are not judged before it does.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        devices: Sequence[OpcuaDevice],
        *,
        now_ns: NowNs = boottime_ns,
        wall_ns: NowNs = time.time_ns,
        clock_trusted: Callable[[], bool] = lambda: True,
        last_known: Mapping[tuple[str, str], int] | None = None,
        missing: Mapping[tuple[str, str], Kept] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        faults = endpoint.faults()
        if faults:
            raise ValueError(f"line {name}: " + "; ".join(map(str, faults)))
        self.name = name
        self._endpoint = endpoint
        self._rows = Rows(devices)
        self._now_ns, self._wall_ns, self._clock_trusted = now_ns, wall_ns, clock_trusted
        self._back_off = BackOff(rng)
        self._told = LineMemory()
        self._up: bool | None = None
        self._reason = Reason("opcua.not_connected_yet")
        self._absent_said = 0.0
        self._warned: set[str] = set()
        newest = 0
        for handle, key in enumerate(self._rows.names):
            source_ns = (last_known or {}).get(key)
            self._told.gaps.resume(handle, (missing or {}).get(key, []))
            if source_ns is not None:
                self._rows.last_ticks[handle] = end_of_moment(ns_to_ticks(source_ns))
                newest = max(newest, source_ns)
        if newest:
            self._told.alive_ticks = ns_to_ticks(newest)

    async def run(self, sink: Sink) -> None:
        """Read for ever; ends only by cancellation.

        Each epoch has a task of its own: before Python 3.13 a TaskGroup whose child fails loses a cancellation that
        comes in the same breath, and leaves its own `cancel()` on the task it ran in.
        """
        while True:
            epoch = asyncio.create_task(self._epoch(sink), name=f"{self.name} epoch")
            try:
                await asyncio.wait({epoch})
            finally:
                if not epoch.done():
                    epoch.cancel()
                    await asyncio.gather(epoch, return_exceptions=True)
            await asyncio.sleep(self._back_off.wait_s(epoch.result()))

    async def _epoch(self, sink: Sink) -> Failure:
        """One connection, from the first packet to its end; answers why it ended."""
        await self._wait_for_time(sink)
        await self._wait_for_trust(sink)
        self._told.epochs += 1
        session = Session(self._endpoint)
        failure = Failure.TURNED_AWAY
        try:
            await session.open()
            epoch = Epoch(session, self._rows, self._told, sink, self._now_ns, self._wall_ns, self._clock_trusted)
            await epoch.run(lambda: self._state(sink, True, word("connected")))
        except WireError as problem:
            if isinstance(problem, Ended):
                failure = problem.failure
            frozen = failure is Failure.SILENCE and session.good_data
            self._state(sink, False, problem.reason)
            self._absent(sink, Quality.STALE if frozen else Quality.LINK_DOWN)
            self._told.untrusted += isinstance(problem, Untrusted)
        finally:
            self._warn(session.warnings)
            if session.good_data:
                self._back_off.good_data()
            await session.close(polite=failure is not Failure.SILENCE)
        return failure

    def counters(self) -> Mapping[str, Mapping[str, Value | Reason]]:
        """The line's under its name; each device's last bad status under the device's id."""
        return {self.name: self.line_counters()} | {
            device: {"last_bad_status": f"{point} {status_name(code)}"}
            for device, (point, code) in self._rows.last_bad.items()
        }

    def line_counters(self) -> Mapping[str, Value | Reason]:
        """The line's own."""
        told, published = self._told, self._told.published
        return {
            "up": bool(self._up),
            "reason": self._reason,
            "epochs": told.epochs,
            "publishes": published.publishes,
            "values": published.values,
            "overflows": published.overflows,
            "gaps": published.gaps,
            "decoded_slowly": published.decoded_slowly,
            "polled_points": told.polled_points,
            "mended": told.mended,
            "backfilled": told.backfilled,
            "backfill_given_up": told.gaps.given_up,
            "backfill_refused": told.backfill_refused,
            "backfill_waiting": len(told.gaps.spans) + len(told.gaps.opened),
            "clock_off_s": None if told.clock_off_ns is None else round(told.clock_off_ns / 1e9, 3),
            "clock_believed": told.clock_believed,
            "untrusted": told.untrusted,
        }

    def take_gaps(self) -> dict[str, dict[str, Kept]]:
        """What is still to be read back, by device and point, of the points where that changed since the last call.

        True of exactly the samples handed on so far: keep both together, or neither.
        """
        gaps = self._told.gaps
        taken: dict[str, dict[str, Kept]] = {}
        for handle in gaps.changed:
            device, point = self._rows.names[handle]
            taken.setdefault(device, {})[point] = gaps.kept(handle)
        gaps.changed.clear()
        return taken

    async def _wait_for_time(self, sink: Sink) -> None:
        if not self._endpoint.secure:
            return
        while not self._clock_trusted():
            self._state(sink, False, Reason("opcua.waiting_for_time"))
            self._absent(sink, Quality.LINK_DOWN)
            await asyncio.sleep(CLOCK_LOOK_S)

    async def _wait_for_trust(self, sink: Sink) -> None:
        """Until a person has accepted the server's certificate there is nobody to talk to."""
        trust = self._endpoint.trust
        while self._endpoint.secure and trust is not None and not await asyncio.to_thread(os.path.exists, trust):
            self._state(sink, False, Reason("opcua.trust_first", file=str(trust), line=self.name))
            self._absent(sink, Quality.LINK_DOWN)
            await asyncio.sleep(TRUST_LOOK_S)

    def _state(self, sink: Sink, up: bool, reason: Reason) -> None:
        """Up or down is said at once, and so is another reason for being down: the first may long be mended."""
        if up is self._up and reason == self._reason:
            return
        if up is not self._up:
            self._absent_said = 0.0
            _log.log(logging.INFO if up else logging.WARNING, "%s: %s", self.name, reason)
        self._up, self._reason = up, reason
        sink.line_state(self.name, up, reason)

    def _absent(self, sink: Sink, quality: Quality) -> None:
        """Say that every device is away: when it goes, and once a minute while it stays."""
        now = asyncio.get_running_loop().time()
        if self._absent_said and now - self._absent_said < REPEAT_ABSENT_S:
            return
        self._absent_said = now
        read_ns = self._now_ns()
        for device in range(len(self._rows.devices)):
            sink.sample(self._rows.absent(device, quality, read_ns))

    def _warn(self, warnings: Sequence[Reason]) -> None:
        today = datetime.now(UTC).date().isoformat()
        for warning in warnings:
            if (key := today + warning.code) not in self._warned:
                self._warned = {k for k in self._warned if k.startswith(today)} | {key}
                _log.warning("%s: %s", self.name, warning)
