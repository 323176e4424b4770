"""The aircraft on a UDP socket: frames in and out, rates, lost acknowledgements, a link that can be cut."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from pymavlink.dialects.v20 import common as mv

from drivers.drone.geometry import Place
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.companions import Companion, usual
from hil.vehicle.orders import ARM, Result
from hil.vehicle.parameters import Parameters
from hil.vehicle.streams import STREAMS
from hil.vehicle.transfer import Transfer

TICK_S = 0.04
SUBSTEP_S = 0.05
AUTHORISE = 3001
"""MAV_CMD_ARM_AUTHORIZATION_REQUEST."""


@dataclass(slots=True)
class WireFaults:
    """What a test may break between aircraft and ground."""

    down: bool = False
    lose_acks: int = 0  # the next so many COMMAND_ACKs are swallowed
    delay_s: float = 0.0  # each frame waits this long, either way
    loss: float = 0.0  # share of frames lost, either way
    seed: int = 1
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def eats(self) -> bool:
        """Whether this frame is lost."""
        return self.down or self.dice.random() < self.loss


class SimulatedVehicle:
    """One aircraft that talks to `agent_port` on this host, as `udpin://` expects: `async with vehicle.flying()`."""

    def __init__(
        self, auto: Autopilot, agent_port: int, *, system_id: int = 1, component_id: int = 1, speedup: float = 1.0,
        companions: list[Companion] | None = None,
    ) -> None:  # fmt: skip
        self.auto = auto
        self.speedup = speedup
        self.faults = WireFaults()
        self.commands: list[int] = []
        """Every MAV_CMD received, in order, for tests to count."""
        self.arm_requests = 0
        self.autopilot_silent = False
        """The autopilot hangs while its companions beat on."""
        self.heartbeats = 0
        """Ground station heartbeats heard, of any id."""
        self._address = ("127.0.0.1", agent_port)
        self._mav = mv.MAVLink(None, srcSystem=system_id, srcComponent=component_id)
        self._mav.robust_parsing = True
        self.companions = usual() if companions is None else companions
        self._others = {each.component: mv.MAVLink(None, system_id, each.component) for each in self.companions}
        self._rates: dict[int, float] = {}
        self._due: dict[int, float] = {}
        self._gcs_heard = -1e9
        self._transport: asyncio.DatagramTransport | None = None
        self.transfer = Transfer(auto, self.send)
        self.parameters = Parameters(auto, self.send)
        self._ticked = asyncio.Event()
        self.unproved = 0
        """Frames not taken because nobody signed them with its key."""
        self._boot_rates()

    def sign(self, key: bytes, time: int) -> None:
        """From now on everything aboard signs with this key, and takes only what is signed with it."""
        for mav in (self._mav, *self._others.values()):
            mav.signing.secret_key, mav.signing.link_id, mav.signing.timestamp = key, 1, time
            mav.signing.sign_outgoing = True

    async def tick(self) -> None:
        """Return once the aircraft has lived on for a moment."""
        await self._ticked.wait()

    @contextlib.asynccontextmanager
    async def flying(self) -> AsyncIterator["SimulatedVehicle"]:
        """Switched on for as long as the block lasts."""
        loop = asyncio.get_running_loop()
        vehicle = self

        class Receiver(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
                del addr
                vehicle.received(data)

            def error_received(self, exc: Exception) -> None:
                del exc  # nobody listens yet: an aircraft transmits all the same

        self._transport, _ = await loop.create_datagram_endpoint(Receiver, local_addr=("127.0.0.1", 0))
        task = asyncio.create_task(self._live(), name=f"vehicle {self._mav.srcSystem}")
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self._transport.close()

    def reboot(self) -> None:
        """Switch off and on: rates and mode are lost."""
        self.auto.reboot()
        self._boot_rates()

    def _boot_rates(self) -> None:
        self._rates = {0: 1.0} if self.auto.profile.silent_until_asked else {0: 1.0, 1: 1.0, 147: 1.0, 242: 0.5, 42: 1}
        self._rates[12918] = 1.0
        self._rates[0] = min(10.0, self.speedup)  # once a second of its own time
        self._due = dict.fromkeys(self._rates, 0.0)

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(TICK_S)
            now = loop.time()
            self._advance(min(0.5, now - last) * self.speedup, now)
            last = now
            self._ticked.set()
            self._ticked = asyncio.Event()

    def _advance(self, span_s: float, now: float) -> None:
        silent = now - self._gcs_heard
        steps = max(1, round(span_s / SUBSTEP_S))
        for _ in range(steps):
            self.auto.step(span_s / steps, silent)
        while self.auto.texts:
            severity, text = self.auto.texts.popleft()
            self.send(mv.MAVLink_statustext_message(severity, text.encode()[:50]))
        while self.auto.reached:
            self.send(mv.MAVLink_mission_item_reached_message(self.auto.reached.popleft()))
        self.transfer.tick(now)
        thin = self.auto.profile.upload_thins if self.transfer.taking else 1.0
        for message_id, rate in self._rates.items():
            if now >= self._due.get(message_id, 0.0):
                self._due[message_id] = now + (1.0 if message_id == 0 else thin) / rate - TICK_S / 2
                self.send(STREAMS[message_id](self.auto))
        for companion in self.companions:
            if now >= companion.due:
                companion.due = now + 1.0
                for message in companion.says(self.auto):
                    self._emit(message, self._others[companion.component])

    def send(self, message: Any) -> None:
        """Put one message on the wire, unless a fault eats it."""
        if message.get_type() == "COMMAND_ACK" and self.faults.lose_acks > 0:
            self.faults.lose_acks -= 1
            return
        if not self.autopilot_silent:
            self._emit(message, self._mav)

    def _emit(self, message: Any, mav: Any) -> None:
        if self._transport is None or self.faults.eats():
            return
        frame = bytes(message.pack(mav))
        mav.seq = (mav.seq + 1) % 256  # pack() alone does not count
        if self.faults.delay_s > 0:
            asyncio.get_running_loop().call_later(self.faults.delay_s, self._put, frame)
        else:
            self._put(frame)

    def _put(self, frame: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(frame, self._address)

    def received(self, data: bytes) -> None:
        """A datagram from the ground."""
        if self.faults.eats():
            return
        if self.faults.delay_s > 0:
            asyncio.get_running_loop().call_later(self.faults.delay_s, self._hear, data)
        else:
            self._hear(data)

    def _hear(self, data: bytes) -> None:
        for message in self._mav.parse_buffer(data) or ():
            self.unproved += message.get_type() == "BAD_DATA" and self._mav.signing.secret_key is not None
            mine = getattr(message, "target_system", 0) in {0, self._mav.srcSystem}
            if mine and getattr(message, "target_component", 0) in {0, self._mav.srcComponent}:
                self._take(message, (message.get_srcSystem(), message.get_srcComponent()))

    def _take(self, message: Any, peer: tuple[int, int]) -> None:
        kind = message.get_type()
        if kind == "HEARTBEAT":
            self.heartbeats += message.type == mv.MAV_TYPE_GCS
            counted = self.auto.params.get("SYSID_MYGCS")  # PX4 counts any
            if message.type == mv.MAV_TYPE_GCS and counted in {None, peer[0]}:
                self._gcs_heard = asyncio.get_running_loop().time()
        elif kind == "COMMAND_LONG":
            p = tuple(getattr(message, f"param{i}") for i in range(1, 8))
            for companion in self.companions:
                if companion.answers is not None:
                    ack = mv.MAVLink_command_ack_message(message.command, companion.answers, 0, 0, *peer)
                    self._emit(ack, self._others[companion.component])
            self._answer(message.command, self._command(message.command, p, None, p[6], peer), peer)
        elif kind == "COMMAND_INT":
            p = (message.param1, message.param2, message.param3, message.param4, 0.0, 0.0, message.z)
            place = Place(message.x / 1e7, message.y / 1e7)
            z = message.z + (self.auto.home_altitude_m if message.frame in {3, 6} else 0.0)
            self._answer(message.command, self._command(message.command, p, place, z, peer), peer)
        elif kind == "SET_MODE":
            self.auto.enter(next((n for n, v in self.auto.profile.modes.items() if v == message.custom_mode), ""))
        elif kind == "COMMAND_ACK" and message.command == AUTHORISE and message.result == 0:
            self.auto.auth_until = self.auto.t + message.result_param2 * self.speedup
        else:
            _ = self.transfer.take(message, peer) or self.parameters.take(message)

    def _command(
        self, command: int, p: tuple[float, ...], place: Place | None, z: float, peer: tuple[int, int]
    ) -> Result:
        self.commands.append(command)
        if command == 511:
            message_id, interval_us = int(p[0]), p[1]
            if message_id not in STREAMS:
                return Result.UNSUPPORTED
            if interval_us < 0:
                self._rates.pop(message_id, None)
            else:
                self._rates[message_id] = 1.0 if interval_us == 0 else min(25.0, 1e6 / interval_us)
                self._due[message_id] = 0.0
            return Result.ACCEPTED
        if command in {512, 520}:
            message_id = 148 if command == 520 else int(p[0])
            if message_id not in STREAMS:
                return Result.UNSUPPORTED
            asyncio.get_running_loop().call_soon(lambda: self.send(STREAMS[message_id](self.auto)))
            return Result.ACCEPTED
        if command == ARM and p[0] >= 0.5 and not self._authorised(peer):
            return Result.TEMPORARILY_REJECTED
        return self.auto.command(command, p, place, z)

    def _authorised(self, peer: tuple[int, int]) -> bool:
        """PX4's second lock in two steps: ask, refuse, and let the next arm pass while the yes is fresh."""
        if self.auto.params.get("COM_ARM_AUTH_REQ", 0) < 1 or self.auto.armed:
            return True
        if self.auto.t < self.auto.auth_until:
            self.auto.auth_until = -1e9  # a yes is spent by one arming
            return True
        self.arm_requests += 1
        self.send(mv.MAVLink_command_long_message(peer[0], 0, AUTHORISE, 0, self._mav.srcSystem, 0, 0, 0, 0, 0, 0))
        self.auto.say(4, "Arming denied: authorization requested")
        return False

    def _answer(self, command: int, result: Result, peer: tuple[int, int]) -> None:
        self.send(mv.MAVLink_command_ack_message(command, int(result), 0, 0, *peer))
