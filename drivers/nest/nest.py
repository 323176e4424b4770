"""A nest's PLC: read over and over, told one thing at a time, believed only by its switches."""

import asyncio
import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from drivers.nest.decode import decode, number
from drivers.nest.profile import MOVED, DoneWord, NestProfile, Told, Verb
from drivers.nest.registers import Registers
from drivers.nest.state import Cover, NestState, Rods
from drivers.nest.travel import Travel
from drivers.outcome import Outcome, Report
from protocols.clock import NowNs, boottime_ns
from protocols.errors import Refused, WireError
from protocols.reason import Reason, word

REPEAT_S = 2.0
"""A command register that shows nothing of the command by then has lost it: it is written once more."""
SETTLE_S = 2.0
"""How long the switches may take to agree after the PLC says done."""

Written = Callable[[Verb, int, list[int], Reason | None], None]
"""Told of each time a command was written: from which register on, what, and why that was not confirmed."""

REACHED: Mapping[Verb, Callable[[NestState], bool]] = MappingProxyType(
    {
        Verb.COVER_OPEN: lambda s: s.cover is Cover.OPEN,
        Verb.COVER_CLOSE: lambda s: s.cover is Cover.CLOSED,
        Verb.RODS_CLAMP: lambda s: s.rods is Rods.CLAMPED,
        Verb.RODS_FREE: lambda s: s.rods is Rods.FREE,
        Verb.NEST_OPEN: lambda s: s.cover is Cover.OPEN and s.rods is Rods.FREE,
        Verb.CHARGER_ON: lambda s: s.charger_on is True,
        Verb.CHARGER_OFF: lambda s: s.charger_on is False,
        Verb.LIGHT_ON: lambda s: s.light_on is True,
        Verb.LIGHT_OFF: lambda s: s.light_on is False,
        Verb.CLIMATE_ON: lambda s: s.climate_on is True,
        Verb.CLIMATE_OFF: lambda s: s.climate_on is False,
        Verb.STOP: lambda _: True,
    }
)


def _moving(state: NestState, motion: Verb) -> NestState:
    """What this motion moves stands at no end, wherever its switches see it; a doubt stays."""
    if "cover" in MOVED[motion] and state.cover is not Cover.ABNORMAL:
        state = replace(state, cover=Cover.MOVING)
    if "rods" in MOVED[motion] and state.rods is not Rods.ABNORMAL:
        state = replace(state, rods=Rods.MOVING)
    return state


class Nest:
    """`run()` reads for ever; `tell(verb)` ends with what the switches show. Reads go on while a command runs."""

    def __init__(self, registers: Registers, profile: NestProfile, now_ns: NowNs = boottime_ns) -> None:
        self.profile = profile
        self.state = NestState()
        self.now_ns = now_ns
        self.reads = 0
        self.misses = 0
        self.reason: Reason | None = Reason("nest.not_read_yet")
        self._registers = registers
        self._changed = asyncio.Event()
        self._words: dict[tuple[str, int], int] = {}
        self._count: float | None = None
        self._count_ns = 0
        self._alive = 0
        self._sequence = 0
        self._told: Verb | None = None
        self._told_ns = 0.0  # what was asked before this does not show what came of it
        least = {verb: word.least_s for verb, word in profile.commands.verbs.items()}
        self._cover = Travel(
            {Cover.OPEN: least[Verb.COVER_OPEN], Cover.CLOSED: least[Verb.COVER_CLOSE]},
            Cover.MOVING, Cover.ABNORMAL,
        )  # fmt: skip
        self._rods = Travel(
            {Rods.FREE: least[Verb.RODS_FREE], Rods.CLAMPED: least[Verb.RODS_CLAMP]},
            Rods.MOVING, Rods.ABNORMAL,
        )  # fmt: skip
        self._turn = asyncio.Lock()  # one command register: one command at a time, others wait for it

    @property
    def fresh(self) -> bool:
        """Whether the last whole read, and the PLC's own life sign, are new enough to act upon."""
        return self.state.age_s(self.now_ns()) <= self.profile.stale_after_s

    async def change(self) -> None:
        """Return after the next read."""
        await self._changed.wait()

    async def run(self) -> None:
        """Read, show that we live, and again, for ever. Wire trouble only makes the state old."""
        while True:
            try:
                await self._read()
                await self._show_alive()
            except WireError as error:
                self.misses += 1
                self.reason = error.reason
            self._changed.set()
            self._changed = asyncio.Event()
            await asyncio.sleep(self.profile.poll_s)

    async def _read(self) -> None:
        words: dict[tuple[str, int], int] = {}
        asked_ns = self.now_ns()
        for table, first, count in self.profile.blocks():
            values = await self._registers.read(table, first, count)
            words.update({(table, first + i): value for i, value in enumerate(values)})
        now = self.now_ns()
        count_now = number(words, self.profile.points["heartbeat"])
        if count_now != self._count:
            if self._count is not None:  # one value is no life sign, a change is
                self._count_ns = now
            self._count = count_now
        self._words = words
        self.state = self._believed(decode(self.profile, words, now, self._count_ns), asked_ns)
        self.reads += 1
        self.reason = None

    def _believed(self, shown: NestState, asked_ns: int) -> NestState:
        """What the switches show, without an end that cannot be, or that the PLC itself is moving towards or away from.

        A motion just begun stands at its old end yet: to believe that once closed a cover while the rods went free.
        """
        cover = self._cover.judge(shown.cover, asked_ns, shown.read_ns)
        rods = self._rods.judge(shown.rods, asked_ns, shown.read_ns)
        state = replace(shown, cover=cover, rods=rods, cover_doubt=self._cover.doubt, rods_doubt=self._rods.doubt)
        if asked_ns < self._told_ns:
            return replace(state, cover=self.state.cover, rods=self.state.rods)
        told = self._told
        if told is None or told not in MOVED or self._answer(told) != "running":
            return state
        return _moving(state, told)

    async def _show_alive(self) -> None:
        if self.profile.alive_register is not None:
            self._alive = self._alive % 65535 + 1
            await self._registers.write(self.profile.alive_register, [self._alive])

    async def tell(self, verb: Verb, written: Written = lambda *_: None) -> Report:
        """Bring the nest to the state `verb` names. Already there is done; unknown is never done."""
        word = self.profile.commands.verbs.get(verb)
        if word is None:
            return Report(Outcome.REFUSED, Reason("nest.no_such_verb", verb=Reason(verb.value)))
        if verb is Verb.STOP:
            return await self._tell(verb, word, written)
        async with self._turn:
            return await self._tell(verb, word, written)

    async def _tell(self, verb: Verb, word: Told, written: Written) -> Report:
        loop = asyncio.get_running_loop()
        start = loop.time()
        if not self.fresh:
            why = self.reason or Reason("stale")
            return Report(Outcome.REFUSED, Reason("nest.state_unknown", verb=Reason(verb.value), why=why))
        if verb is not Verb.STOP and REACHED[verb](self.state):
            return Report(Outcome.DONE, Reason("nest.already_so"))
        outcome, reason = await self._carry_out(verb, word.code, start + word.within_s, written)
        return Report(outcome, reason, loop.time() - start)

    async def _carry_out(
        self, verb: Verb, code: int, deadline: float, written: Written
    ) -> tuple[Outcome, Reason | None]:
        loop = asyncio.get_running_loop()
        self._sequence = self._sequence % 65535 + 1
        self._told, self._told_ns = verb, math.inf
        if verb in MOVED:
            self.state = _moving(self.state, verb)
        try:
            await self._write(verb, code, written)
        except Refused as error:
            return Outcome.REFUSED, error.reason
        finally:
            self._told_ns = self.now_ns()
        repeat_at, repeated, settle_at = loop.time() + REPEAT_S, False, 0.0
        since = self.state.read_ns
        while loop.time() < deadline:
            await self._next(deadline - loop.time())
            if not self.fresh or self.state.read_ns == since:
                continue
            answer = self._answer(verb)
            if REACHED[verb](self.state) and answer in {"done", "running"}:
                return Outcome.DONE, None
            if answer in {"failed", "refused"}:
                outcome = Outcome.FAILED if answer == "failed" else Outcome.REFUSED
                return outcome, Reason("nest.says", answer=word(answer))
            if answer == "done":
                settle_at = settle_at or loop.time() + SETTLE_S
                if loop.time() > settle_at:
                    return Outcome.FAILED, Reason("nest.switches_contradict")
            if answer == "lost" and not repeated and loop.time() > repeat_at:
                repeated = True
                await self._write(verb, code, written)
        if REACHED[verb](self.state) and self.fresh:
            return Outcome.DONE, Reason("nest.by_switches")
        if not self.fresh:
            why = self.reason or Reason("nest.program_stands_still")
            return Outcome.UNKNOWN, Reason("nest.stopped_answering", why=why)
        return Outcome.FAILED, self._where()

    def _where(self) -> Reason:
        state = self.state
        if doubt := state.cover_doubt or state.rods_doubt:
            return doubt
        return Reason("nest.where", cover=state.cover.told, rods=state.rods.told)

    async def _write(self, verb: Verb, code: int, written: Written) -> None:
        commands = self.profile.commands
        values = [code] if isinstance(commands, DoneWord) else [code, self._sequence]
        why: Reason | None = None
        try:
            await self._registers.write(commands.register_at, values)
        except Refused as error:
            why = error.reason
            raise
        except WireError as error:
            why = self.reason = error.reason  # it may have arrived; reading back decides
        finally:
            written(verb, commands.register_at, values, why)

    def _answer(self, verb: Verb) -> str:
        commands = self.profile.commands
        if isinstance(commands, DoneWord):
            told = commands.verbs[verb]
            word = self._words.get(("holding", commands.register_at))
            return {told.code: "running", told.done: "done", told.failed: "failed"}.get(word, "lost")
        if self._words.get(("holding", commands.answer_register)) != self._sequence:
            return "lost"
        result = self._words.get(("holding", commands.answer_register + 1))
        meaning = {commands.running: "running", commands.done: "done", commands.failed: "failed"}
        return meaning.get(result or 0, "refused" if result == commands.refused else "running")

    async def _next(self, within_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(within_s, 1.0)):
                await self.change()
