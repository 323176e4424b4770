"""Gives a phase's standing orders, and withdraws those of the phase before."""

import asyncio
import logging
from collections.abc import Callable

from agent.flight.control.actions import Actions
from agent.flight.control.checkpoint import Checkpoint
from agent.flight.control.mission import Mission
from agent.flight.logbook.flight_log import FlightLog
from agent.flight.machine.table import STAYS, Do, Phase
from agent.flight.orders.eligibility import NO_MOTION
from drivers.outcome import Report
from protocols.reason import Reason

BEGINS = frozenset({Do.OPEN_COVER, Do.LAUNCH, Do.HOP_IN})
"""Begun only by a phase that is on the disk. Everything else brings something to its end, and waits for no card."""
_log = logging.getLogger(__name__)


class Executor:
    """`done` hears of each order's end, `failed` why a phase cannot go on."""

    def __init__(
        self,
        acts: Actions,
        log: FlightLog,
        keeper: Checkpoint,
        may_move: Callable[[], bool],
        done: Callable[[Do, Report], None],
        failed: Callable[[Reason | None], None],
    ) -> None:
        self._acts = acts
        self._log = log
        self._keeper = keeper
        self._may_move = may_move
        self._done = done
        self._failed = failed
        self._work: asyncio.Task[None] | None = None

    def begin(self, phase: Phase, mission: Mission | None, name: str) -> None:
        """Keep the phase, withdraw the last one's orders, give this one's."""
        before = self._work
        self._work = work = asyncio.create_task(self._carry_out(phase, mission, before), name=f"{name} {phase.value}")
        work.add_done_callback(self._ended)
        if before is not None:
            before.cancel()

    async def end(self) -> None:
        """The agent stops: withdraw what is running. An aircraft in the air flies on; its failsafe brings it home."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait({self._work})

    def _ended(self, work: asyncio.Task[None]) -> None:
        """A bug in carrying out an order is the order's failure, not the agent's end."""
        if not work.cancelled() and (bug := work.exception()) is not None:
            _log.error("%s failed", work.get_name(), exc_info=bug)
            if work is self._work:
                self._failed(Reason("flight.bug", error=type(bug).__name__, text=str(bug)))

    async def _carry_out(self, phase: Phase, mission: Mission | None, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        orders = frozenset(STAYS[phase].orders)
        keeping = self._keeper.keep(phase, mission, self._log.syncing())
        if orders & BEGINS and (trouble := await asyncio.shield(keeping)):
            self._failed(Reason("flight.phase_not_kept", why=trouble))
            return
        if orders and not self._may_move():
            self._failed(None if STAYS[phase].end else NO_MOTION)
        else:
            self._log.began(phase)
            async with asyncio.TaskGroup() as group:
                for order in STAYS[phase].orders:
                    group.create_task(self._give(phase, order))
        if STAYS[phase].end and Do.STOP_NEST in orders:
            self._log.close(phase)

    async def _give(self, phase: Phase, order: Do) -> None:
        def note(report: Report) -> None:
            self._log.note(
                "order",
                phase=phase.value,
                order=order.value,
                outcome=report.outcome.value,
                reason=report.reason,
                took_s=round(report.took_s, 2),
            )

        report = await self._acts.do(order, note)
        note(report)
        self._done(order, report)
