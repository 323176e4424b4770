"""The town and the agent behind the demo's screen, on a loop of their own thread; the screen calls in from outside."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from hil.demo import interrupt
from hil.demo.account import Account, final_account, running_account
from hil.demo.brigade import Brigade
from hil.patience import patient
from hil.simulated_site import SimulatedSite
from hil.simulated_site.agent_process import AgentProcess
from hil.terminals.terminal import Misbehaviour

FIRE_AT_S = 30.0
FIRE = ("H02", "H03", "H06")
DEAD, LYING = "H07", "H05"
RESTART_S = 1.0  # as systemd would, only sooner
ARRIVE_S = 30.0


class DemoLayout:
    """`start` it, play, `finish`, `close`. Everything public is called from the screen's thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cut = False
        self.platform_gone = False
        self.kills = 0
        self.account = Account()
        self.brigade = Brigade()
        self.nests: list[dict[str, Any]] = []
        self.trouble = ""
        self.fire_at_s = FIRE_AT_S
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._turn, name="town", daemon=True)
        self._busy = asyncio.Lock()
        self._held = contextlib.AsyncExitStack()
        self._town: SimulatedSite | None = None
        self._agent: AgentProcess | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._before = (0, 0)  # read and committed by the agent's earlier lives
        self._now = (0, 0)

    @property
    def town(self) -> SimulatedSite:
        """The town, once it stands."""
        if self._town is None:
            raise RuntimeError("the town does not stand yet")
        return self._town

    @property
    def socket(self) -> Path:
        """The agent's control socket."""
        return self.town.state_dir / "control.sock"

    @property
    def agent(self) -> AgentProcess:
        """The agent's process."""
        if self._agent is None:
            raise RuntimeError("the agent has not been started")
        return self._agent

    @property
    def elapsed_s(self) -> float:
        """Since the town stands."""
        return (self.town.sensors.now_ns() - self.town.started_ns) / 1e9

    def start(self) -> None:
        """Build everything up; returns when the agent answers."""
        with interrupt.held_back():  # a thread that half began can neither be used nor ended
            self._thread.start()
        self._call(self._start())

    def _turn(self) -> None:
        interrupt.let_through()  # what is started from here would inherit that they are held back
        self._loop.run_forever()

    async def _start(self) -> None:
        town = SimulatedSite(self.folder, confirm="platform", centre=True, quick_verdicts=True, nest_speedup=4.0)
        self._town = await self._held.enter_async_context(town)
        town.terminals[DEAD].misbehaviour = Misbehaviour.DEAD
        town.terminals[LYING].misbehaviour = Misbehaviour.LYING
        at_s = self.elapsed_s + FIRE_AT_S
        self.fire_at_s = at_s
        for number, hydrant in enumerate(FIRE):  # one crew after the other: the pressure goes on falling
            town.water.fire_flow(hydrant, at_s + 12.0 * number, nozzle_mm=65, ramp_s=25.0)
        agent = AgentProcess(town.site_file, self.socket, self.folder / "agent.log")
        self._agent = await self._held.enter_async_context(agent)
        await self._agent.start()
        await self._agent.ready()
        self._keeper = asyncio.create_task(self._keep())

    def toggle_wire(self) -> None:
        """Cut the street's RS-485 pair, or join it again."""
        self.cut = not self.cut
        self._soon(self.town.cut if self.cut else self.town.mend)

    def toggle_platform(self) -> None:
        """Let the platform vanish, or come back."""
        self.platform_gone = not self.platform_gone
        work = self.town.stop_platform() if self.platform_gone else self.town.start_platform()
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def kill_agent(self) -> None:
        """kill -9; it is started again by itself."""
        if self.agent.running:
            self.kills += 1
            asyncio.run_coroutine_threadsafe(self.agent.kill(), self._loop)

    async def _keep(self) -> None:
        """Keep the agent running as systemd would, and count what it reads over all its lives."""
        while True:
            if not self.agent.running:
                self._before, self._now = self._sums(), (0, 0)
                await asyncio.sleep(RESTART_S)
                await self.agent.start()
                with contextlib.suppress(RuntimeError, TimeoutError):
                    await self.agent.ready()
            with contextlib.suppress(OSError, ValueError):
                await self._look()
                burning = self.elapsed_s > self.fire_at_s
                await self.brigade.look(self.town, self.agent, FIRE[0], burning=burning)
            self.account = running_account(self.town, *self._sums(), self.kills)
            await asyncio.sleep(0.5)

    async def _look(self) -> None:
        read = (await self.agent.ask("intake"))["readings"]
        status = await self.agent.ask("status")
        self._now = (read, status["journal"]["committed"])
        self.nests = status["nests"]

    def _sums(self) -> tuple[int, int]:
        return self._before[0] + self._now[0], self._before[1] + self._now[1]

    def finish(self) -> Account:
        """Mend everything, let what is committed arrive, stop the agent, and give the final account."""
        self._call(self._finish())
        return self.account

    async def _finish(self) -> None:
        """What is committed while the agent stops goes out at its next start: it gets one more if there is such."""
        await self._leave_alone()
        self.town.mend()
        await self.town.start_platform()
        for _ in range(2):
            if not self.agent.running:
                await self.agent.start()
            with contextlib.suppress(TimeoutError, RuntimeError, OSError, ValueError):
                await self.agent.ready()
                await self._arrived()
                await self._look()
            await self.agent.stop()
            self.account = final_account(self.town, self._sums()[0], self.kills)
            if not self.account.lost:
                return

    async def _arrived(self) -> None:
        """Wait until nothing is left to send, as long as it grows less."""
        waits: list[int] = []
        async with patient("what is left to send", ARRIVE_S, lambda: waits):
            while any(waits := [one["backlog"] for one in (await self.agent.ask("status"))["uplinks"]]):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    def close(self) -> None:
        """Take the town down, also one that only half stands."""
        if self._thread.is_alive():
            self._call(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        await self._leave_alone()
        await self._held.aclose()

    async def _leave_alone(self) -> None:
        """The agent is not started again any more."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    def _soon(self, work: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(work)

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this on the town's thread, after what came before; Ctrl-C ends it."""
        future = asyncio.run_coroutine_threadsafe(self._alone(work), self._loop)
        try:
            future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    async def _alone(self, work: Coroutine[Any, Any, None]) -> None:
        async with self._busy:
            await work
